"""Download one result file, never asking for more than is needed."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from pathlib import Path, PurePosixPath

from pydantic import SecretStr

from app.domain.job import FileState, JobFile
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.progress import Progress, Report
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.tasks import TaskKind
from app.operations.unpack import is_archive, is_whole_archive
from app.services.contract import Download, RemoteFile

TRIES = 3
PAUSE_S = 2.0
RATE_OVER_S = 5.0


async def fetch_file(
    desk: Desk, service: Service, job_id: str, remote: RemoteFile, folder: Path, current: JobFile
) -> Path:
    """The path of the whole file in `folder`; downloads it only when it is not there yet."""
    target = safe_target(folder, remote.file.name)
    part = target.with_name(target.name + ".part")
    kept = current.state in {FileState.FETCHED, FileState.FAILED} and current.bytes is not None
    if kept and target.is_file() and target.stat().st_size == current.bytes:
        return target
    if is_archive(target) and part.is_file() and await asyncio.to_thread(is_whole_archive, part):
        return _take(part, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with desk.tasks.running_task(TaskKind.DOWNLOAD, remote.file.name, job_id=job_id) as task:
        await _with_retries(desk, service, remote, part, current, task.report)
    return _take(part, target)


def safe_target(folder: Path, name: str) -> Path:
    """Where a file of that name goes; a name that leads out of the folder is refused."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    bad = not parts or any(p in {"..", "/", "."} or ":" in p or "\0" in p for p in parts)
    if bad or name.startswith("/"):
        raise problem(
            Kind.REFUSED,
            "A file name that leads elsewhere",
            f"The server offers a file called '{name[:80]}'; it is not fetched.",
            "Tell the operator of the service.",
            subject=name[:80],
        )
    return folder.joinpath(*parts)


def _take(part: Path, target: Path) -> Path:
    os.replace(part, target)
    return target


async def _with_retries(
    desk: Desk, service: Service, remote: RemoteFile, part: Path, current: JobFile, report: Report
) -> None:
    """Try again after a cut: for nothing with a resume address, else while downloads are left to spare."""
    left = current.downloads_left
    resume: SecretStr | None = None
    for attempt in range(1, TRIES + 1):
        try:
            offset = await asyncio.to_thread(_bytes_there, part) if resume is not None else 0
            async with desk.family(service).download(
                await desk.connection(service), remote, offset, resume
            ) as (download, resume):
                await _receive(download, part, report)
            return
        except ProblemError as error:
            if resume is None and left is not None and left > 0:
                left -= 1
            if error.problem.kind is Kind.NOT_FOUND and resume is not None:
                resume = None  # the short-lived address has lapsed; a fresh request may still do
            elif not error.problem.retry:
                raise
            if attempt == TRIES or not _worth_another(resume, left):
                raise ProblemError(_with_count(error.problem, remote.file, left)) from error
            await desk.pause(PAUSE_S * attempt)


def _bytes_there(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _worth_another(resume: SecretStr | None, left: int | None) -> bool:
    # A fresh request costs a download; the last one is the user's to spend.
    return resume is not None or left is None or left < 0 or left > 1


def _with_count(why: Problem, file: JobFile, left: int | None) -> Problem:
    if left is None or left < 0:
        return why
    many = "No download is" if left == 0 else "1 download is" if left == 1 else f"{left} downloads are"
    text = f"{why.what_happened} {many} left for {file.name}."
    return why.model_copy(update={"what_happened": text, "subject": file.name})


async def _receive(download: Download, part: Path, report: Report) -> None:
    """Write what comes to `.part`; a transfer that ends before its length is a cut one."""
    mode = "r+b" if download.offset else "wb"
    done = download.offset
    meter = _Meter(done)
    try:
        with part.open(mode) as handle:
            handle.seek(done)
            handle.truncate()
            async for chunk in download.chunks():
                # A disk may be slow: it must not hold up the other transfers.
                await asyncio.to_thread(handle.write, chunk)
                done += len(chunk)
                report(meter.reading(done, download.total))
            await asyncio.to_thread(_flush, handle.fileno(), handle.flush)
    except OSError as error:
        raise _disk_problem(part, error) from error
    if download.total is not None and done != download.total:
        raise problem(
            Kind.NO_NETWORK,
            "The download was cut",
            f"{done:,} of {download.total:,} bytes came.",
            "It goes on by itself where the server allows it.",
        )


def _flush(descriptor: int, flush: object) -> None:
    assert callable(flush)
    flush()
    os.fsync(descriptor)


def _disk_problem(part: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.DISK,
        "The file cannot be written",
        f"{part.name}: {error.strerror or error}.",
        "Free some space or choose another results folder; what came so far is kept.",
        subject=str(part.parent),
    )


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
