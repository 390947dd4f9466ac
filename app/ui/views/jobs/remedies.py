"""What is wrong with a job and what mends it; what can be done with a job at all. Without words or Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.job import ENDED_STATES, LOCAL_STATES, OPEN_STATES, FileState, Job, JobState, SendPhase
from app.domain.problem import Kind, Problem
from app.domain.result import Result, ResultState


class Remedy(StrEnum):
    """A button. The values are the ids of commands on jobs, without their `job.`."""

    AGAIN = "again"
    SET_TOKEN = "set_token"
    CHECK_FILES = "check_files"
    FETCH = "fetch"
    FETCH_TO = "fetch_to"
    FETCH_PASSWORD = "fetch_password"
    RESULT = "result"
    NEW_JOB = "new_job"


class Source(StrEnum):
    """Where the trouble is told."""

    JOB = "job"
    RESULT = "result"
    GONE = "gone"
    LOST = "lost"


@dataclass(frozen=True)
class Trouble:
    """What is wrong: a Problem of the job, or the sentence kept with its result; the first remedy is best."""

    source: Source
    remedies: tuple[Remedy, ...]
    problem: Problem | None = None
    text: str = ""


def trouble_of(job: Job, result: Result | None) -> Trouble | None:
    """What needs a person; None when nothing does."""
    if job.raw_state == -1 and job.state is JobState.SUBMITTED:
        return Trouble(Source.LOST, (Remedy.AGAIN,), job.problem)
    if job.problem is not None and job.state is not JobState.SUCCESS:
        return Trouble(Source.JOB, _of_problem(job, job.problem), job.problem)
    if result is not None and result.state in {ResultState.INCOMPLETE, ResultState.FAILED}:
        text = result.problem or next((f.problem for f in job.remote_files if f.problem), "")
        return Trouble(Source.RESULT, _of_fetch(job, text), None, text)
    fetched = result is not None and result.state is ResultState.VERIFIED
    if job.state in {JobState.EXPIRED, JobState.DELETED} and not fetched:
        return Trouble(Source.GONE, (Remedy.AGAIN,))
    return None


def _of_problem(job: Job, found: Problem) -> tuple[Remedy, ...]:
    if found.kind is Kind.SIGN_IN:
        return (Remedy.SET_TOKEN, Remedy.AGAIN)
    if job.state in OPEN_STATES:
        return (Remedy.AGAIN,) if job.is_to_send else ()
    if found.kind in {Kind.INPUT, Kind.REFUSED} and job.dataset_id is not None:
        return (Remedy.CHECK_FILES, Remedy.AGAIN)
    return (Remedy.AGAIN,)


def _of_fetch(job: Job, text: str) -> tuple[Remedy, ...]:
    """The cause is kept as a sentence: its words say which button comes first."""
    low = text.casefold()
    if job.state in {JobState.EXPIRED, JobState.DELETED}:
        return (Remedy.AGAIN, Remedy.FETCH_PASSWORD) if "password" in low else (Remedy.AGAIN,)
    if "password" in low:
        return (Remedy.FETCH_PASSWORD, Remedy.FETCH)
    if "token" in low or "sign in" in low:
        return (Remedy.SET_TOKEN, Remedy.FETCH)
    if "disk" in low or "space" in low or "folder" in low:
        return (Remedy.FETCH_TO, Remedy.FETCH)
    if "downloaded as often" in low or "no download is left" in low:
        return (Remedy.AGAIN,)
    return (Remedy.FETCH,)


# What can be done.


def can_cancel(job: Job) -> bool:
    """It has not ended."""
    return job.state in OPEN_STATES


def can_send_again(job: Job) -> bool:
    """It ended without a result, waits here for another try, or was lost by its server."""
    if job.raw_state == -1 and job.remote_id:
        return True
    if job.state in LOCAL_STATES:
        return job.state is JobState.WAITING and job.is_to_send
    return job.state in {JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.DELETED}


def tries_now(job: Job) -> bool:
    """Trying again means now instead of later: no new job is made."""
    return job.is_to_send or job.raw_state == -1


def can_fetch(job: Job) -> bool:
    """There is or may be something at the service to fetch."""
    if job.remote_id is None or job.phase is not SendPhase.ANSWERED and job.state in LOCAL_STATES:
        return False
    if job.state is JobState.SUCCESS and not job.fetch_wanted and not job.remote_files:
        return False  # its person brings the result
    ended_badly = job.state in {JobState.FAILED, JobState.CANCELLED}
    return job.state is JobState.SUCCESS or (ended_badly and bool(job.remote_files))


def can_forget(job: Job) -> bool:
    """Only what has ended leaves the list."""
    return job.state in ENDED_STATES


def costs_downloads(job: Job) -> bool:
    """Another folder means fetching anew what is here already."""
    return any(f.state in {FileState.VERIFIED, FileState.FETCHED} for f in job.remote_files)
