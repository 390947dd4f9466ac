"""Send a job exactly once, whatever happens on the way.

The server cannot tell a repeated upload from a new one, so the program must know whether a job exists
there. Three facts are enough. A server can make a job only from a whole body. The last bytes leave only
after the phase `SEALED` is on disk. Every job carries a name that no other job has. So after any end of a
transfer, also the kill of the program: a phase before `SEALED` means that no job exists and sending may
start anew; `SEALED` means that the job may exist, and the server's list is searched for the name, for as
long as the server may need to show it, before anything is sent again.

A cancel may come from another process at any moment. Every change of phase therefore looks at the job as it
is in the store, and a job that has ended is never brought back to life.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile
from app.domain.job import ENDED_STATES, REMOTE_OPEN_STATES, Job, JobState, SendPhase
from app.domain.parameter import ParameterType
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.service import Service
from app.operations.by_hand import show_prepared
from app.operations.desk import Desk
from app.operations.institution_stop import refuse_stopped
from app.operations.job_log import logged_with_job
from app.operations.kept_uploads import forget_upload
from app.operations.list_jobs import list_jobs, wait_for_turn
from app.operations.look_at_service import learn_token
from app.operations.preflight import recheck
from app.operations.residency import refuse_forbidden, rule_of_job
from app.operations.rule_files import rule_text
from app.operations.sending_watch import confinement, while_allowed
from app.operations.tasks import TaskKind
from app.services.abilities import UNSEARCHABLE, FindsRuns, SendsMore, ToldByUser
from app.services.contract import RemoteJob, Submission
from app.store import services
from app.store.secrets import password_name
from app.transport.confined import Confinement, confined

log = logging.getLogger(__name__)

# After the last byte a server, or a proxy that holds the body back, may take long to show the new job. The
# searches grow apart: 1, 2, 4 … times the pace of the service; half an hour at one that is asked each minute.
PATIENCE = 30
SECONDS_PER_BYTE = 1 / 10_000_000
LOOKS_BEFORE_RESEND = 4
RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(minutes=15)
FRESH = timedelta(minutes=1)
BEFORE_SEAL = frozenset({SendPhase.DRAFT, SendPhase.CHECKED, SendPhase.SENDING})
MENDED_BY_TIME = frozenset({Kind.BUSY, Kind.NO_NETWORK, Kind.STORE, Kind.DISK})


@logged_with_job
async def send_job(desk: Desk, job_id: str) -> Changes:
    """Send a job that is not at the server yet, or look for it there; one step, then it returns.

    A problem that time can mend leaves the job `waiting` with the moment of the next step, and is not
    raised. A problem that only the user can mend is raised and kept in the job.
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
        return await _try(desk, service, job)


async def _try(desk: Desk, service: Service, job: Job) -> Changes:
    """Look again at what was looked at when the job was made, unless that was just now; then send."""
    try:
        if job.sealed_before:
            found = await _find(desk, service, job)
            if found is not None:
                return await _adopted(desk, service, job, found)
        if job.failed_visits or desk.clock.now() - job.created > FRESH:
            await _refuse(desk, job)
    except ProblemError as error:
        return await _not_sent(desk, service, job, error.problem)
    return await _send(desk, service, job)


async def _refuse(desk: Desk, job: Job) -> None:
    obstacles = await recheck(desk, job)
    if obstacles:
        raise ProblemError(obstacles[0].problem)


class _Ended(ProblemError):
    """The job was cancelled by somebody else while it was being sent."""

    def __init__(self) -> None:
        what = "It was cancelled by another window or command."
        super().__init__(Problem(kind=Kind.CANCELLED, title="Sending was stopped", what_happened=what))


async def _send(desk: Desk, service: Service, job: Job) -> Changes:
    sealed = False
    along: tuple[DataFile, ...] = ()
    limit = Confinement(None)

    async def seal() -> None:
        nonlocal sealed
        # Sending may have taken hours; where data may go, or where the service is, may have changed.
        await refuse_forbidden(desk, await desk.service(service.id), job, along)
        await limit.look()
        at = desk.clock.now()
        await _step(desk, job, _at_the_seal(desk, service), SendPhase.SENDING,
                    phase=SendPhase.SEALED, sealed=at, sealed_before=True, looks=0)  # fmt: skip
        sealed = True

    try:
        await _step(desk, job, _beginning(desk, service), job.phase, state=JobState.UPLOADING,
                    phase=SendPhase.SENDING, problem=None, next_visit=None)  # fmt: skip
        with desk.tasks.running_task(TaskKind.UPLOAD, f"{job.name} → {service.name}", job_id=job.id) as task:
            service = await desk.service(service.id)
            family, connection = desk.family(service), await desk.connection(service)
            submission = await _submission(desk, service, job)
            await refuse_forbidden(desk, service, job)
            await refuse_stopped(desk, service)
            if isinstance(family, SendsMore):
                along = await family.files_along(connection, submission)
                await refuse_forbidden(desk, service, job, along)
            limit = await confinement(desk, service, job, along, lambda: sealed)
            with confined(limit):
                sending = family.submit(connection, submission, task.report, seal)
                remote_id = await while_allowed(desk, sending, limit, lambda: sealed)
    except _Ended:
        return Changes.of(Noun.JOB, job.id)
    except asyncio.CancelledError:
        await asyncio.shield(_stopped(desk, job, sealed))
        raise
    except ProblemError as error:
        return await _send_failed(desk, service, job, error.problem, sealed)
    return await _answered(desk, service, job, remote_id)


def _at_the_seal(desk: Desk, service: Service) -> str:
    by_hand = isinstance(desk.family(service), ToldByUser)
    return "All files are written." if by_hand else "All data sent; waiting for the answer."


def _beginning(desk: Desk, service: Service) -> str:
    by_hand = isinstance(desk.family(service), ToldByUser)
    return f"Preparing the files for {service.name}." if by_hand else f"Sending to {service.name}."


async def _step(desk: Desk, job: Job, event: str, expected: SendPhase, **fields: object) -> Job:
    """Go on only from the phase in which we left the job; raises _Ended for one that was cancelled."""

    def change(current: Job) -> Job:
        if current.state in ENDED_STATES or current.phase is not expected:
            raise _Ended()
        return current.model_copy(update=fields)

    return await desk.change_job(job.id, change, event, kind="request")


async def _submission(desk: Desk, service: Service, job: Job) -> Submission:
    password = await desk.secret(password_name(job.id)) if job.password_set else None
    if job.password_set and password is None:
        raise problem(
            Kind.INPUT,
            "The password of the result is not in the keyring",
            "Without it the result could not be opened, so nothing was sent.",
            "Make the job again.",
            subject=job.name,
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
        rule_text=rule_text(rule) if (rule := await rule_of_job(desk, job)) is not None else "",
    )


async def _answered(desk: Desk, service: Service, job: Job, remote_id: str) -> Changes:
    """Write the server's id down, whatever else happened; a cancel that came meanwhile is carried out."""
    at = desk.clock.now()

    def change(current: Job) -> Job:
        return current.model_copy(
            update={
                "remote_id": remote_id,
                "phase": SendPhase.ANSWERED,
                "state": JobState.SUBMITTED,
                "cancel_wanted": current.cancel_wanted or current.state is JobState.CANCELLED,
                "submitted": at,
                "ended": None,
                "problem": None,
                "next_visit": None,
                "failed_visits": 0,
            }
        )

    line = f"Accepted by the server as {remote_id}."
    if isinstance(desk.family(service), ToldByUser):
        line = "The files are prepared."
    job = await desk.change_job(job.id, change, line, kind="request")
    await forget_upload(desk, job)  # also of a run whose start was never answered
    if isinstance(desk.family(service), ToldByUser) and not job.cancel_wanted:
        return await show_prepared(desk, service, job)
    if job.cancel_wanted and not desk.family(service).capabilities.cancel:
        why = desk.family(service).capabilities.why_not.get("cancel", "")
        await desk.update_job(job.id, f"It goes on. {why}", kind="decision", cancel_wanted=False)
    elif job.cancel_wanted:
        await cancel_there(desk, service, job)
    return Changes.of(Noun.JOB, job.id)


async def cancel_there(desk: Desk, service: Service, job: Job) -> None:
    """Cancel a job at the server; the next look at its list tells whether it worked."""
    remote = await desk.family(service).cancel(await desk.connection(service), job.remote_id or "")
    desk.forget_list(service.id)
    ended = desk.clock.now() if remote.state in ENDED_STATES else None
    by_hand = isinstance(desk.family(service), ToldByUser)
    await desk.update_job(
        job.id,
        "You gave it up. What runs on the page has to be stopped there."
        if by_hand
        else "Cancelled at the server.",
        kind="decision",
        state=remote.state,
        raw_state=remote.raw_state,
        ended=ended,
        decided=desk.clock.now(),
        cancel_wanted=False,
        problem=None,
    )


async def _stopped(desk: Desk, job: Job, sealed: bool) -> None:
    """The user stopped the transfer, or the program is being closed: then the next start goes on."""
    if desk.closing:
        return
    if sealed:
        note = "Stopped while waiting for the answer; it is cancelled as soon as it is found at the server."
        await desk.update_job(job.id, note, kind="decision", cancel_wanted=True)
        return
    await cancelled_here(desk, job.id, "Sending was stopped; the server has nothing.")


async def cancelled_here(desk: Desk, job_id: str, note: str) -> bool:
    """End a job that cannot be at the server; False when it may be there by now, and is left alone."""
    ended = False
    at = desk.clock.now()

    def change(current: Job) -> Job:
        nonlocal ended
        ended = current.state not in ENDED_STATES and current.phase in BEFORE_SEAL
        if not ended:
            return current
        update = {"state": JobState.CANCELLED, "ended": at, "decided": at, "next_visit": None}
        return current.model_copy(update=update)

    job = await desk.change_job(job_id, change, note, kind="decision")
    if ended:
        await forget_upload(desk, job)
    return ended


async def _send_failed(desk: Desk, service: Service, job: Job, why: Problem, sealed: bool) -> Changes:
    if sealed and may_exist(why):
        note = f"No answer: {why.title}. Looking for the job."
        return await settle_sealed(desk, service, await desk.update_job(job.id, note, kind="request"))
    return await _not_sent(desk, service, job, why)


async def _not_sent(desk: Desk, service: Service, job: Job, why: Problem) -> Changes:
    """No body left whole, or the server answered that it refuses: no job was made."""
    job = await desk.change_job(job.id, _open_again)
    if job.state in ENDED_STATES:
        return Changes.of(Noun.JOB, job.id)
    if why.kind is Kind.SIGN_IN:
        await learn_token(desk, service)
    if why.retry or why.kind in MENDED_BY_TIME:
        return await wait_and_retry(desk, job, why)
    if why.kind is Kind.SIGN_IN:
        await wait_and_retry(desk, job, why)
        raise ProblemError(why)
    note = f"Not sent: {why.sentence()}"
    ended = desk.clock.now()
    await desk.update_job(job.id, note, kind="request", state=JobState.FAILED, problem=why, ended=ended)
    await forget_upload(desk, job)
    raise ProblemError(why)


def _open_again(job: Job) -> Job:
    if job.state in ENDED_STATES:
        return job
    return job.model_copy(update={"phase": SendPhase.CHECKED, "sealed": None, "sealed_before": False})


def may_exist(why: Problem) -> bool:
    """Whether a job can exist after this problem: only a clear refusal by the server rules it out."""
    return why.kind not in {Kind.REFUSED, Kind.SIGN_IN, Kind.INPUT, Kind.NOT_FOUND}


async def wait_and_retry(desk: Desk, job: Job, why: Problem) -> Changes:
    """Leave the job waiting; each failure doubles the pause up to a quarter of an hour."""
    failures = job.failed_visits + 1
    pause = min(RETRY_FIRST * 2 ** min(failures - 1, 10), RETRY_LONGEST)
    if why.retry_after_s is not None:
        pause = max(pause, timedelta(seconds=min(why.retry_after_s, 86_400)))
    return await _wait(desk, job, why, pause, failures)


async def _wait(desk: Desk, job: Job, why: Problem, pause: timedelta, failures: int) -> Changes:
    at = desk.clock.now() + pause

    def change(current: Job) -> Job:
        if current.state in ENDED_STATES:
            return current
        update = {
            "state": JobState.WAITING,
            "problem": why,
            "failed_visits": failures,
            "next_visit": at,
            "looks": job.looks,
        }
        return current.model_copy(update=update)

    await desk.change_job(job.id, change, f"Waiting: {why.sentence()}", kind="request")
    return Changes.of(Noun.JOB, job.id)


async def settle_sealed(desk: Desk, service: Service, job: Job) -> Changes:
    """Search once for a job whose answer was lost. Not found for long enough means: it was never made."""
    assert job.sealed is not None
    pace = timedelta(seconds=service.limits.min_poll_s)
    size = sum(f.size for f in job.files)
    enough = job.sealed + PATIENCE * pace + timedelta(seconds=size * SECONDS_PER_BYTE)
    began = desk.clock.now()
    try:
        found = await _find(desk, service, job)
    except ProblemError as error:
        if job.cancel_wanted and error.problem.details.startswith(UNSEARCHABLE):
            return await _let_go(desk, job)
        return await wait_and_retry(desk, job, error.problem)
    if found is not None:
        return await _adopted(desk, service, job, found)
    job = job.model_copy(update={"looks": job.looks + 1})
    if began < enough or job.looks < LOOKS_BEFORE_RESEND:
        pause = min(pace * 2 ** min(job.looks - 1, 10), RETRY_LONGEST)
        return await _wait(desk, job, LOOKING, pause, job.failed_visits)
    if job.cancel_wanted:
        await desk.change_job(job.id, _never_there)
        await cancelled_here(desk, job.id, "Cancelled; the server never made it.")
        return Changes.of(Noun.JOB, job.id)
    job = await desk.change_job(job.id, _never_there)
    return await wait_and_retry(desk, job, NEVER_MADE)


async def _let_go(desk: Desk, job: Job) -> Changes:
    """Where a service can never tell, the person may: the job ends here, and nothing is claimed of there."""
    await desk.change_job(job.id, _never_there)
    note = "Cancelled here. Whether it runs at the service cannot be found out: ask its operator."
    await cancelled_here(desk, job.id, note)
    return Changes.of(Noun.JOB, job.id)


def _never_there(job: Job) -> Job:
    """Back to the phase before sending, but the list is searched once more before the next try."""
    return job.model_copy(update={"phase": SendPhase.CHECKED, "sealed": None})


LOOKING = Problem(
    kind=Kind.BUSY,
    title="No answer came after the upload",
    what_happened="The service may have made the job; its list is searched until that is certain.",
    what_you_can_do="Nothing is sent again before that.",
    retry=True,
)
NEVER_MADE = Problem(
    kind=Kind.BUSY,
    title="The server did not take the job",
    what_happened="The connection broke after the upload, and the job is not in the list of the server.",
    what_you_can_do="It is sent again by itself.",
    retry=True,
)


async def _adopted(desk: Desk, service: Service, job: Job, found: RemoteJob) -> Changes:
    await desk.update_job(job.id, "The job is at the server; nothing is sent again.", kind="request")
    return await _answered(desk, service, job, found.remote_id)


async def _find(desk: Desk, service: Service, job: Job) -> RemoteJob | None:
    family = desk.family(service)
    if isinstance(family, FindsRuns) and not family.capabilities.names_in_list:
        await wait_for_turn(desk, service)
        since = job.sealed or job.created
        return await family.find(await desk.connection(service), job.remote_name, since)
    listed = await list_jobs(desk, service, fresh=True)
    named = [remote for remote in listed if remote.name == job.remote_name]
    if len(named) > 1:
        log.error("The server has %d jobs named %s", len(named), job.remote_name)
    open_ones = [remote for remote in named if remote.state in REMOTE_OPEN_STATES]
    return next(iter(open_ones or named), None)
