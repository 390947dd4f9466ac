"""Receiving a file: one request, pieces of 1 MiB, no faster than they are used."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

from app.transport.confined import receives_from
from app.transport.reply import SMALL_BODY, Reply
from app.transport.wire import PIECE, Wire, reply_of
from app.transport.worker import Worker

STALL_S = 120.0


class ShortAnswerError(Exception):
    """A body ended before its announced end."""


class Incoming:
    """An open answer: status and headers are here, the body waits in the socket."""

    def __init__(self, wire: Wire, worker: Worker, response: http.client.HTTPResponse) -> None:
        self._worker = worker
        self._response = response
        self.url = wire.url
        self.status = response.status
        self.headers: dict[str, str] = {}
        for name, value in response.getheaders():  # one that comes twice is a list (RFC 9110, 5.3)
            known = self.headers.get(name.lower())
            self.headers[name.lower()] = value if known is None else f"{known}, {value}"
        self.length = response.length

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body; the next piece is read while this one is used, and no more than that.

        Raises ShortAnswerError, OSError or HTTPException when it breaks off.
        """
        received = 0
        ahead = self._worker.submit(self._read)
        while piece := await ahead:
            received += len(piece)
            ahead = self._worker.submit(self._read)
            yield piece
        if self.length is not None and received < self.length:
            raise ShortAnswerError(f"{received} of {self.length} bytes came")

    def _read(self) -> bytes:
        return self._response.read(PIECE)

    async def whole(self, most: int = SMALL_BODY) -> Reply:
        """The answer as a small one, for redirects and messages of errors."""
        return await self._worker.call(lambda: reply_of(self._response, most))


@asynccontextmanager
async def incoming(
    url: str, headers: Mapping[str, str], *, stall_s: float = STALL_S
) -> AsyncIterator[Incoming]:
    """Ask once for an address, follow nothing, repeat nothing. Leaving closes the connection at once."""
    wire = Wire(url, stall_s=stall_s)
    worker = Worker("download")

    def start() -> http.client.HTTPResponse:
        wire.open()
        wire.send_head("GET", {"Accept": "*/*", "Accept-Encoding": "identity", **headers})
        return wire.answer()

    response: http.client.HTTPResponse | None = None
    try:
        response = await worker.call(start)
        receives_from(url)
        yield Incoming(wire, worker, response)
    finally:
        wire.stop()
        worker.submit(lambda: _close(wire, response))
        await asyncio.shield(worker.stop())


def _close(wire: Wire, response: http.client.HTTPResponse | None) -> None:
    if response is not None:
        response.close()
    wire.close()
