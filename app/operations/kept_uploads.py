"""What an upload would need to go on is a secret: it stays in the keyring only as long as it is of use."""

from __future__ import annotations

import contextlib

from app.domain.job import OPEN_STATES, Job, SendPhase
from app.domain.problem import ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.services.abilities import KeepsUploads
from app.store import jobs


async def forget_upload(desk: Desk, job: Job, *, lapsed_only: bool = False) -> None:
    """The job is at its service, or will not be sent; with `lapsed_only` what can still go on stays."""
    with contextlib.suppress(ProblemError):  # the service may have been removed
        service = await desk.service(job.service_id)
        await _forget(desk, service, (job,), lapsed_only)


async def forget_uploads(desk: Desk, service: Service) -> None:
    """Whoever signed in has gone, or the service has: no address by which files can be written stays.

    That of a job that is there is gone already: thousands of them need not be looked for in the keyring.
    """
    every = await desk.store.read(lambda c: jobs.jobs(c, service_id=service.id))
    found = tuple(job for job in every if job.phase is not SendPhase.ANSWERED)
    with contextlib.suppress(ProblemError):
        await _forget(desk, service, found, False)


async def tidy_uploads(desk: Desk) -> None:
    """Forget what has lapsed of jobs that wait to be sent, such as those that wait for a sign-in."""
    found = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES)))
    for job in found:
        if job.is_to_send:
            await forget_upload(desk, job, lapsed_only=True)


async def _forget(desk: Desk, service: Service, found: tuple[Job, ...], lapsed_only: bool) -> None:
    family = desk.family(service)
    if not isinstance(family, KeepsUploads):
        return
    connection = await desk.connection(service, renew=False)
    for job in found:
        await family.forget_upload(connection, job.remote_name, lapsed_only=lapsed_only)
