"""Requests to a described service: where they go, and what goes along.

The token goes to addresses below that of the service and nowhere else, whatever an answer says.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.services.border import border
from app.services.contract import Connection
from app.services.described.answers import text
from app.services.described.call import Call
from app.services.described.description import Auth, Watched
from app.services.described.marks import Values, filled, path_of
from app.services.described.problems import data_of, problem_of
from app.transport.address import origin, redirected, refuse_plain_http, refuse_redirect
from app.transport.client import Looker, Question
from app.transport.reply import Reply


def auth_headers(auth: Auth, token: SecretStr | None) -> dict[str, str]:
    """The header that carries the token. ProblemError (sign-in) for none or a broken one."""
    if auth.kind == "none":
        return {}
    secret = token.get_secret_value().strip() if token is not None else ""
    if not secret:
        raise problem(
            Kind.SIGN_IN,
            "No token",
            "This service needs a token to know who asks",
            auth.help or "Make one at the service and paste it here",
        )
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        what = "The text holds blanks or characters that no token has"
        raise problem(Kind.SIGN_IN, "This is not a token", what, "Copy it again from the service")
    if auth.kind == "header":
        return {auth.header: f"{auth.prefix} {secret}" if auth.prefix else secret}
    if auth.kind == "basic":
        return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode('ascii')}"}
    return {"Authorization": f"Bearer {secret}"}


class Line:
    """One connection with its description: asks, and knows where the token may go."""

    def __init__(self, connection: Connection, description: Watched, looker: Looker) -> None:
        self.connection = connection
        self.description = description
        self._looker = looker
        self.base = connection.base_url.rstrip("/") + description.base_path.rstrip("/")

    def headers(self, *, signed: bool = True) -> dict[str, str]:
        """All headers of a request to the service itself."""
        mine = auth_headers(self.description.auth, self.connection.token) if signed else {}
        return {**self.description.headers, **mine}

    def headers_for(self, url: str) -> dict[str, str]:
        """The headers for an address that the service named: with the token only at its own origin."""
        return self.headers() if origin(url) == origin(self.base) else {}

    def named(self, address: str) -> str:
        """An address that an answer named, whole. ProblemError (refused) for an unsafe one."""
        with border(origin(self.base)):
            try:
                target = redirected(self.base + "/", urljoin(self.base + "/", address))
            except ValueError:
                raise _strange(self.base) from None
        refuse_redirect(self.base, target, allowed=self.connection.plain_http_allowed)
        return target

    def address(self, call: Call, **places: str) -> str:
        """Where a call goes."""
        return self.base + path_of(call, **places)

    async def ask(
        self,
        call: Call,
        values: Values | None = None,
        *,
        signed: bool = True,
        url: str | None = None,
        read_s: float = 10.0,
        **places: str,
    ) -> Reply:
        """The answer to a call, whatever its status; only a get is ever repeated."""
        target = url or self.address(call, **places)
        refuse_plain_http(target, allowed=self.connection.plain_http_allowed)
        body: Mapping[str, Any] | None = None
        if call.body is not None:
            body = filled(call.body, values or Values(remote_id=places.get("id", "")))
        with border(origin(target)):
            return await self._looker.ask(
                Question(
                    target,
                    self.headers(signed=signed),
                    attempts=3 if call.method == "GET" else 1,
                    read_s=read_s,
                    json=body,
                    method=call.method,
                )
            )

    async def data(self, call: Call, values: Values | None = None, **how: Any) -> Any:
        """The JSON of an answer that is a success. ProblemError."""
        return self.success(await self.ask(call, values, **how), origin(self.base))

    def success(self, reply: Reply, subject: str) -> Any:
        """The JSON of an answer, if it is a success also by its own words. ProblemError."""
        said = text(reply.json, self.description.refusal)
        if said and said != "false":
            raise problem_of(reply, subject, said)
        return data_of(reply, subject)

    async def done(self, call: Call, values: Values | None = None, **how: Any) -> None:
        """A call whose answer says no more than that it was done. ProblemError."""
        reply = await self.ask(call, values, **how)
        said = text(reply.json, self.description.refusal)
        if not reply.ok or (said and said != "false"):
            raise problem_of(reply, origin(self.base), said)


def _strange(base: str) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The service names an address that is none",
        "It is no web address",
        "Tell the operator of the service",
        subject=origin(base),
    )
