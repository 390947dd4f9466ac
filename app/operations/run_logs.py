"""The texts that a job left at its service: error output, output, command."""

from __future__ import annotations

from app.domain.problem import Kind, problem
from app.operations.desk import Desk
from app.services.abilities import KeepsLogs, RunLog


async def run_logs(desk: Desk, job_id: str) -> tuple[RunLog, ...]:
    """The logs of a job, read now; they are not kept on this computer, for they may name people.

    Raises ProblemError for a job that is not at a service, and for a service that keeps none.
    """
    job = await desk.job(job_id)
    service = await desk.service(job.service_id)
    keeper = desk.family(service)
    if not isinstance(keeper, KeepsLogs):
        raise problem(
            Kind.REFUSED,
            "There is no log of the run",
            f"{service.name} shows no log of a run beyond the messages of the job.",
            "See its messages instead.",
            subject=job.name,
        )
    if not job.remote_id:
        raise problem(
            Kind.INPUT,
            "The job is not at the service",
            f"{job.name} has not arrived there, so it left no log.",
            "Look again when it runs.",
            subject=job.name,
        )
    return await keeper.logs(await desk.connection(service), job.remote_id)
