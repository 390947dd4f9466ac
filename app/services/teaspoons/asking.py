"""Asking the API: paths, the token, and what is asked once only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from app.domain.problem import Kind, problem
from app.services.border import border
from app.services.contract import Connection
from app.services.teaspoons.problems import SIGN_IN_AGAIN, object_of
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker, Question
from app.transport.reply import Reply

LIST_READ_S = 60.0


def bearer(token: SecretStr | None) -> dict[str, str]:
    """The header that carries the token; raises ProblemError (sign-in) for none or a broken one."""
    text = token.get_secret_value().strip() if token else ""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        what = "The text that is kept as a token is none" if text else "This service has to know who asks"
        raise problem(Kind.SIGN_IN, "You are not signed in", what, SIGN_IN_AGAIN)
    return {"Authorization": f"Bearer {text}"}


class Api:
    """The calls that the family makes; each gives the answer or its object, or raises ProblemError."""

    def __init__(self, looker: Looker) -> None:
        self.looker = looker

    async def version(self, connection: Connection) -> Reply:
        """What runs there; anybody may ask."""
        return await self._ask(connection, "/version", signed=False)

    async def terms(self, connection: Connection) -> str:
        """The text of the terms of service, empty where it is not given out."""
        reply = await self._ask(connection, "/docs?docType=termsOfService", signed=False)
        if reply.status in {400, 404}:
            return ""
        if not reply.ok:
            object_of(reply)
        return reply.text()

    async def pipelines(self, connection: Connection) -> Reply:
        """All pipelines."""
        return await self._ask(connection, "/api/pipelines/v1")

    async def pipeline(self, connection: Connection, name: str, version: int | None) -> dict[str, Any]:
        """One pipeline with its inputs; asking is a POST that changes nothing."""
        body = {"pipelineVersion": version} if version is not None else {}
        return object_of(await self._ask(connection, f"/api/pipelines/v1/{_part(name)}", json=body), name)

    async def quota(self, connection: Connection, name: str) -> dict[str, Any]:
        """What the user used of a pipeline."""
        return object_of(await self._ask(connection, f"/api/quotas/v1/{_part(name)}"), name)

    async def prepare(self, connection: Connection, body: Mapping[str, object]) -> Reply:
        """Prepare a run; asked once."""
        path = "/api/pipelineruns/v3/prepare"
        return await self._ask(connection, path, json=body, attempts=1, read_s=LIST_READ_S)

    async def start(self, connection: Connection, run_id: str) -> Reply:
        """Start a prepared run; asked once."""
        body = {"jobControl": {"id": run_id}}
        path = "/api/pipelineruns/v1/start"
        return await self._ask(connection, path, json=body, attempts=1, read_s=LIST_READ_S)

    async def page(self, connection: Connection, number: int, size: int) -> dict[str, Any]:
        """A page of the list of runs, the newest first; never repeated by itself, lists are spaced."""
        query = urlencode({"pageNumber": number, "pageSize": size})
        path = f"/api/pipelineruns/v2/pipelineruns?{query}"
        reply = await self._ask(connection, path, attempts=1, read_s=LIST_READ_S)
        return object_of(reply, origin(connection.base_url))

    async def result(self, connection: Connection, run_id: str) -> Reply:
        """One run."""
        return await self._ask(connection, f"/api/pipelineruns/v3/result/{_part(run_id)}")

    async def signed_urls(self, connection: Connection, run_id: str) -> dict[str, Any]:
        """Short-lived addresses of the outputs of a run."""
        path = f"/api/pipelineruns/v2/result/{_part(run_id)}/output/signed-urls"
        return object_of(await self._ask(connection, path), run_id)

    async def _ask(
        self,
        connection: Connection,
        path: str,
        *,
        signed: bool = True,
        json: Mapping[str, object] | None = None,
        attempts: int = 3,
        read_s: float = 15.0,
    ) -> Reply:
        refuse_plain_http(connection.base_url, allowed=connection.plain_http_allowed)
        headers = bearer(connection.token) if signed else {}
        url = connection.base_url + path
        with border(origin(url)):
            return await self.looker.ask(Question(url, headers, None, attempts, read_s, json))


def _part(text: str) -> str:
    return quote(text, safe="")
