"""Fetch, verify, decrypt and judge the result of a job.

One request a file, one file at a time. Every request uses up one of the downloads that the server allows,
so nothing is asked for twice: what is verified is skipped, a partial file that turns out to be a whole
archive is taken, a cut transfer is resumed where the server can do that, and the last allowed download is
not spent on a retry without the user.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import LOG_GROUP, FileState, Job, JobFile, JobState
from app.domain.names import new_id
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.progress import Report
from app.domain.result import Result, ResultFile, ResultState
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.fetch_file import fetch_file
from app.operations.judge_result import judge, verdict
from app.operations.tasks import TaskKind
from app.operations.tell import tell
from app.operations.unpack import archive_md5, is_archive, is_damage, unpack
from app.operations.visit_jobs import merged_files
from app.services.contract import RemoteFile, RemoteJob
from app.store import jobs, pages, results
from app.store.pages import TableQuery
from app.store.store import Connection as StoreConnection

log = logging.getLogger(__name__)


async def fetch_results(
    desk: Desk, job_id: str, to: Path | None = None, password: SecretStr | None = None
) -> Changes:
    """Bring the result of a job to this computer; its id is in the changes.

    Raises the first Problem after everything else was fetched. Calling it again goes on where it ended, and
    costs nothing when all is there.
    """
    async with desk.only_one(job_id) as mine:
        if not mine:
            return Changes()
        job = await desk.job(job_id)
        _refuse_unfinished(job)
        result = await _result(desk, job, to)
        if result.state is ResultState.VERIFIED and _all_there(result):
            return Changes.of(Noun.RESULT, result.id)
        job, result = await _miss_what_is_gone(desk, job, result)
        try:
            if job.is_fetched:
                service = await desk.service(job.service_id)
                return await _finish(desk, service, job.id, result.id)
            return await _fetch(desk, job, result, password)
        except ProblemError as error:
            await _save_result(
                desk, result.id, state=ResultState.INCOMPLETE, problem=error.problem.sentence()
            )
            raise


def _refuse_unfinished(job: Job) -> None:
    if job.state in {JobState.SUCCESS, JobState.FAILED, JobState.CANCELLED}:
        return
    gone = job.state in {JobState.EXPIRED, JobState.DELETED}
    raise problem(
        Kind.NOT_FOUND if gone else Kind.INPUT,
        "The result is gone" if gone else "The job is not finished",
        f"{job.name} is {job.state}.",
        "Send it again." if gone else "Wait until the job is done; Haplodesk tells you.",
        subject=job.name,
    )


async def _result(desk: Desk, job: Job, to: Path | None) -> Result:
    known = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    chosen = to or desk.results_folder(await desk.settings()) / job.remote_name
    folder = await asyncio.to_thread(os.path.abspath, chosen)
    if known is not None and (to is None or known.folder == folder):
        return known
    result = Result(
        id=known.id if known else new_id("result"),
        job_id=job.id,
        folder=folder,
        state=ResultState.FETCHING,
        started=desk.clock.now(),
    )
    if known is not None:
        await _forget_fetched(desk, job)
    await desk.store.write(lambda c: results.save_result(c, result))
    desk.announce(Changes.of(Noun.RESULT, result.id))
    return result


async def _forget_fetched(desk: Desk, job: Job) -> None:
    """Another folder was asked for: the files there are to be fetched anew."""
    files = tuple(f.model_copy(update={"state": FileState.REMOTE}) for f in job.remote_files)
    await desk.update_job(job.id, remote_files=files)


def _all_there(result: Result) -> bool:
    return bool(result.files) and len(_files_there(result)) == len(result.files)


async def _miss_what_is_gone(desk: Desk, job: Job, result: Result) -> tuple[Job, Result]:
    """Files that were verified and are not on the disk any more are to be fetched again."""
    there = await asyncio.to_thread(_files_there, result)
    sources = {f.source for f in there} - {f.source for f in result.files if f not in there}

    def change(current: Job) -> Job:
        files = tuple(
            f.model_copy(update={"state": FileState.REMOTE, "bytes": None})
            if f.state is FileState.VERIFIED and not sources & {f.name, Path(f.name).name}
            else f
            for f in current.remote_files
        )
        return current.model_copy(update={"remote_files": files})

    if change(job) == job:
        return job, result
    job = await desk.change_job(job.id, change, "Files of the result are gone.", kind="download")
    return job, await _save_result(desk, result.id, files=there)


def _files_there(result: Result) -> tuple[ResultFile, ...]:
    return tuple(f for f in result.files if _is_there(Path(result.folder), f))


def _is_there(folder: Path, file: ResultFile) -> bool:
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.size


async def unfinished_results(desk: Desk) -> tuple[str, ...]:
    """The jobs whose files are all verified, but the program ended before the result was judged."""

    def read(c: StoreConnection) -> tuple[str, ...]:
        states = (("state", str(ResultState.FETCHING)), ("state", str(ResultState.INCOMPLETE)))
        found = [results.result(c, each) for each in pages.ids(c, Noun.RESULT, TableQuery(terms=states))]
        known = [jobs.job(c, each.job_id) for each in found if each is not None]
        return tuple(job.id for job in known if job is not None and job.is_fetched)

    return await desk.store.read(read)


async def _fetch(desk: Desk, job: Job, result: Result, password: SecretStr | None) -> Changes:
    service = await desk.service(job.service_id)
    remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    told = tuple(f.file for f in remote.files)
    job = await desk.change_job(
        job.id, lambda j: j.model_copy(update={"remote_files": merged_files(j.remote_files, told)})
    )
    wanted = files_to_fetch(remote)
    if not wanted:
        raise problem(
            Kind.NOT_FOUND,
            "There are no result files",
            f"The server lists no files for {job.name}.",
            "Look at the messages of the job.",
            subject=job.name,
        )
    _refuse_small_disk(Path(result.folder), wanted)
    password = password or await desk.secret(f"password:{job.id}")
    first = await _fetch_all(desk, service, job, result, wanted, password)
    if first is not None:
        raise ProblemError(first)
    return await _finish(desk, service, job.id, result.id)


async def _fetch_all(
    desk: Desk,
    service: Service,
    job: Job,
    result: Result,
    wanted: tuple[RemoteFile, ...],
    password: SecretStr | None,
) -> Problem | None:
    """Fetch every file; gives the first problem, and goes on with the others unless the way itself is cut."""
    first: Problem | None = None
    sums: dict[str, str] = {}
    for remote in wanted:
        try:
            await _one_file(desk, service, job.id, result, remote, password, sums)
        except ProblemError as error:
            first = first or error.problem
            await _mark(desk, job.id, remote.file, FileState.FAILED, problem=error.problem.sentence())
            if error.problem.kind in {Kind.NO_NETWORK, Kind.DISK, Kind.SIGN_IN, Kind.BUSY}:
                break
    return first


async def _one_file(
    desk: Desk,
    service: Service,
    job_id: str,
    result: Result,
    remote: RemoteFile,
    password: SecretStr | None,
    sums: dict[str, str],
) -> None:
    folder = Path(result.folder)
    current = await _file_now(desk, job_id, remote.file)
    if current.state is FileState.VERIFIED:
        await _drop_archive(desk, folder / remote.file.name)
        return
    path = await fetch_file(desk, service, job_id, remote, folder, current)
    if path.name.endswith(".md5"):
        sums[path.name.removesuffix(".md5")] = path.read_text(errors="replace").split()[0].lower()
    await _mark(desk, job_id, remote.file, FileState.FETCHED, size=path.stat().st_size)
    if is_archive(path):
        await archive_md5(path, sums.get(path.name))
        with desk.tasks.running_task(TaskKind.DECRYPT, f"Decrypting {path.name}", job_id=job_id) as task:
            files = await _unpack(desk, job_id, remote.file, path, password, folder, task.report)
    else:
        files = (await asyncio.to_thread(plain_file, path, folder, remote.file.name),)
    await _take_files(desk, result.id, files)
    await _mark(desk, job_id, remote.file, FileState.VERIFIED)
    await _drop_archive(desk, path)


async def _drop_archive(desk: Desk, path: Path) -> None:
    """Remove an archive whose contents are verified; any sooner, and a kill would cost a download."""
    if is_archive(path) and not (await desk.settings()).storage.keep_archives:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _unpack(
    desk: Desk,
    job_id: str,
    file: JobFile,
    path: Path,
    password: SecretStr | None,
    folder: Path,
    report: Report,
) -> tuple[ResultFile, ...]:
    """A damaged archive is fetched anew the next time; one with another password is kept."""
    try:
        return await unpack(path, password, folder, report)
    except ProblemError as error:
        if is_damage(error.problem):
            await _mark(desk, job_id, file, FileState.REMOTE)
        raise


def plain_file(path: Path, folder: Path, source: str) -> ResultFile:
    """The record of a file that is no archive."""
    import hashlib

    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    relative = path.relative_to(folder).as_posix()
    return ResultFile(
        path=relative, size=path.stat().st_size, sha256=digest, source=source, verified_by="received whole"
    )


def files_to_fetch(remote: RemoteJob) -> tuple[RemoteFile, ...]:
    """Checksums first, then reports, then archives, small before large; logs meant for operators are left."""

    def order(file: RemoteFile) -> tuple[int, str]:
        name = file.file.name
        rank = 0 if name.endswith(".md5") else 2 if name.endswith(".zip") else 1
        return rank, name

    return tuple(sorted((f for f in remote.files if f.file.group != LOG_GROUP), key=order))


def _refuse_small_disk(folder: Path, wanted: tuple[RemoteFile, ...]) -> None:
    """An archive and what is in it lie side by side until it is verified."""
    needed = sum(2 * size_of(f.file.size_text) for f in wanted if f.file.state is not FileState.VERIFIED)
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    free = shutil.disk_usage(there).free
    if free < needed:
        raise problem(
            Kind.DISK,
            "The disk is too small for the result",
            f"At least {needed / 1e6:,.0f} MB are needed in {there}, and {free / 1e6:,.0f} MB are free.",
            "Free some space, or fetch to another folder. Nothing was downloaded.",
            subject=str(there),
        )


def size_of(text: str) -> int:
    """Bytes of a rounded text such as `314 MB`: at least so many. 0 when it cannot be read."""
    number, _, unit = text.strip().partition(" ")
    factor = {"bytes": 1, "byte": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}.get(unit, 0)
    try:
        return int(float(number.replace(",", "")) * factor)
    except ValueError:
        return 0


async def _file_now(desk: Desk, job_id: str, file: JobFile) -> JobFile:
    job = await desk.job(job_id)
    return next((f for f in job.remote_files if (f.group, f.name) == (file.group, file.name)), file)


async def _mark(
    desk: Desk, job_id: str, file: JobFile, state: FileState, size: int | None = None, problem: str = ""
) -> None:
    update: dict[str, object] = {"state": state, "problem": problem}
    if size is not None or state is FileState.REMOTE:
        update["bytes"] = size

    def change(job: Job) -> Job:
        files = tuple(
            f.model_copy(update=update) if (f.group, f.name) == (file.group, file.name) else f
            for f in job.remote_files
        )
        return job.model_copy(update={"remote_files": files})

    lines = [f"{file.name}: {state}."] if state in {FileState.VERIFIED, FileState.FAILED} else []
    await desk.change_job(job_id, change, *lines, kind="download")


async def _take_files(desk: Desk, result_id: str, files: tuple[ResultFile, ...]) -> None:
    def change(result: Result) -> Result:
        kept = {f.path: f for f in result.files} | {f.path: f for f in files}
        return result.model_copy(update={"files": tuple(kept.values())})

    await _change_result(desk, result_id, change)


async def _save_result(desk: Desk, result_id: str, **update: object) -> Result:
    return await _change_result(desk, result_id, lambda r: r.model_copy(update=update))


async def _change_result(desk: Desk, result_id: str, change: Callable[[Result], Result]) -> Result:
    def write(c: StoreConnection) -> Result:
        result = results.result(c, result_id)
        assert result is not None
        result = change(result)
        results.save_result(c, result)
        return result

    saved = await desk.store.write(write)
    desk.announce(Changes.of(Noun.RESULT, result_id))
    return saved


async def _finish(desk: Desk, service: Service, job_id: str, result_id: str) -> Changes:
    result = await _save_result(desk, result_id, problem="")
    for file in (await desk.job(job_id)).remote_files:
        await _drop_archive(desk, Path(result.folder) / file.name)
    quality = await judge(Path(result.folder), result.files)
    result = await _save_result(
        desk,
        result_id,
        state=ResultState.VERIFIED,
        verified=desk.clock.now(),
        quality=quality,
        verdict=verdict(result.files, quality),
        seen=False,
    )
    job = await desk.update_job(job_id, f"Result verified in {result.folder}.", kind="download")
    changes = Changes.of(Noun.JOB, job_id)
    if job.state is JobState.SUCCESS:
        changes |= await tell(
            desk,
            NoticeKind.RESULT_READY,
            f"The result of {job.name} is ready",
            result.verdict,
            key=f"ready:{job.id}",
            job_id=job.id,
            service_id=service.id,
        )
    return changes | Changes.of(Noun.RESULT, result_id)
