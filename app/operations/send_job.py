"""Send a job exactly once, whatever happens on the way.

The server cannot tell a repeated upload from a new one, so the program must know whether a job exists
there. Three facts are enough. A server can make a job only from a whole body. The last bytes leave only
after the phase `SEALED` is on disk. Every job carries a name that no other job has. So after any end of a
transfer, also the kill of the program: a phase before `SEALED` means that no job exists and sending may
start anew; `SEALED` means that the job may exist, and the server's list is searched for the name, for as
long as the server may need to show it, before anything is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from app.domain.changes import Changes, Noun
from app.domain.job import ENDED_STATES, REMOTE_OPEN_STATES, Job, JobState, SendPhase
from app.domain.parameter import ParameterType
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.list_jobs import list_jobs
from app.operations.tasks import TaskKind
from app.services.contract import RemoteJob, Submission
from app.store import services

log = logging.getLogger(__name__)

# After the last byte a server, or a proxy that holds the body back, may take a while to show the new job.
LOOKS_BEFORE_RESEND = 4
RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(minutes=15)


async def send_job(desk: Desk, job_id: str) -> Changes:
    """Send a job that is not at the server yet, or find it there; returns when that is settled.

    A problem that time can mend leaves the job `waiting` with the day of the next try, and is not raised.
    A problem that only the user can mend is raised and kept in the job.
    """
    async with desk.only_one(job_id) as mine:
        if not mine:
            return Changes()
        job = await desk.job(job_id)
        if job.phase is SendPhase.ANSWERED or job.state in ENDED_STATES:
            return Changes()
        service = await desk.service(job.service_id)
        if job.phase is SendPhase.SEALED:
            return await settle_sealed(desk, service, job)
        return await _send(desk, service, job)


async def _send(desk: Desk, service: Service, job: Job) -> Changes:
    sealed = False

    async def seal() -> None:
        nonlocal sealed
        await desk.update_job(
            job.id,
            "All data sent; waiting for the answer.",
            kind="request",
            phase=SendPhase.SEALED,
            sealed=desk.clock.now(),
        )
        sealed = True

    job = await desk.update_job(
        job.id,
        f"Sending to {service.name}.",
        kind="request",
        state=JobState.UPLOADING,
        phase=SendPhase.SENDING,
        problem=None,
        next_visit=None,
    )
    try:
        with desk.tasks.running_task(TaskKind.UPLOAD, f"{job.name} → {service.name}", job_id=job.id) as task:
            family, connection = desk.family(service), await desk.connection(service)
            submission = await _submission(desk, service, job)
            remote_id = await family.submit(connection, submission, task.report, seal)
    except asyncio.CancelledError:
        await asyncio.shield(_cancelled(desk, job, sealed))
        raise
    except ProblemError as error:
        return await _send_failed(desk, service, job, error.problem, sealed)
    return await _answered(desk, job, remote_id)


async def _submission(desk: Desk, service: Service, job: Job) -> Submission:
    password = await desk.secret(f"password:{job.id}") if job.password_set else None
    if job.password_set and password is None:
        raise ProblemError(
            Problem(
                kind=Kind.STORE,
                title="The password of the result is not in the keyring",
                what_happened="Without it the result could not be opened, so nothing was sent.",
                what_you_can_do="Make the job again.",
                subject=job.name,
            )
        )
    stored = await desk.store.read(lambda c: services.form(c, job.service_id, job.app_id))
    field = next((p.id for p in stored.form.of_type(ParameterType.FILES)), "files") if stored else "files"
    return Submission(
        app_id=job.app_id,
        remote_name=job.remote_name,
        files=job.files,
        files_parameter=field,
        options=job.options,
        password=password,
    )


async def _answered(desk: Desk, job: Job, remote_id: str) -> Changes:
    await desk.update_job(
        job.id,
        f"Accepted by the server as {remote_id}.",
        kind="request",
        remote_id=remote_id,
        phase=SendPhase.ANSWERED,
        state=JobState.SUBMITTED,
        submitted=desk.clock.now(),
        problem=None,
        next_visit=None,
        failed_visits=0,
    )
    return Changes.of(Noun.JOB, job.id)


async def _cancelled(desk: Desk, job: Job, sealed: bool) -> None:
    """The user stopped the transfer, or the program is being closed: then the next start goes on."""
    if desk.closing:
        return
    if sealed:
        await desk.update_job(job.id, "Stopped while waiting for the answer.", kind="decision")
        return
    await desk.update_job(
        job.id,
        "Sending was stopped; the server has nothing.",
        kind="decision",
        state=JobState.CANCELLED,
        phase=SendPhase.CHECKED,
        ended=desk.clock.now(),
    )


async def _send_failed(desk: Desk, service: Service, job: Job, problem: Problem, sealed: bool) -> Changes:
    if sealed and may_exist(problem):
        note = f"No answer: {problem.title}. Looking for the job."
        return await settle_sealed(desk, service, await desk.update_job(job.id, note, kind="request"))
    # Not sealed, or the server answered that it refuses: no job was made.
    job = await desk.update_job(job.id, phase=SendPhase.CHECKED, sealed=None)
    if problem.retry:
        return await wait_and_retry(desk, job, problem)
    state = JobState.WAITING if problem.kind is Kind.SIGN_IN else JobState.FAILED
    ended = None if state is JobState.WAITING else desk.clock.now()
    note = f"Not sent: {problem.sentence()}"
    await desk.update_job(job.id, note, kind="request", state=state, problem=problem, ended=ended)
    raise ProblemError(problem)


def may_exist(problem: Problem) -> bool:
    """Whether a job can exist after this problem: only a clear refusal by the server rules it out."""
    return problem.kind not in {Kind.REFUSED, Kind.SIGN_IN, Kind.INPUT, Kind.NOT_FOUND}


async def wait_and_retry(desk: Desk, job: Job, problem: Problem) -> Changes:
    """Leave the job waiting; each failure doubles the pause up to a quarter of an hour."""
    failures = job.failed_visits + 1
    pause = min(RETRY_FIRST * 2 ** min(failures - 1, 10), RETRY_LONGEST)
    if problem.retry_after_s is not None:
        pause = max(pause, timedelta(seconds=problem.retry_after_s))
    await desk.update_job(
        job.id,
        f"Waiting: {problem.sentence()}",
        kind="request",
        state=JobState.WAITING,
        problem=problem,
        failed_visits=failures,
        next_visit=desk.clock.now() + pause,
    )
    return Changes.of(Noun.JOB, job.id)


async def settle_sealed(desk: Desk, service: Service, job: Job) -> Changes:
    """Find a job whose answer was lost. Not found for long enough means that it was never made."""
    assert job.sealed is not None
    # The look at `enough` begins after the server had its time; an answer from before would prove nothing.
    enough = job.sealed + timedelta(seconds=LOOKS_BEFORE_RESEND * service.limits.min_poll_s)
    try:
        while True:
            began = desk.clock.now()
            found = await _find(desk, service, job)
            if found is not None:
                note = "The job is at the server; nothing is sent again."
                await desk.update_job(job.id, note, kind="request")
                return await _answered(desk, job, found.remote_id)
            if began >= enough:
                break
            await desk.pause(service.limits.min_poll_s)
    except ProblemError as error:
        return await wait_and_retry(desk, job, error.problem)
    job = await desk.update_job(job.id, phase=SendPhase.CHECKED, sealed=None)
    return await wait_and_retry(desk, job, NEVER_MADE)


NEVER_MADE = Problem(
    kind=Kind.BUSY,
    title="The server did not take the job",
    what_happened="The connection broke after the upload, and the job is not in the list of the server.",
    what_you_can_do="It is sent again by itself.",
    retry=True,
)


async def _find(desk: Desk, service: Service, job: Job) -> RemoteJob | None:
    listed = await list_jobs(desk, service, fresh=True)
    named = [remote for remote in listed if remote.name == job.remote_name]
    if len(named) > 1:
        log.error("The server has %d jobs named %s", len(named), job.remote_name)
    open_ones = [remote for remote in named if remote.state in REMOTE_OPEN_STATES]
    return next(iter(open_ones or named), None)
