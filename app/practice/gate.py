"""What stands before all routes: loopback only, the request log, and faults of the network and of a proxy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.practice.answers import proxy_page
from app.practice.context import Context, LoggedRequest

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_Line = tuple[tuple[str, int] | None, tuple[str, int | None] | None]
_open: dict[_Line, asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """Keeps its connection findable, so that a fault can cut it off."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a server needs a transport that reads and writes")
        super().connection_made(transport)
        _open[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop((self.client, self.server), None)
        super().connection_lost(exc)


async def cut_connection(scope: Scope, *, after_sending: bool = False) -> None:
    """Cut a connection off: at once, or once everything written so far has left. Returns when it is gone."""
    line = (scope["client"], scope["server"])
    transport = _open.get(line)
    if transport is None:
        return
    if after_sending:
        transport.close()
    else:
        transport.abort()
    for _ in range(2000):
        if line not in _open:
            return
        await asyncio.sleep(0.005)


class Gate:
    """The outermost layer of the server."""

    def __init__(self, inner: ASGIApp, context: Context) -> None:
        self._inner = inner
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        entry = _Entry(self._context, scope, headers)
        try:
            if not _local(headers):
                refusal = PlainTextResponse("This server is for this computer only.", status_code=403)
                await refusal(scope, receive, entry.watch(send))
            elif not await self._fault(scope, receive, entry.watch(send), headers):
                await self._inner(scope, receive, entry.watch(send))
        finally:
            entry.write()

    async def _fault(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> bool:
        """Do what a fault says; True when the request is answered, or cut off."""
        faults = self._context.faults
        path = scope["path"]
        if path.startswith("/practice/") or not path.startswith(faults.path):
            return False
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        if faults.take("drop_connection"):
            await cut_connection(scope)
            return True
        answer = None
        if faults.take("bad_gateway"):
            answer = proxy_page(502, "Bad Gateway")
        elif _has_body(headers) and faults.take("too_large"):
            answer = proxy_page(413, "Request Entity Too Large")
        elif faults.take("busy"):
            answer = PlainTextResponse("Too Many Requests", status_code=429)
            answer.headers["retry-after"] = str(faults.retry_after_s)
        if answer is None:
            return False
        await answer(scope, receive, send)
        return True


class _Entry:
    """Collects one line of the request log."""

    def __init__(self, context: Context, scope: Scope, headers: Headers) -> None:
        self._context = context
        self._scope = scope
        self._headers = headers
        self._status = 0
        self._written = False
        self._at = time.time()

    def watch(self, send: Send) -> Callable[[Message], Any]:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                self.write()  # before the client can know: whoever has the answer finds the line
            await send(message)

        return watched

    def write(self) -> None:
        """Add the line, once."""
        path = self._scope["path"]
        if self._written or path.startswith("/practice/"):
            return
        self._written = True
        entry = LoggedRequest(
            method=self._scope["method"],
            path=path,
            query=self._scope.get("query_string", b"").decode("latin-1"),
            status=self._status,
            at=self._at,
            user_agent=self._headers.get("user-agent", ""),
            authorised="x-auth-token" in self._headers,
            byte_range=self._headers.get("range", ""),
        )
        self._context.requests.add(entry)


def _local(headers: Headers) -> bool:
    """Whether the address asked for is this computer: keeps web pages of strangers out."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name.lower() in LOOPBACK_NAMES


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
