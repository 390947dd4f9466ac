"""Cancel a job, start it again, forget it."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.job import ENDED_STATES, Job, JobState, SendPhase
from app.domain.names import new_id, new_password, remote_job_name
from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.job_log import logged_with_job
from app.operations.kept_uploads import forget_upload
from app.operations.preflight import recheck
from app.operations.result_rule import leave_rule_of_result
from app.operations.send_job import BEFORE_SEAL, cancel_there, cancelled_here, send_job
from app.operations.sent_record import forget_sent
from app.store import jobs, results
from app.store.secrets import password_name
from app.store.store import Connection as StoreConnection

WAIT_FOR_UPLOAD_S = 5.0


@logged_with_job
async def cancel_job(desk: Desk, job_id: str) -> Changes:
    """Stop a job wherever it is: on this computer, on its way, or at the server.

    A job that may be at the server without our knowing is not called cancelled before that is certain: it
    is searched for, and cancelled as soon as it is found.
    """
    job = await desk.job(job_id)
    if job.state in ENDED_STATES:
        return Changes()
    if job.phase in BEFORE_SEAL and await cancelled_here(desk, job_id, CANCELLED_HERE):
        # First the word, then the transfer: another process reads it before its last bytes leave.
        await _stop_sending(desk, job)
        return Changes.of(Noun.JOB, job_id)
    service = await desk.service(job.service_id)
    if job.phase is SendPhase.ANSWERED:
        _refuse_cancel(desk, service)
    job = await desk.update_job(job_id, "You cancelled it.", kind="decision", cancel_wanted=True)
    if job.phase is SendPhase.ANSWERED:
        await cancel_there(desk, service, job)
        return Changes.of(Noun.JOB, job_id)
    await _stop_sending(desk, job)
    return await send_job(desk, job_id) | Changes.of(Noun.JOB, job_id)


def _refuse_cancel(desk: Desk, service: Service) -> None:
    """A service that cannot stop a job is not asked, and nothing is written down as if it had been."""
    told = desk.family(service).capabilities
    if not told.cancel:
        raise problem(
            Kind.REFUSED, "The job cannot be stopped", told.why_not.get("cancel", ""), subject=service.name
        )


CANCELLED_HERE = "Cancelled before it was at the server."


async def _stop_sending(desk: Desk, job: Job) -> None:
    """End the running upload and wait until it has written down where it stood."""
    for task in desk.tasks.of_job(job.id):
        task.cancel()
    waited = 0.0
    while desk.tasks.of_job(job.id) and waited < WAIT_FOR_UPLOAD_S:
        await asyncio.sleep(0.05)
        waited += 0.05


@logged_with_job
async def restart_job(desk: Desk, job_id: str) -> Changes:
    """Try again: at the server for a job that it lost, else send the same files as a new job of the server.

    A job that is still on its way is tried at once instead of at its next turn.
    """
    job = await desk.job(job_id)
    if job.is_to_send:
        return await send_job(desk, job_id)
    if job.raw_state == -1 and job.remote_id:
        service = await desk.service(job.service_id)
        await desk.family(service).restart(await desk.connection(service), job.remote_id)
        await desk.update_job(job.id, "Asked the server to start it again.", kind="decision")
        return Changes.of(Noun.JOB, job.id)
    if job.state not in {JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.DELETED}:
        raise problem(
            Kind.INPUT,
            "Nothing to try again",
            f"{job.name} is {job.state}.",
            "Only jobs that failed, were cancelled or have expired can be sent again.",
            subject=job.name,
        )
    obstacles = await recheck(desk, job)
    if obstacles:
        raise ProblemError(obstacles[0].problem)
    again = await _copy(desk, job)
    return await send_job(desk, again.id) | Changes.of(Noun.JOB, again.id, job.id)


async def _copy(desk: Desk, job: Job) -> Job:
    """A new job with the files, options and consents of an ended one; the old one keeps its history.

    Two calls at once make one job: the old one says by which it was replaced.
    """
    new = new_id("job")
    await desk.change_job(job.id, partial(_replaced, new), "Sent again as a new job.", kind="decision")
    again = Job(
        id=new,
        remote_name=remote_job_name(job.name, new),
        state=JobState.PREPARING,
        phase=SendPhase.CHECKED,
        created=desk.clock.now(),
        **{
            field: getattr(job, field)
            for field in (
                "name", "group", "service_id", "app_id", "panel_id", "panel_name", "dataset_id", "files",
                "options", "password_set", "override_reason", "fetch_wanted", "residency",
            )
        },
    )  # fmt: skip
    if job.password_set:
        await desk.keep_secret(password_name(again.id), SecretStr(new_password()))
    consents = await desk.store.read(lambda c: jobs.consents(c, job.id))

    def write(c: StoreConnection) -> None:
        jobs.save_job(c, again)
        for consent in consents:
            jobs.save_consent(c, consent.model_copy(update={"job_id": again.id}))

    try:
        await desk.store.write(write)
    except ProblemError:
        await desk.forget_secret(password_name(again.id))  # there is no job of it
        raise
    return await desk.update_job(again.id, f"Sent again after {job.remote_id or job.id}.", kind="decision")


def _replaced(new: str, job: Job) -> Job:
    if job.sent_again_as is not None:
        raise problem(
            Kind.INPUT,
            "It was sent again already",
            f"The job {job.sent_again_as} took its place.",
            "Look at that one.",
            subject=job.name,
        )
    return job.model_copy(update={"sent_again_as": new})


@logged_with_job
async def forget_job(desk: Desk, job_id: str) -> Changes:
    """Remove an ended job from the list. Results on this computer stay; the server is not asked."""
    job = await desk.job(job_id)
    if job.state not in ENDED_STATES:
        raise problem(
            Kind.INPUT, "The job is not finished", f"{job.name} is {job.state}.", "Cancel it first."
        )
    result = await desk.store.read(lambda c: results.result_of_job(c, job_id))
    if result is not None:
        await leave_rule_of_result(desk, result.id)  # the job is gone then, and what it sent
    await desk.forget_secret(password_name(job.id))
    await forget_upload(desk, job)
    await forget_sent(desk, job.id)
    await desk.store.write(lambda c: jobs.remove_job(c, job_id))
    return desk.announce(Changes.of(Noun.JOB, job_id))
