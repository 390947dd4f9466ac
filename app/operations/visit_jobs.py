"""Look after the open jobs of one service with one list request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.domain.changes import Changes, Noun
from app.domain.job import (
    ENDED_STATES,
    REMOTE_OPEN_STATES,
    Event,
    Job,
    JobFile,
    JobState,
    StepState,
)
from app.domain.notice import Notice, NoticeKind
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.group_results import tell_group
from app.operations.job_log import logged_with_job
from app.operations.list_jobs import list_jobs
from app.operations.look_at_service import learn_token
from app.operations.tell import notice, tell
from app.operations.told_apart import job_words
from app.services.abilities import ToldByUser
from app.services.contract import RemoteJob
from app.store import jobs, services
from app.store.logs import job_context

WARN_BEFORE_DELETION_H = (6, 24, 72)
MISSING_LOOKS = 2


async def visit_jobs(desk: Desk, service_id: str) -> Changes:
    """Ask the service for its list of jobs once, and bring our jobs up to date.

    One more request is made for a job only when it has just ended (the list leaves out steps and files of
    ended jobs) or is not in the list any more.
    """
    service = await desk.service(service_id)
    ours = await watched_jobs(desk, service_id)
    if not ours:
        return Changes()
    asked = desk.clock.now()
    try:
        listed = await list_jobs(desk, service)
    except ProblemError as error:
        if error.problem.kind is Kind.SIGN_IN:
            await learn_token(desk, service)
        await _visit_failed(desk, ours, error.problem)
        raise
    last = desk.last_lists.get(service_id)
    asked = min(asked, last.at) if last is not None else asked
    by_id = {remote.remote_id: remote for remote in listed}
    changes: Changes = Changes()
    first: Exception | None = None
    for job in ours:
        try:
            changes |= await _take_in(desk, service, job, by_id.get(job.remote_id or ""), asked)
        except Exception as error:  # noqa: BLE001 - raised below; one odd job must not hide the others
            first = first or error
    if first is not None:
        raise first
    return changes


@logged_with_job
async def visit_job(desk: Desk, job_id: str) -> Changes:
    """Ask for one job by itself: where the list may not be asked for yet."""
    job = await desk.job(job_id)
    service = await desk.service(job.service_id)
    asked = desk.clock.now()
    remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    return await take_in(desk, service, job, remote, asked)


async def watched_jobs(desk: Desk, service_id: str) -> tuple[Job, ...]:
    """Jobs that are open at the server, and successful ones whose results may still vanish there."""
    found = await desk.store.read(jobs.watched_jobs)
    return tuple(job for job in found if job.service_id == service_id and job.remote_id)


async def _visit_failed(desk: Desk, ours: tuple[Job, ...], problem: Problem) -> None:
    """Remember that the look failed, so that the next one comes later; the state stays as it was known."""
    now = desk.clock.now()

    def failed(job: Job) -> Job:
        open_there = job.state in REMOTE_OPEN_STATES
        return job.model_copy(
            update={
                "failed_visits": job.failed_visits + 1,
                "last_visit": now,
                "problem": problem if open_there else job.problem,
            }
        )

    for job in ours:
        await desk.change_job(job.id, failed)


async def _take_in(
    desk: Desk, service: Service, job: Job, remote: RemoteJob | None, asked: datetime
) -> Changes:
    if remote is None and isinstance(desk.family(service), ToldByUser):
        return Changes()  # its record is gone from the data folder, which says nothing of the job
    if remote is None:
        return await _not_listed(desk, service, job)
    ended = remote.state in ENDED_STATES and job.state not in ENDED_STATES
    if ended and not remote.complete:
        asked = desk.clock.now()
        try:
            remote = await desk.family(service).job(await desk.connection(service), remote.remote_id)
        except ProblemError as error:
            await _visit_failed(desk, (job,), error.problem)
            return Changes()
    return await take_in(desk, service, job, remote, asked)


async def _not_listed(desk: Desk, service: Service, job: Job) -> Changes:
    """Deleted jobs are left out of the list; ask for it by itself to be sure."""
    if job.state is JobState.SUCCESS and job.last_visit is None:
        return Changes()
    asked = desk.clock.now()
    try:
        remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    except ProblemError as error:
        if error.problem.kind is Kind.NOT_FOUND:
            return await _missing(desk, job, asked)
        await _visit_failed(desk, (job,), error.problem)
        return Changes()
    return await take_in(desk, service, job, remote, asked)


async def _missing(desk: Desk, job: Job, asked: datetime) -> Changes:
    """Deleted only when two visits in a row found nothing: a single 404 may come from a proxy."""
    now = desk.clock.now()

    def change(current: Job) -> Job:
        if _out_of_date(current, job, asked):
            return current
        looks = current.missing_looks + 1
        update: dict[str, object] = {"missing_looks": looks, "last_visit": now, "failed_visits": 0}
        if looks >= MISSING_LOOKS:
            update |= {"state": JobState.DELETED, "ended": current.ended or now}
        return current.model_copy(update=update)

    def news(before: Job, after: Job) -> Iterator[Event]:
        if before.state is not after.state:
            yield _line(after, now, "The server does not know the job any more.")
        elif after.missing_looks == 1 and before.missing_looks == 0:
            yield _line(after, now, "The server does not know the job. It is looked for once more.")

    await desk.change_job(job.id, change, also=news)
    return Changes.of(Noun.JOB, job.id)


def _out_of_date(current: Job, known: Job, asked: datetime) -> bool:
    """Whether the user decided something since the server was asked; then its answer tells of the past."""
    if current.decided is None:
        return False
    return current.decided != known.decided or asked < current.decided


async def take_in(desk: Desk, service: Service, job: Job, remote: RemoteJob, asked: datetime) -> Changes:
    """Store what the server says of a job; tell the user when it ended or its results are about to go.

    `job` is as it was known when the server was asked, `asked` the moment of the question.
    """
    now = desk.clock.now()

    def change(current: Job) -> Job:
        if _out_of_date(current, job, asked):
            return current
        looked = {"last_visit": now, "failed_visits": 0, "missing_looks": 0}
        return merged(current, remote, service).model_copy(update=looked)

    def news(before: Job, after: Job) -> Iterator[Event | Notice]:
        if before.state is not after.state:
            yield _line(after, now, _state_line(after))
            yield from _end(service, after, now)

    with job_context(job.id):
        updated = await desk.change_job(job.id, change, also=news)
        changes = Changes.of(Noun.JOB, job.id) | await warn_of_deletion(desk, service, updated)
        if updated.state is not job.state and updated.state in ENDED_STATES:
            changes |= await tell_group(desk, updated)  # the last of its group may have failed
        return changes


def _line(job: Job, at: datetime, text: str) -> Event:
    return Event(at=at, kind="state", text=text, job_id=job.id, service_id=job.service_id)


_OVER = frozenset({JobState.SUCCESS, JobState.EXPIRED, JobState.DELETED})


_PAST = frozenset({JobState.SUCCESS, JobState.CANCELLED, JobState.DELETED})
"""Where a job was at when it ended so tells nothing any more; of one that failed it may."""


def merged(job: Job, remote: RemoteJob, service: Service) -> Job:
    """Our job with the server's news; what the server leaves out of a list is kept.

    A job that has come to its good end never goes back to work, whatever a server says of it later: its
    result would be fetched, and told of, anew. Only a person may take back a word of his own.
    """
    if job.state in _OVER and remote.state in REMOTE_OPEN_STATES and not service.is_by_hand:
        return job
    update: dict[str, object] = {
        "state": remote.state,
        "raw_state": remote.raw_state,
        "progress": remote.progress,
        "step": remote.step or ("" if remote.state in _PAST else job.step),
        "queue_position": remote.queue_position,
        "started": remote.started or job.started,
        "ended": remote.ended or job.ended,
        "expires": remote.expires or job.expires or _guess_expiry(remote, service),
        "problem": None,
    }
    if remote.state is JobState.UNKNOWN and job.state in ENDED_STATES:
        update["state"] = job.state
    if remote.complete or remote.steps:
        update["steps"] = remote.steps
    if remote.files:
        update["remote_files"] = merged_files(job.remote_files, tuple(f.file for f in remote.files))
    if remote.state is JobState.FAILED:
        update["problem"] = remote.problem or failure(remote, here=service.is_here)
    return job.model_copy(update=update)


def merged_files(known: tuple[JobFile, ...], told: tuple[JobFile, ...]) -> tuple[JobFile, ...]:
    """The server's files with our own knowledge of what was fetched."""
    ours = {(f.group, f.name): f for f in known}
    merged = []
    for file in told:
        mine = ours.get((file.group, file.name))
        if mine is not None:
            file = file.model_copy(update={"state": mine.state, "bytes": mine.bytes, "problem": mine.problem})
        merged.append(file)
    return tuple(merged)


def _guess_expiry(remote: RemoteJob, service: Service) -> object:
    if remote.state is not JobState.SUCCESS or remote.ended is None:
        return None
    if service.limits.retention_days is None:
        return None
    return remote.ended + timedelta(days=service.limits.retention_days)


_SUMMARY = "Summary"
_NO_REASON = frozenset({"Pipeline execution failed."})
"""What a server says at the end of every job that failed, whatever the reason."""


def failure(remote: RemoteJob, *, here: bool = False) -> Problem:
    """Why a job failed, in the server's words; a server often gives no reason, and then that is said.

    `here`: this computer did the work, and there is no server to speak of.
    """
    told = [m.text for s in remote.steps for m in s.messages if m.kind == "error" and m.text.strip()]
    errors = [text for text in told if text.strip() not in _NO_REASON]
    failed = (s.name for s in remote.steps if s.state is StepState.FAILED and s.name != _SUMMARY)
    failed_step = next(failed, "")
    if here and not errors:
        what = "The work ended without giving a reason."
        do = "Look at the log of this program, and send the job again."
    elif not remote.steps:
        what = "The server ended the job before its first step and gives no reason."
        do = "Often the panel is not installed or not open to you. Choose another panel, or ask the service."
    elif not errors:
        what = f"The server gives no reason{f' (step {failed_step})' if failed_step else ''}."
        do = "Look at the messages and the server's log, or send it again."
    else:
        what, do = errors[0], "Mend the files as the message says, check them again and send a new job."
    return Problem(
        kind=Kind.REFUSED,
        title="The job failed on this computer" if here else "The job failed at the server",
        what_happened=what,
        what_you_can_do=do,
        subject=remote.remote_id,
        details="\n".join(errors[1:]),
    )


STATE_WORDS = {
    JobState.PREPARING: "Being prepared",
    JobState.WAITING: "Waiting",
    JobState.UPLOADING: "Being sent",
    JobState.SUBMITTED: "At the service",
    JobState.QUEUED: "In the queue of the service",
    JobState.RUNNING: "The service is at work on it",
    JobState.EXPORTING: "The service writes the result",
    JobState.SUCCESS: "Done",
    JobState.FAILED: "Failed at the service",
    JobState.CANCELLED: "Cancelled",
    JobState.EXPIRED: "The service has deleted the result",
    JobState.DELETED: "Deleted at the service",
    JobState.UNKNOWN: "In a state that this program does not know",
}


def _state_line(job: Job) -> str:
    raw = f" (server: {job.raw_state})" if job.raw_state is not None else ""
    return f"{STATE_WORDS[job.state]}{raw}."


def _end(service: Service, job: Job, at: datetime) -> Iterator[Notice]:
    """What to tell of a job that has just ended."""
    if job.state is JobState.SUCCESS:
        body = f"{service.name} has finished it. The result is fetched now."
        if not job.fetch_wanted:
            body = f"{service.name} has finished it. Fetch the result before it is deleted."
        kind, title, key = (
            NoticeKind.JOB_DONE,
            f"{job_words(job, service.name)} is done",
            f"end:{job.id}:success",
        )
    elif job.state is JobState.FAILED:
        body = job.problem.what_happened if job.problem else ""
        kind, title = NoticeKind.JOB_FAILED, f"{job_words(job, service.name)} failed"
        key = f"end:{job.id}:failed:{job.remote_id}"
    else:
        return
    yield notice(at, kind, title, body, key=key, job_id=job.id, service_id=service.id)


async def warn_of_deletion(desk: Desk, service: Service, job: Job) -> Changes:
    """72, 24 and 6 hours before the server deletes a result that is not on this computer yet."""
    by_hand = isinstance(desk.family(service), ToldByUser)
    may_go = job.state is JobState.SUCCESS or (by_hand and job.state in REMOTE_OPEN_STATES)
    if not may_go or job.expires is None or job.is_fetched:
        return Changes()
    left = job.expires - desk.clock.now()
    limit = next((h for h in WARN_BEFORE_DELETION_H if left <= timedelta(hours=h)), None)
    if limit is None or left <= timedelta(0):
        return Changes()
    hours = max(1, int(left.total_seconds() // 3600))
    return await tell(
        desk,
        NoticeKind.DELETION_NEAR,
        f"The result of {job.name} is deleted in {hours} h",
        f"{service.name} deletes it. {'Bring it from its page' if by_hand else 'Fetch it'} now.",
        key=f"deletion:{job.id}:{limit}",
        job_id=job.id,
        service_id=service.id,
    )


async def remind(desk: Desk) -> Changes:
    """Warn of every deletion that is near, without asking any service."""
    known = {s.id: s for s in await desk.store.read(services.services)}
    waiting = await desk.store.read(jobs.watched_jobs)
    changes = Changes()
    for job in waiting:
        if job.service_id in known:
            changes |= await warn_of_deletion(desk, known[job.service_id], job)
    return changes
