"""Finding where a server answers, and asking it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from app.services.border import border, unreadable
from app.services.contract import Connection
from app.services.wes.dialect import looks_like_wes
from app.services.wes.node import Node, read_node
from app.services.wes.problems import no_service, problem_of, refuse_failure
from app.services.wes.setup import auth_headers
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker, Question
from app.transport.reply import Reply

API_PATHS = ("", "/ga4gh/wes/v1", "/api/ga4gh/wes/v1")
INFO = "/service-info"
LIST_READ_S = 60.0
INFO_READ_S = 60.0
"""Some ask their engine for its version each time."""
_FRESH_S = 600.0
_TAIL = re.compile(r"/(service-info|runs)/?$")


def bases(base_url: str) -> tuple[str, ...]:
    """Where a server may answer, for an address that a person pasted: host, base or service-info."""
    bare = _TAIL.sub("", base_url.rstrip("/"))
    if bare.endswith("/ga4gh/wes/v1"):
        return (bare,)
    return tuple(bare + path for path in API_PATHS)


class Asker:
    """Asks servers; remembers for ten minutes where each one answered and what it said of itself."""

    def __init__(self, looker: Looker, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.looker = looker
        self.sleep = sleep
        self._nodes: dict[tuple[str, str], tuple[float, Node]] = {}
        self._first: dict[str, float] = {}

    def since_first(self, what: str) -> float:
        """Seconds since this question was put for the first time."""
        now = time.monotonic()
        return now - self._first.setdefault(what, now)

    async def node(self, connection: Connection, *, fresh: bool = False) -> Node:
        """The server of a connection; ProblemError (not found) when nothing there speaks WES."""
        who = (connection.base_url, _who(connection))
        known = self._nodes.get(who)
        if known is not None and not fresh and time.monotonic() - known[0] < _FRESH_S:
            return known[1]
        node = await self._found(connection, known[1].base if known is not None else None)
        self._nodes[who] = (time.monotonic(), node)
        return node

    def known_base(self, connection: Connection) -> str | None:
        """Where the server answered last, if it was asked before."""
        known = self._nodes.get((connection.base_url, _who(connection)))
        return known[1].base if known is not None else None

    async def _found(self, connection: Connection, base: str | None) -> Node:
        first: Reply | None = None
        for candidate in (base,) if base is not None else bases(connection.base_url):
            reply = await self.get(connection, candidate + INFO, read_s=INFO_READ_S)
            if reply.ok and looks_like_wes(reply.json):
                return await asyncio.to_thread(read_node, candidate, reply.json)
            if first is None or first.status == 404:
                first = reply
        assert first is not None
        if first.status in {401, 403, 429} or first.status >= 500:
            raise problem_of(first, origin(connection.base_url))
        raise no_service(first.status, origin(connection.base_url))

    async def get(
        self, connection: Connection, url: str, *, attempts: int = 3, read_s: float = 10.0
    ) -> Reply:
        """The answer to a GET, whatever its status, with our token if it is the service itself."""
        return await self._ask(connection, url, None, attempts, read_s)

    async def post(self, connection: Connection, url: str) -> Reply:
        """The answer to a POST without a body; it is never repeated."""
        return await self._ask(connection, url, {}, 1, 30.0)

    async def _ask(
        self, connection: Connection, url: str, form: dict[str, str] | None, attempts: int, read_s: float
    ) -> Reply:
        refuse_plain_http(url, allowed=connection.plain_http_allowed)
        headers = auth_headers(connection) if origin(url) == origin(connection.base_url) else {}
        with border(origin(url)):
            return await self.looker.ask(Question(url, headers, form, attempts, read_s))

    async def __call__(self, url: str, headers: dict[str, str]) -> Reply:
        """The answer to a GET with the headers of the caller's choice."""
        with border(origin(url)):
            return await self.looker.ask(Question(url, headers))

    async def json(self, connection: Connection, url: str, subject: str, **how: Any) -> Any:
        """The JSON of an answer; raises for a refusal and for anything else."""
        reply = await self.get(connection, url, **how)
        refuse_failure(reply, subject)
        told = reply.json
        if not isinstance(told, dict | list):
            raise unreadable(reply, subject)
        return told


def _who(connection: Connection) -> str:
    return sha256(repr(sorted(auth_headers(connection).items())).encode()).hexdigest()
