"""What a person tells of a job at a web page: how it stands, which steps are done, where its result is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.guided import GuidedSheet
from app.domain.job import Job, JobState
from app.domain.problem import Kind, ProblemError, problem
from app.domain.result import ResultState
from app.domain.service import Service
from app.operations.brought_result import for_the_page, refuse_cut, refuse_unfinished
from app.operations.by_hand import by_hand, take_word
from app.operations.desk import Desk
from app.operations.fetch_results import fetch_results
from app.operations.job_log import logged_with_job
from app.operations.sent_record import sent_record
from app.operations.visit_jobs import warn_of_deletion
from app.results.found.recognising import FoundResult, find_result, header_of
from app.services.abilities import ToldByUser
from app.store import results

TOLD_WORDS = {
    JobState.WAITING: "You told that the files are not on the page yet.",
    JobState.SUBMITTED: "You told that the files are uploaded.",
    JobState.QUEUED: "You told that it is in the queue of the page.",
    JobState.RUNNING: "You told that it runs.",
    JobState.SUCCESS: "You told that the result is ready.",
    JobState.FAILED: "You told that it failed.",
    JobState.CANCELLED: "You told that it was stopped.",
    JobState.EXPIRED: "You told that the result is gone.",
}


@logged_with_job
async def tell_job(desk: Desk, job_id: str, state: JobState, note: str = "") -> Changes:
    """Take down what the person saw on the page; `note` is what it said, as the reason of a failure.

    Whatever was told before can be told anew, also back. ProblemError for services that tell by themselves.
    """
    job, service, told = await _of(desk, job_id)
    connection = await desk.connection(service)
    remote = await told.tell(connection, job.remote_id or "", state, desk.clock.now(), note)
    line = TOLD_WORDS.get(state, f"You told: {state}.")
    job = await take_word(desk, service, job, remote, f"{line} {note.strip()}".strip())
    return Changes.of(Noun.JOB, job_id) | await warn_of_deletion(desk, service, job)


@logged_with_job
async def tick_step(desk: Desk, job_id: str, number: int, done: bool) -> Changes:
    """Remember that a step of the sheet, counted from 0, is done or not."""
    job, service, told = await _of(desk, job_id)
    connection = await desk.connection(service)
    remote = await told.tick(connection, job.remote_id or "", number, done)
    await desk.update_job(job.id, steps=remote.steps)
    return Changes.of(Noun.JOB, job_id)


async def guided_sheet(desk: Desk, job_id: str) -> GuidedSheet | None:
    """What leads the person through the page; None for all other jobs, and while nothing is prepared."""
    job = await desk.job(job_id)
    try:
        service = await desk.service(job.service_id)
    except ProblemError:  # it was removed; its jobs stay in the list
        return None
    told = by_hand(desk, service)
    if told is None or job.remote_id is None:
        return None
    return await told.sheet(await desk.connection(service), job.remote_id)


@logged_with_job
async def bring_result(
    desk: Desk,
    job_id: str,
    paths: Sequence[Path],
    password: SecretStr | None = None,
    to: Path | None = None,
) -> Changes:
    """Take in the result that the person downloaded: copied, unpacked, proved and booked like any other.

    The files of the person are only read. ProblemError when they are no result, or that of other people.
    """
    job, service, told = await _of(desk, job_id)
    await _refuse_second(desk, job)
    refuse_unfinished(paths)
    _refuse_twice(paths)
    found = await asyncio.to_thread(find_result, tuple(paths), hla=True)
    await _refuse_strangers(desk, job, found)
    await asyncio.to_thread(refuse_cut, found.archives, found.files)
    files = await asyncio.to_thread(_named, found)
    connection = await desk.connection(service)
    remote = await told.bring(connection, job.remote_id or "", files, desk.clock.now())
    await desk.update_job(job.id, remote_files=())  # what an earlier try left of other files does not count
    many = "1 file" if len(files) == 1 else f"{len(files)} files"
    line = f"You brought the result: {many}."
    if found.hla:
        line += f" {_hla_words(found)}"
    await take_word(desk, service, job, remote, line)
    try:
        return await fetch_results(desk, job_id, to, password) | Changes.of(Noun.JOB, job_id)
    except ProblemError as error:
        raise for_the_page(error) from error


async def _of(desk: Desk, job_id: str) -> tuple[Job, Service, ToldByUser]:
    job = await desk.job(job_id)
    service = await desk.service(job.service_id)
    told = by_hand(desk, service)
    if told is None:
        raise problem(
            Kind.INPUT,
            "This service tells by itself how its jobs stand",
            f"{service.name} is asked by the program.",
            "Use “Look now” to ask it at once.",
            subject=job.name,
        )
    if job.remote_id is None:
        raise problem(
            Kind.INPUT,
            "Nothing is prepared yet",
            f"The files of {job.name} are not written yet.",
            "Wait for them, or send the job again.",
            subject=job.name,
        )
    return job, service, told


async def _refuse_second(desk: Desk, job: Job) -> None:
    known = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    if known is not None and known.state is ResultState.VERIFIED:
        raise problem(
            Kind.INPUT,
            "The result is here already",
            f"It was verified in {known.folder}.",
            "Remove it first if it is the wrong one.",
            subject=job.name,
        )


async def _refuse_strangers(desk: Desk, job: Job, found: FoundResult) -> None:
    """A result in which nobody was sent is that of another job; archives are read when they are opened."""
    record = await sent_record(desk, job.id)
    sent = set(record.samples) if record is not None else set()
    for path in found.files if sent else ():
        header = await asyncio.to_thread(header_of, path)
        names = {each.decode("utf-8", "surrogateescape") for each in header.samples} if header else set()
        if names and not any(_is_of(name, sent) for name in names):
            raise problem(
                Kind.INPUT,
                "This is the result of other people",
                f"None of the {len(names):,} people in {path.name} was sent with {job.name}.",
                "Look for the files of this job. Results of other jobs are taken in by “Import a result”.",
                subject=path.name,
            )


def _hla_words(found: FoundResult) -> str:
    """What the program can and cannot do with alleles of HLA genes, told plainly."""
    only = len(found.hla) == len(found.files) and not found.archives
    many = "It is a table" if len(found.hla) == 1 else f"{len(found.hla)} are tables"
    rest = "there is no quality to show, and nothing to export" if only else "they are in no figure"
    return f"{many} of HLA alleles, kept as the page gave it: it is not judged, so {rest}."


def _is_of(name: str, sent: set[str]) -> bool:
    """Whether a name was sent; PLINK writes it twice, as family and person."""
    half = len(name) // 2
    doubled = len(name) % 2 == 1 and name[half] == "_" and name[:half] == name[half + 1 :]
    return name in sent or (doubled and name[:half] in sent)


def _named(found: FoundResult) -> dict[str, Path]:
    """The files by the name that they get here; two of one name are refused."""
    files: dict[str, Path] = {}
    pairs = [(each.name, each) for each in found.archives]
    pairs += [(each.relative_to(found.root).as_posix(), each) for each in found.files]
    for name, path in pairs:
        if name in files:
            raise _twice(name)
        files[name] = path
    return files


def _refuse_twice(paths: Sequence[Path]) -> None:
    """Files that were named one by one: two of one name are two versions, or of two jobs."""
    seen: set[str] = set()
    for path in paths:
        if path.name in seen and not path.is_dir():
            raise _twice(path.name)
        seen.add(path.name)


def _twice(name: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "Two files have the same name",
        f"{name} is there twice.",
        "Bring the files of one job only.",
        subject=name,
    )
