"""Sending one file, or the rest of it, by PUT: constant memory, and only the file that was checked.

Object stores take a file either in one request or in a session that goes on where it was cut. Source of the
session: Google Cloud Storage, resumable uploads (Content-Range, status 308, Range).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.transport.confined import sending_to
from app.transport.rate import Meter
from app.transport.reply import Reply
from app.transport.wire import PIECE, EarlyAnswerError, Wire, reply_of
from app.transport.worker import Worker

STALL_S = 120.0
ANSWER_S = 900.0


@dataclass(frozen=True)
class PutFile:
    """Where a file goes. `offset` > 0 sends the rest of it; `ranged` says so in a Content-Range header."""

    url: str
    file: DataFile
    offset: int = 0
    ranged: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    stall_s: float = STALL_S
    answer_s: float = ANSWER_S

    def head(self) -> dict[str, str]:
        """All headers of the request."""
        length = self.file.size - self.offset
        head = {**self.headers, "Content-Length": str(length), "Accept": "*/*"}
        if self.ranged:
            last = f"{self.offset}-{self.file.size - 1}" if length else "*"
            head["Content-Range"] = f"bytes {last}/{self.file.size}"
        return head


async def put_file(order: PutFile, report: Report) -> Reply:
    """Send the bytes once and return the answer, whatever its status; an early answer ends the sending.

    Raises ProblemError for a file that is not, or no longer, the one that was checked, and OSError,
    HTTPException or StoppedError for the connection. Cancelling stops within a fraction of a second.
    """
    async with sending_to(order.url):
        return await _put(order, report)


async def _put(order: PutFile, report: Report) -> Reply:
    wire = Wire(order.url, stall_s=order.stall_s)
    worker = Worker("put")
    loop = asyncio.get_running_loop()
    meter = Meter(order.file.size, "Sending", order.offset)

    def tell() -> None:
        loop.call_soon_threadsafe(report, meter.progress())

    def send() -> Reply:
        with closing(_opened(order.file)) as handle:
            wire.open()
            try:
                wire.send_head("PUT", order.head())
                for piece in _pieces(handle, order):
                    wire.send(piece)
                    if meter.add(len(piece)):
                        tell()
            except EarlyAnswerError:
                return reply_of(wire.answer(stall_s=10.0))
            tell()
            return reply_of(wire.answer(stall_s=order.answer_s))

    try:
        return await worker.call(send)
    finally:
        wire.stop()
        worker.submit(wire.close)
        await asyncio.shield(worker.stop())


async def ask_session(url: str, size: int) -> Reply:
    """Ask an upload session how much it has: status 308 with a Range header, or a success when it has all."""
    return await _small("PUT", url, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})


async def begin_session(url: str, content_type: str) -> Reply:
    """Begin a session by a signed POST; the answer names its address in the Location header."""
    headers = {"Content-Type": content_type, "x-goog-resumable": "start", "Content-Length": "0"}
    return await _small("POST", url, headers)


async def _small(method: str, url: str, headers: Mapping[str, str]) -> Reply:
    wire = Wire(url)
    worker = Worker("session")

    def ask() -> Reply:
        wire.open()
        wire.send_head(method, {"Accept": "*/*", **headers})
        return reply_of(wire.answer(stall_s=60.0))

    try:
        return await worker.call(ask)
    finally:
        wire.stop()
        worker.submit(wire.close)
        await asyncio.shield(worker.stop())


def bytes_held(reply: Reply, size: int) -> int | None:
    """How many bytes a session says that it has; None when the answer is none of a session."""
    if reply.ok:
        return size
    if reply.status != 308:
        return None
    told = re.fullmatch(r"bytes=0-(\d+)", reply.headers.get("range", "").strip())
    return int(told[1]) + 1 if told else 0


def _opened(file: DataFile) -> IO[bytes]:
    try:
        handle = open(file.path, "rb", buffering=0)  # noqa: SIM115 - closed by its owner
    except OSError as error:
        kind = Kind.INPUT if isinstance(error, FileNotFoundError | PermissionError) else Kind.DISK
        what = f"{file.name}: {error.strerror or 'reading failed'}"
        raise problem(kind, "A file cannot be read", what, "Put it back", subject=file.name) from error
    try:
        _refuse_changed(handle, file)
    except ProblemError:
        handle.close()
        raise
    return handle


def _refuse_changed(handle: IO[bytes], file: DataFile) -> None:
    seen = os.fstat(handle.fileno())
    if (seen.st_size, seen.st_mtime_ns) != (file.size, file.modified or seen.st_mtime_ns):
        raise problem(
            Kind.INPUT,
            "A file has changed",
            f"{file.name} is no longer the file that was checked, so it was not sent",
            "Check the dataset again and send it then",
            subject=file.name,
        )


def _pieces(handle: IO[bytes], order: PutFile) -> Iterator[memoryview]:
    """The bytes from the offset on; the last piece leaves only when the file is still the same."""
    buffer = bytearray(PIECE)
    view, left = memoryview(buffer), order.file.size - order.offset
    handle.seek(order.offset)
    while left:
        count = handle.readinto(view[: min(left, PIECE)])  # type: ignore[attr-defined]
        if not count:
            _refuse_changed(handle, order.file)
            raise problem(Kind.DISK, "A file cannot be read", f"{order.file.name} ended early")
        left -= count
        if not left:
            _refuse_changed(handle, order.file)
        yield view[:count]
