"""The folder of a result: whose it is, what lies in it, and whether there is room."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.job import FileState, Job, JobFile
from app.domain.names import new_id
from app.domain.problem import Kind, ProblemError, problem
from app.domain.result import Result, ResultFile, ResultState
from app.domain.room import room_words
from app.domain.rule_file import RULE_FILE
from app.operations.desk import Desk
from app.operations.disk_trouble import disk_trouble
from app.operations.fetch_file import safe_target, size_of
from app.results.archive import remove_parts
from app.store import results
from app.store.store import Connection as StoreConnection


async def result_of(desk: Desk, job: Job, to: Path | None) -> Result:
    """The record of the job's result, made when there is none, or when another folder is asked for.

    A folder `to` that holds anything but this job's result is not written to: a folder in it, named like
    the job at the service, is taken instead, with a number behind it where that holds something. So no result
    overwrites another one, the user's own files, or what was left of a result that was forgotten.
    """
    known = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    if known is not None and to is None:
        return known
    usual = desk.results_folder(await desk.settings()) / job.remote_name
    chosen = await asyncio.to_thread(os.path.abspath, to or usual)
    inside = os.path.join(chosen, job.remote_name)
    if known is not None and known.folder in {chosen, inside}:
        return known
    inside = await asyncio.to_thread(_free, inside)
    if to is None:
        chosen = await asyncio.to_thread(_free, chosen)
    full = to is not None and await asyncio.to_thread(_holds_something, Path(chosen))

    def claim(c: StoreConnection) -> Result:
        taken = full or any(holder != job.id for holder in results.jobs_in_folder(c, chosen))
        made = Result(
            id=known.id if known else new_id("result"),
            job_id=job.id,
            folder=inside if taken else chosen,
            state=ResultState.FETCHING,
            started=desk.clock.now(),
        )
        results.save_result(c, made)
        return made

    if known is not None:
        await _forget_fetched(desk, job)
    result = await desk.store.write(claim)
    desk.announce(Changes.of(Noun.RESULT, result.id))
    return result


def _free(folder: str) -> str:
    """The folder, or one with a number behind its name where it holds more than downloads on their way."""
    found, number = folder, 2
    while _holds_results(Path(found)):
        found, number = f"{folder} ({number})", number + 1
    return found


def _holds_results(folder: Path) -> bool:
    names = (name for _, _, files in os.walk(folder) for name in files)
    return any(not name.endswith((".part", ".zip")) and name != RULE_FILE for name in names)


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:  # not there yet; or it cannot be used, which is told when it is written to
        return False


async def _forget_fetched(desk: Desk, job: Job) -> None:
    """Another folder was asked for: the files there are to be fetched anew."""
    fresh = {"state": FileState.REMOTE, "bytes": None, "problem": ""}
    files = tuple(f.model_copy(update=fresh) for f in job.remote_files)
    await desk.update_job(job.id, remote_files=files)


def make_folder(folder: Path) -> None:
    """Make the folder of a result; a disk that is not there is told before anything else is done."""
    with disk_trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)


async def all_there(result: Result) -> bool:
    """Whether every file of the result lies in its folder, in the size that it had."""
    there = await asyncio.to_thread(_files_there, result)
    return bool(result.files) and len(there) == len(result.files)


async def miss_what_is_gone(desk: Desk, job: Job, result: Result) -> tuple[Job, Result]:
    """Files that were verified and are not on the disk any more are to be fetched again.

    That uses up downloads, so it is done only when a person asks for the result. An archive that was kept
    is unpacked again instead.
    """
    there = await asyncio.to_thread(_files_there, result)
    whole = {f.source for f in there} - {f.source for f in result.files if f not in there}
    gone = {f.name for f in job.remote_files if f.state is FileState.VERIFIED and not _is_from(whole, f)}
    if not gone:
        return job, result
    kept = await asyncio.to_thread(_kept_archives, Path(result.folder), job.remote_files)

    def missed(file: JobFile) -> JobFile:
        if file.state is not FileState.VERIFIED or file.name not in gone:
            return file
        if file.name in kept:
            return file.model_copy(update={"state": FileState.FETCHED})
        return file.model_copy(update={"state": FileState.REMOTE, "bytes": None})

    def change(current: Job) -> Job:
        return current.model_copy(update={"remote_files": tuple(map(missed, current.remote_files))})

    job = await desk.change_job(job.id, change, "Files of the result are gone.", kind="download")
    return job, await save_result(desk, result.id, files=there)


def _is_from(sources: set[str], file: JobFile) -> bool:
    return bool(sources & {file.name, Path(file.name).name})


def _kept_archives(folder: Path, files: tuple[JobFile, ...]) -> set[str]:
    return {
        f.name
        for f in files
        if f.bytes is not None and f.name.endswith(".zip") and _has_size(folder / f.name, f.bytes)
    }


def _files_there(result: Result) -> tuple[ResultFile, ...]:
    return tuple(f for f in result.files if _has_size(Path(result.folder) / f.path, f.size))


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def clear_leftovers(folder: Path, files: tuple[JobFile, ...]) -> None:
    """Remove what a killed unpacking left; downloads that are half there are kept."""
    remove_parts(folder, {part for f in files if (part := _part_of(folder, f)) is not None})


def _part_of(folder: Path, file: JobFile) -> Path | None:
    try:
        target = safe_target(folder, file.name)
    except ProblemError:
        return None
    return target.with_name(target.name + ".part")


def room_needed(files: tuple[JobFile, ...], *, keeps_archives: bool) -> int:
    """Bytes at the worst moment: what is unpacked, and the archive beside it, or all of them if they stay.

    The contents of an archive are compressed already and come out as large as they were. Sizes are what the
    server tells, rounded down.
    """
    sizes = [size_of(f.size_text) for f in files if f.state is not FileState.VERIFIED]
    return sum(sizes) + (sum(sizes) if keeps_archives else max(sizes, default=0))


def refuse_small_disk(folder: Path, files: tuple[JobFile, ...], *, keeps_archives: bool = False) -> None:
    """An archive and what is in it lie side by side until it is verified."""
    needed = room_needed(files, keeps_archives=keeps_archives)
    with disk_trouble(folder):
        free = shutil.disk_usage(folder).free
    if free < needed:
        wanted, there = room_words(needed, free)
        raise problem(
            Kind.DISK,
            "The disk is too small for the result",
            f"At least {wanted} are needed in {folder}, and {there} are free.",
            "Free some space, or fetch to another folder. Nothing was downloaded.",
            subject=str(folder),
        )


async def save_result(desk: Desk, result_id: str, **update: object) -> Result:
    """Set fields of a result as it is in the store now."""
    return await change_result(desk, result_id, lambda r: r.model_copy(update=update))


async def change_result(desk: Desk, result_id: str, change: Callable[[Result], Result]) -> Result:
    """Change a result as it is in the store now, in one transaction."""

    def write(c: StoreConnection) -> Result:
        result = results.result(c, result_id)
        assert result is not None
        result = change(result)
        results.save_result(c, result)
        return result

    saved = await desk.store.write(write)
    desk.announce(Changes.of(Noun.RESULT, result_id))
    return saved
