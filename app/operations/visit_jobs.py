"""Look after the open jobs of one service with one list request."""

from __future__ import annotations

from datetime import timedelta

from app.domain.changes import Changes, Noun
from app.domain.job import (
    ENDED_STATES,
    REMOTE_OPEN_STATES,
    Job,
    JobFile,
    JobState,
    StepState,
)
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.list_jobs import list_jobs
from app.operations.tell import tell
from app.services.contract import RemoteJob
from app.store import jobs, services

WARN_BEFORE_DELETION_H = (6, 24, 72)


async def visit_jobs(desk: Desk, service_id: str) -> Changes:
    """Ask the service for its list of jobs once, and bring our jobs up to date.

    One more request is made for a job only when it has just ended (the list leaves out steps and files of
    ended jobs) or is not in the list any more.
    """
    service = await desk.service(service_id)
    ours = await watched_jobs(desk, service_id)
    if not ours:
        return Changes()
    try:
        listed = await list_jobs(desk, service)
    except ProblemError as error:
        await _visit_failed(desk, ours, error.problem)
        raise
    by_id = {remote.remote_id: remote for remote in listed}
    changes = Changes()
    for job in ours:
        changes |= await _take_in(desk, service, job, by_id.get(job.remote_id or ""))
    return changes


async def visit_job(desk: Desk, job_id: str) -> Changes:
    """Ask for one job by itself: where the list may not be asked for yet."""
    job = await desk.job(job_id)
    service = await desk.service(job.service_id)
    remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    return await take_in(desk, service, job, remote)


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


async def _take_in(desk: Desk, service: Service, job: Job, remote: RemoteJob | None) -> Changes:
    if remote is None:
        return await _not_listed(desk, service, job)
    ended = remote.state in ENDED_STATES and job.state not in ENDED_STATES
    if ended and not remote.complete:
        try:
            remote = await desk.family(service).job(await desk.connection(service), remote.remote_id)
        except ProblemError as error:
            await _visit_failed(desk, (job,), error.problem)
            return Changes()
    return await take_in(desk, service, job, remote)


async def _not_listed(desk: Desk, service: Service, job: Job) -> Changes:
    """Deleted jobs are left out of the list; ask once to be sure."""
    if job.state is JobState.SUCCESS and job.last_visit is None:
        return Changes()
    try:
        remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    except ProblemError as error:
        if error.problem.kind is not Kind.NOT_FOUND:
            await _visit_failed(desk, (job,), error.problem)
            return Changes()
        ended = job.ended or desk.clock.now()
        note = "The server does not know the job any more."
        await desk.update_job(job.id, note, state=JobState.DELETED, ended=ended)
        return Changes.of(Noun.JOB, job.id)
    return await take_in(desk, service, job, remote)


async def take_in(desk: Desk, service: Service, job: Job, remote: RemoteJob) -> Changes:
    """Store what the server says of a job; tell the user when it ended or its results are about to go."""
    now = desk.clock.now()

    def change(current: Job) -> Job:
        return merged(current, remote, service).model_copy(update={"last_visit": now, "failed_visits": 0})

    told = change(job)
    events = [] if told.state is job.state else [_state_line(told)]
    updated = await desk.change_job(job.id, change, *events)
    changes = Changes.of(Noun.JOB, job.id)
    if updated.state is not job.state:
        changes |= await _tell_of_end(desk, service, updated)
    return changes | await warn_of_deletion(desk, service, updated)


def merged(job: Job, remote: RemoteJob, service: Service) -> Job:
    """Our job with the server's news; what the server leaves out of a list is kept."""
    update: dict[str, object] = {
        "state": remote.state,
        "raw_state": remote.raw_state,
        "progress": remote.progress,
        "step": remote.step or job.step,
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
        update["problem"] = failure(remote)
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


def failure(remote: RemoteJob) -> Problem:
    """Why a job failed, in the server's words; a server often gives no reason, and then that is said."""
    errors = [m.text for s in remote.steps for m in s.messages if m.kind == "error" and m.text.strip()]
    failed_step = next((s.name for s in remote.steps if s.state is StepState.FAILED), "")
    if not remote.steps:
        what = "The server ended the job before its first step and gives no reason."
        do = "Often the panel is not installed or not open to you. Choose another panel, or ask the service."
    elif not errors:
        what = f"The server gives no reason{f' (step {failed_step})' if failed_step else ''}."
        do = "Look at the messages and the server's log, or send it again."
    else:
        what, do = errors[0], "Mend the files as the message says, check them again and send a new job."
    return Problem(
        kind=Kind.REFUSED,
        title="The job failed at the server",
        what_happened=what,
        what_you_can_do=do,
        subject=remote.remote_id,
        details="\n".join(errors[1:]),
    )


def _state_line(job: Job) -> str:
    raw = f" (server: {job.raw_state})" if job.raw_state is not None else ""
    return f"Now {job.state}{raw}."


async def _tell_of_end(desk: Desk, service: Service, job: Job) -> Changes:
    if job.state is JobState.SUCCESS:
        body = f"{service.name} has finished it. The result is fetched now."
        if not job.fetch_wanted:
            body = f"{service.name} has finished it. Fetch the result before it is deleted."
        return await tell(
            desk,
            NoticeKind.JOB_DONE,
            f"{job.name} is done",
            body,
            key=f"end:{job.id}:success",
            job_id=job.id,
            service_id=service.id,
        )
    if job.state is JobState.FAILED:
        reason = job.problem.what_happened if job.problem else ""
        return await tell(
            desk,
            NoticeKind.JOB_FAILED,
            f"{job.name} failed",
            reason,
            key=f"end:{job.id}:failed:{job.remote_id}",
            job_id=job.id,
            service_id=service.id,
        )
    return Changes()


async def warn_of_deletion(desk: Desk, service: Service, job: Job) -> Changes:
    """72, 24 and 6 hours before the server deletes a result that is not on this computer yet."""
    if job.state is not JobState.SUCCESS or job.expires is None or job.is_fetched:
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
        f"{service.name} deletes it. Fetch it now.",
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
