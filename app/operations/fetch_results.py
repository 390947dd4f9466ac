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
from pathlib import Path

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import LOG_GROUP, FileState, Job, JobState
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.result import Result, ResultFile, ResultState
from app.domain.service import Service
from app.operations.brought_result import refuse_other_people
from app.operations.desk import Desk
from app.operations.disk_trouble import disk_trouble
from app.operations.fetch_file import fetch_file
from app.operations.group_results import tell_group
from app.operations.job_log import logged_with_job
from app.operations.judge_result import judge
from app.operations.mark_file import file_now, mark_file
from app.operations.result_folder import (
    all_there,
    change_result,
    clear_leftovers,
    make_folder,
    miss_what_is_gone,
    refuse_small_disk,
    result_of,
    save_result,
)
from app.operations.result_ledger import book_result, figures_folder
from app.operations.result_rule import keep_rule_of_archive, keep_rule_of_result
from app.operations.rule_remarks import told_of_hosts
from app.operations.sent_record import sent_record
from app.operations.tasks import TaskKind
from app.operations.tell import tell
from app.operations.told_apart import job_words
from app.operations.unpack import (
    is_archive,
    is_damage,
    refuse_other_md5,
    set_aside,
    take_plain,
    told_md5,
    unpack,
)
from app.operations.visit_jobs import merged_files
from app.results.indexing.kinds import is_watched, kind_of
from app.services.contract import RemoteFile, RemoteJob
from app.store import jobs, pages, results, services
from app.store.pages import TableQuery
from app.store.secrets import password_name
from app.store.store import Connection as StoreConnection

log = logging.getLogger(__name__)


@logged_with_job
async def fetch_results(
    desk: Desk,
    job_id: str,
    to: Path | None = None,
    password: SecretStr | None = None,
    *,
    unattended: bool = False,
) -> Changes:
    """Bring the result of a job to this computer; its id is in the changes, which are empty when another
    process or task fetches it now.

    Files go into `to`, or into a folder in it, named like the job at the service, when `to` holds anything
    else. Raises the first Problem after everything else was fetched. Calling it again goes on where it
    ended, and costs nothing when all is there; files that were deleted since are fetched again. With
    `unattended` (nobody asked) no file is fetched a second time, and the last download is not spent on
    another try.
    """
    async with desk.only_one(job_id) as mine:
        if not mine:
            return Changes()
        job = await desk.job(job_id)
        _refuse_unfinished(job)
        result = await result_of(desk, job, to)
        if result.state is ResultState.VERIFIED and await all_there(result):
            return Changes.of(Noun.RESULT, result.id)
        try:
            return await _bring(desk, job, result, password, unattended)
        except ProblemError as error:
            await save_result(desk, result.id, state=ResultState.INCOMPLETE, problem=error.problem.sentence())
            raise


async def _bring(
    desk: Desk, job: Job, result: Result, password: SecretStr | None, unattended: bool
) -> Changes:
    await asyncio.to_thread(make_folder, Path(result.folder))
    await keep_rule_of_result(desk, result.id)  # before the first byte lies there
    if not unattended:
        job, result = await miss_what_is_gone(desk, job, result)
    if job.is_fetched:
        return await _finish(desk, job.id, result.id)
    return await _Fetch(desk, await desk.service(job.service_id), job.id, result, unattended).run(password)


def _refuse_unfinished(job: Job) -> None:
    if job.state is JobState.SUCCESS and not (job.fetch_wanted or job.remote_files):
        raise problem(
            Kind.INPUT,
            "Only you can bring this result",
            f"{job.name} is at a web page, from which the program can fetch nothing.",
            "Download its files there, and drop them on the page of the job.",
            subject=job.name,
        )
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


async def unfinished_results(desk: Desk) -> tuple[str, ...]:
    """The jobs whose files are all verified, but the program ended before the result was judged."""

    def read(c: StoreConnection) -> tuple[str, ...]:
        states = (("state", str(ResultState.FETCHING)), ("state", str(ResultState.INCOMPLETE)))
        found = [results.result(c, each) for each in pages.ids(c, Noun.RESULT, TableQuery(terms=states))]
        known = [jobs.job(c, each.job_id) for each in found if each is not None]
        return tuple(job.id for job in known if job is not None and job.is_fetched)

    return await desk.store.read(read)


class _Fetch:
    """The files of one job on their way."""

    def __init__(self, desk: Desk, service: Service, job_id: str, result: Result, unattended: bool) -> None:
        self._desk, self._service, self._job_id = desk, service, job_id
        self._result_id, self._folder = result.id, Path(result.folder)
        self._unattended = unattended
        self._password: SecretStr | None = None
        self._names: dict[str, str] = {}

    async def run(self, password: SecretStr | None) -> Changes:
        """Fetch all files and judge them; raises the first problem after everything else was fetched."""
        wanted, job = await self._ask()
        files = tuple(f for f in job.remote_files if f.group != LOG_GROUP)
        await asyncio.to_thread(clear_leftovers, self._folder, files)
        keeps = (await self._desk.settings()).storage.keep_archives
        await asyncio.to_thread(refuse_small_disk, self._folder, files, keeps_archives=keeps)
        self._password = password
        if password is None and self._desk.family(self._service).capabilities.passwords:
            self._password = await self._desk.secret(password_name(self._job_id))
        record = await sent_record(self._desk, self._job_id)
        self._names = record.own_names if record is not None else {}
        async with told_of_hosts(self._desk, self._service, job):
            first = await self._all(wanted)
        if first is not None:
            await keep_rule_of_result(self._desk, self._result_id)
            raise ProblemError(first)
        return await _finish(self._desk, self._job_id, self._result_id)

    async def _ask(self) -> tuple[tuple[RemoteFile, ...], Job]:
        """The files as the server tells them now, with fresh addresses."""
        desk, service = self._desk, self._service
        job = await desk.job(self._job_id)
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
        return wanted, job

    async def _all(self, wanted: tuple[RemoteFile, ...]) -> Problem | None:
        """Gives the first problem, and goes on with the others unless the way itself is cut."""
        first: Problem | None = None
        for remote in wanted:
            try:
                await self._one(remote)
            except ProblemError as error:
                first = first or error.problem
                why = error.problem.sentence()
                await mark_file(self._desk, self._job_id, remote.file, FileState.FAILED, problem=why)
                if error.problem.kind in {Kind.NO_NETWORK, Kind.DISK, Kind.SIGN_IN, Kind.BUSY}:
                    break
        return first

    async def _one(self, remote: RemoteFile) -> None:
        desk, job_id, folder = self._desk, self._job_id, self._folder
        current = await file_now(desk, job_id, remote.file)
        if current.state is FileState.VERIFIED:
            await _drop_archive(desk, folder / remote.file.name)
            return
        path, sent_md5 = await fetch_file(
            desk, self._service, job_id, remote, folder, current, unattended=self._unattended
        )
        size = await asyncio.to_thread(_size, path)
        await mark_file(desk, job_id, remote.file, FileState.FETCHED, size=size)
        sums = {md5 for md5 in (sent_md5, await asyncio.to_thread(told_md5, path)) if md5}
        for md5 in sums:
            await asyncio.to_thread(refuse_other_md5, path, md5)
        await self._take_files(await self._files_of(remote, path, bool(sums)))
        await mark_file(desk, job_id, remote.file, FileState.VERIFIED)
        await _drop_archive(desk, path)

    async def _files_of(self, remote: RemoteFile, path: Path, has_md5: bool) -> tuple[ResultFile, ...]:
        figures = figures_folder(self._desk, self._result_id)
        if is_archive(path):
            await keep_rule_of_archive(self._desk, self._result_id, path)
        if not is_archive(path):
            kind = await self._take_plain(remote, path, figures)
            return (await asyncio.to_thread(plain_file, path, self._folder, remote.file.name, has_md5, kind),)
        title = f"Decrypting {path.name}"
        with self._desk.tasks.running_task(TaskKind.DECRYPT, title, job_id=self._job_id) as task:
            try:
                return await unpack(path, self._password, self._folder, task.report, self._names, figures)
            except ProblemError as error:
                # One with another password stays; a damaged one may not be taken for a good one.
                if is_damage(error.problem):
                    await asyncio.to_thread(set_aside, path)
                raise

    async def _take_plain(self, remote: RemoteFile, path: Path, figures: Path) -> str:
        """Look into an imputed file that came as it is; what it holds, empty for a file of another kind."""
        if not is_watched(path.name):
            return ""
        title = f"Checking {path.name}"
        with self._desk.tasks.running_task(TaskKind.DECRYPT, title, job_id=self._job_id) as task:
            kind = await take_plain(path, self._folder, self._names, figures, task.report)
        # Own names change its size; by that it is known again when the program ends before it is verified.
        size = await asyncio.to_thread(_size, path)
        await mark_file(self._desk, self._job_id, remote.file, FileState.FETCHED, size=size)
        return kind

    async def _take_files(self, files: tuple[ResultFile, ...]) -> None:
        def change(result: Result) -> Result:
            kept = {f.path: f for f in result.files} | {f.path: f for f in files}
            return result.model_copy(update={"files": tuple(kept.values())})

        await change_result(self._desk, self._result_id, change)


async def _drop_archive(desk: Desk, path: Path) -> None:
    """Remove an archive whose contents are verified; any sooner, and a kill would cost a download."""
    if not is_archive(path) or (await desk.settings()).storage.keep_archives:
        return
    try:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    except OSError as error:  # it is only in the way
        log.warning("%s was not removed: %s", path.name, error.strerror)


def _size(path: Path) -> int:
    with disk_trouble(path):
        return path.stat().st_size


def plain_file(path: Path, folder: Path, source: str, has_md5: bool = False, kind: str = "") -> ResultFile:
    """The record of a file that is no archive; `kind` is what it holds where that was looked at."""
    import hashlib

    with disk_trouble(path), path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        size = os.fstat(handle.fileno()).st_size
    return ResultFile(
        path=path.relative_to(folder).as_posix(),
        size=size,
        sha256=digest,
        source=source,
        verified_by="MD5" if has_md5 else "received whole",
        kind=kind or (str(kind_of(path.name)) if is_watched(path.name) else ""),
    )


def files_to_fetch(remote: RemoteJob) -> tuple[RemoteFile, ...]:
    """Checksums first, then reports, then archives, small before large; logs meant for operators are left."""

    def order(file: RemoteFile) -> tuple[int, str]:
        name = file.file.name
        rank = 0 if name.endswith(".md5") else 2 if name.endswith(".zip") else 1
        return rank, name

    return tuple(sorted((f for f in remote.files if f.file.group != LOG_GROUP), key=order))


async def _book(desk: Desk, job_id: str, result_id: str) -> None:
    """Say where every site and sample went."""
    with desk.tasks.running_task(TaskKind.DECRYPT, "Counting sites and samples", job_id=job_id) as task:
        await book_result(desk, result_id, task.report)


async def _refuse_strangers(desk: Desk, job_id: str, result_id: str) -> None:
    """A person may bring anything; what a service gives out for a job is of that job."""
    job = await desk.job(job_id)
    service = await desk.store.read(lambda c: services.service(c, job.service_id))
    if service is not None and service.is_by_hand:
        await refuse_other_people(desk, job, result_id)


async def _finish(desk: Desk, job_id: str, result_id: str) -> Changes:
    """Judge a result whose files are all verified, and tell the user."""
    result = await save_result(desk, result_id, problem="")
    if not await all_there(result):
        raise problem(
            Kind.NOT_FOUND,
            "Files of the result are missing",
            f"They were verified, but they are not in {result.folder} any more.",
            "Put them back, or fetch the result again; this uses up downloads.",
            subject=result.folder,
        )
    for file in (await desk.job(job_id)).remote_files:
        if file.state is FileState.VERIFIED:
            await _drop_archive(desk, Path(result.folder) / file.name)
    await keep_rule_of_result(desk, result_id)
    quality, line = await judge(Path(result.folder), result.files)
    await _book(desk, job_id, result_id)
    await _refuse_strangers(desk, job_id, result_id)
    job = await desk.update_job(job_id, f"Result verified in {result.folder}.", kind="download")
    if job.state is JobState.SUCCESS:
        service = await desk.store.read(lambda c: services.service(c, job.service_id))
        name = job_words(job, service.name if service is not None else job.service_id)
        # Before the last word: an end of the program in between tells it again, and the key keeps it to once.
        await tell(
            desk,
            NoticeKind.RESULT_READY,
            f"The result of {name} is ready",
            line,
            key=f"ready:{job.id}",
            job_id=job.id,
            service_id=job.service_id,
        )
    await save_result(
        desk,
        result_id,
        state=ResultState.VERIFIED,
        verified=desk.clock.now(),
        quality=quality,
        verdict=line,
        seen=False,
    )
    return Changes.of(Noun.JOB, job_id) | Changes.of(Noun.RESULT, result_id) | await tell_group(desk, job)
