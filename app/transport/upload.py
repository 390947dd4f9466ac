"""Sending a form with files: constant memory, exact length, and a seal before the last bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from app.domain.progress import Report
from app.transport.confined import sending_to
from app.transport.multipart import Multipart
from app.transport.rate import Meter
from app.transport.reply import Reply
from app.transport.wire import PIECE, EarlyAnswerError, Wire, reply_of
from app.transport.worker import Worker

ANSWER_S = 900.0
"""A server may first copy and hash what it got."""
STALL_S = 120.0


@dataclass(frozen=True)
class Upload:
    """Where a body goes; `headers` hold the token. The limits are seconds without any movement."""

    url: str
    body: Multipart
    headers: Mapping[str, str] = field(default_factory=dict)
    stall_s: float = STALL_S
    answer_s: float = ANSWER_S


async def upload(order: Upload, report: Report, seal: Callable[[], Awaitable[None]]) -> Reply:
    """Send the body once and return the answer, whatever its status.

    `seal` is awaited when the system's socket has taken everything but the closing boundary. An answer
    that comes earlier ends the sending and is returned without the seal. `report` is called in the
    event loop. Raises ProblemError for a file that changed, and OSError, HTTPException or StoppedError
    for the connection; cancelling stops within a fraction of a second.
    """
    async with sending_to(order.url):
        return await _upload(order, report, seal)


async def _upload(order: Upload, report: Report, seal: Callable[[], Awaitable[None]]) -> Reply:
    wire = Wire(order.url, stall_s=order.stall_s)
    worker = Worker("upload")
    sender = _Sender(wire, order, report)
    try:
        early = await worker.call(sender.send_body)
        if early is not None:
            return early
        await seal()
        return await worker.call(sender.finish)
    finally:
        wire.stop()
        worker.submit(wire.close)
        await asyncio.shield(worker.stop())


class _Sender:
    """What runs in the thread."""

    def __init__(self, wire: Wire, order: Upload, report: Report) -> None:
        self._wire = wire
        self._order = order
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._meter = Meter(order.body.content_length, "Sending")

    def send_body(self) -> Reply | None:
        """Everything but the tail; an early answer if the server gave one."""
        body = self._order.body
        self._wire.open()
        head = {"Content-Type": body.content_type, "Content-Length": str(body.content_length)}
        try:
            self._wire.send_head("POST", {**self._order.headers, **head, "Accept": "application/json"})
            with closing(body.pieces(bytearray(PIECE))) as pieces:
                for piece in pieces:
                    self._wire.send(piece)
                    if self._meter.add(len(piece)):
                        self._tell()
            self._wire.send(b"")
        except EarlyAnswerError:
            return reply_of(self._wire.answer(stall_s=10.0))
        return None

    def finish(self) -> Reply:
        """The tail, and the answer."""
        try:
            self._wire.send(self._order.body.tail)
            self._meter.add(len(self._order.body.tail))
            self._tell()
        except EarlyAnswerError:
            return reply_of(self._wire.answer(stall_s=10.0))
        return reply_of(self._wire.answer(stall_s=self._order.answer_s))

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._report, self._meter.progress())
