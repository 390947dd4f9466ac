"""Download one result file, never asking for more than is needed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import deque
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from pydantic import SecretStr

from app.domain.job import FileState, JobFile
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.progress import Progress, Report
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.disk_trouble import disk_trouble
from app.operations.mark_file import mark_file
from app.operations.tasks import TaskKind
from app.operations.unpack import is_archive, is_whole_archive
from app.services.contract import Download, KnowsChecksum, RemoteFile

TRIES = 3
PAUSE_S = 2.0
RATE_OVER_S = 5.0
LONGEST_NAME = 200  # bytes of one part of a path; file systems allow 255, and we add endings


class Fetched(NamedTuple):
    """A whole file, and the MD5 (hexadecimal) that the server told while it was sent."""

    path: Path
    md5: str | None = None


async def fetch_file(
    desk: Desk,
    service: Service,
    job_id: str,
    remote: RemoteFile,
    folder: Path,
    current: JobFile,
    *,
    unattended: bool = False,
) -> Fetched:
    """The whole file in `folder`; downloads it only when it is not there yet.

    With `unattended` nothing is downloaded a second time, and the last allowed download is not spent on
    another try: a person decides that.
    """
    target = safe_target(folder, remote.file.name)
    part = target.with_name(target.name + ".part")
    if await asyncio.to_thread(_is_there, target, part, current):
        return Fetched(target)
    if _came_whole(current):
        if unattended:
            raise _not_twice(remote.file)
        await mark_file(desk, job_id, remote.file, FileState.REMOTE)
    transfer = _Transfer(desk, service, job_id, remote, part, unattended)
    with desk.tasks.running_task(TaskKind.DOWNLOAD, remote.file.name, job_id=job_id) as task:
        md5 = await transfer.run(current, task.report)
    await asyncio.to_thread(_take, part, target)
    return Fetched(target, md5)


def _came_whole(current: JobFile) -> bool:
    return current.state in {FileState.FETCHED, FileState.FAILED} and current.bytes is not None


def _is_there(target: Path, part: Path, current: JobFile) -> bool:
    """Whether the file is here, be it as a whole archive under the name of a part; makes its folder."""
    with disk_trouble(target):
        if _came_whole(current) and target.is_file() and target.stat().st_size == current.bytes:
            return True
        if is_archive(target) and part.is_file() and is_whole_archive(part):
            os.replace(part, target)
            return True
        if is_archive(target) and is_whole_archive(target):  # the program ended before that was written down
            return True
        target.parent.mkdir(parents=True, exist_ok=True)
        return False


_PORTS = (f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *_PORTS})
"""Names of devices on Windows, with any ending; refused everywhere, so that results can be moved there."""


def safe_target(folder: Path, name: str) -> Path:
    """Where a file of that name goes; a name that leads out of the folder or is too long is refused."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bad = not parts or any(p in {"..", "/", "."} or ":" in p or "\0" in p for p in parts)
    if bad or name.startswith("/"):
        raise _refused(name, "A file name that leads elsewhere")
    if any(len(p.encode(errors="replace")) > LONGEST_NAME for p in parts):
        raise _refused(name, "A file name that is too long")
    if any(p.endswith((".", " ")) or p.partition(".")[0].rstrip().upper() in _DEVICES for p in parts):
        raise _refused(name, "A file name that Windows keeps for itself")
    return folder.joinpath(*parts)


def _refused(name: str, title: str) -> ProblemError:
    return problem(
        Kind.REFUSED,
        title,
        f"The server offers a file called '{name[:80]}'; it is not fetched.",
        "Tell the operator of the service.",
        subject=name[:80],
    )


def _not_twice(file: JobFile) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file came once already",
        f"{file.name} was damaged, or it is not in the folder any more.",
        "Fetch the result again; this uses up one of the downloads.",
        subject=file.name,
    )


def _last_one(file: JobFile) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The last download is left to you",
        f"An earlier try for {file.name} was cut. 1 download is left for {file.name}.",
        "Fetch the result when the connection is good.",
        subject=file.name,
    )


def _take(part: Path, target: Path) -> None:
    with disk_trouble(target):
        os.replace(part, target)


class _Transfer:
    """One file on its way, over as many requests as are allowed and sensible."""

    def __init__(
        self, desk: Desk, service: Service, job_id: str, remote: RemoteFile, part: Path, unattended: bool
    ) -> None:
        self._desk, self._service, self._job_id = desk, service, job_id
        self._remote, self._part, self._unattended = remote, part, unattended
        self._left: int | None = None
        self._spent = 0
        self._md5: str | None = None

    async def run(self, current: JobFile, report: Report) -> str | None:
        """Try again after a cut: for nothing with a resume address, else while downloads are to spare."""
        self._left = current.downloads_left
        tried = current.state is FileState.FAILED or await asyncio.to_thread(self._part.exists)
        failures = 0
        while True:
            offset, resume = await self._rest()
            if resume is None and tried and self._unattended and self._left == 1:
                raise _last_one(self._remote.file)
            try:
                await self._once(offset, resume, report)
                return self._md5
            except ProblemError as error:
                tried = True
                lapsed = resume is not None and error.problem.kind is Kind.NOT_FOUND
                if lapsed:  # the short-lived address; a fresh request may still do
                    self._desk.resumes.keep(self._job_id, self._part, None)
                elif not error.problem.retry:
                    raise
                failures += not lapsed
                if failures == TRIES or not await self._worth_another():
                    raise ProblemError(_with_count(error.problem, self._remote.file, self._left)) from error
            await self._desk.pause(PAUSE_S * max(failures, 1))

    async def _rest(self) -> tuple[int, SecretStr | None]:
        """Where to go on, and the address for it; 0 and None for a fresh request."""
        resume = self._desk.resumes.of(self._job_id, self._part)
        there = await asyncio.to_thread(_bytes_there, self._part) if resume is not None else 0
        return (there, resume) if there else (0, None)

    async def _worth_another(self) -> bool:
        # A fresh request costs a download; the last one is the user's to spend, and only once a call.
        if (await self._rest())[1] is not None or self._left is None or self._left < 0 or self._left > 1:
            return True
        return self._left == 1 and not self._spent

    async def _once(self, offset: int, resume: SecretStr | None, report: Report) -> None:
        if resume is None:
            self._spent += 1
        connection = await self._desk.connection(self._service)
        try:
            async with self._desk.family(self._service).download(
                connection, self._remote, offset, resume
            ) as (download, again):
                self._desk.resumes.keep(self._job_id, self._part, again)
                self._md5 = download.md5 if download.offset == 0 else self._md5
                await _receive(download, self._part, size_of(self._remote.file.size_text), report, again)
                await self._compare(download)
        except ProblemError:
            if resume is None and self._left is not None and self._left > 0:
                self._left -= 1
            raise
        self._desk.resumes.keep(self._job_id, self._part, None)

    async def _compare(self, download: Download) -> None:
        """The whole of a file that came in parts, with the checksum that the service told of it."""
        told = download.checksum if isinstance(download, KnowsChecksum) else None
        if told is None or not download.offset or await asyncio.to_thread(_has_sum, self._part, *told):
            return
        self._desk.resumes.keep(self._job_id, self._part, None)
        raise problem(
            Kind.NO_NETWORK,
            "The file came damaged",
            f"{self._remote.file.name}: its {told[0].upper()} is not the one that the service tells",
            "It is fetched from its start by itself; if that does not help, ask the service",
            subject=self._remote.file.name,
        )


def _has_sum(part: Path, kind: str, value: str) -> bool:
    with disk_trouble(part), part.open("rb") as file:
        return (
            hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest() == value
        )


def _bytes_there(part: Path) -> int:
    with disk_trouble(part):
        return part.stat().st_size if part.exists() else 0


def _with_count(why: Problem, file: JobFile, left: int | None) -> Problem:
    if left is None or left < 0:
        return why
    many = "No download is" if left == 0 else "1 download is" if left == 1 else f"{left} downloads are"
    text = f"{why.what_happened} {many} left for {file.name}."
    return why.model_copy(update={"what_happened": text, "subject": file.name})


async def _receive(
    download: Download, part: Path, at_least: int, report: Report, again: SecretStr | None
) -> None:
    """Write what comes to `.part`; a transfer that ends before its length is a cut one.

    `at_least` is the size that the server told in round figures; it stands in for a length that is not told.
    """
    advice = "Free some space or choose another results folder; " + (
        "what came so far is kept for a day." if again else "the file then has to be fetched from its start."
    )
    done = download.offset
    meter = _Meter(done)

    def write(handle: IO[bytes], chunk: bytes) -> None:
        with disk_trouble(part, advice):
            rest = memoryview(chunk)
            while rest:
                rest = rest[handle.write(rest) :]

    # A disk may be slow: it must not hold up the other transfers.
    handle = await asyncio.to_thread(_open_part, part, done, advice)
    with handle:
        async for chunk in download.chunks():
            await asyncio.to_thread(write, handle, chunk)
            done += len(chunk)
            report(meter.reading(done, download.total))
        await asyncio.to_thread(_flush, handle, part, advice)
    _refuse_cut(done, download.total, at_least)


def _open_part(part: Path, offset: int, advice: str) -> IO[bytes]:
    with disk_trouble(part, advice):
        handle = part.open("r+b" if offset else "wb", buffering=0)
        handle.seek(offset)
        handle.truncate()
        return handle


def _flush(handle: IO[bytes], part: Path, advice: str) -> None:
    with disk_trouble(part, advice):
        os.fsync(handle.fileno())


def _refuse_cut(done: int, total: int | None, at_least: int) -> None:
    if done == total or (total is None and done >= at_least):
        return
    raise problem(
        Kind.NO_NETWORK,
        "The download was cut",
        f"{done:,} of {'at least ' if total is None else ''}{total or at_least:,} bytes came.",
        "It goes on by itself where the server allows it.",
    )


def size_of(text: str) -> int:
    """Bytes of a rounded text such as `314 MB`: at least so many. 0 when it cannot be read."""
    number, _, unit = text.strip().partition(" ")
    factor = {"bytes": 1, "byte": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}.get(unit, 0)
    try:
        return int(float(number.replace(",", "")) * factor)
    except ValueError:
        return 0


class _Meter:
    """Rate over the last seconds and the time left by it."""

    def __init__(self, done: int) -> None:
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), done)])

    def reading(self, done: int, total: int | None) -> Progress:
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > RATE_OVER_S:
            self._marks.popleft()
        began, before = self._marks[0]
        rate = (done - before) / (now - began) if now > began else None
        left = (total - done) / rate if rate and total is not None else None
        return Progress(done=done, total=total, rate=rate, left_s=left)
