"""One job of a described service, as its status call tells it."""

from __future__ import annotations

from typing import Any

from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.services.contract import RemoteJob
from app.services.described.answers import job_of, pick
from app.services.described.problems import does_not_fit
from app.services.described.wire import Line


async def look_at(line: Line, remote_id: str) -> tuple[RemoteJob, Any]:
    """The job and the answer that told it. ProblemError; not found where the service does not know it."""
    d = line.description
    answer = await line.data(d.status.call, id=remote_id)
    found = job_of(d, pick(answer, d.status.job), complete=True)
    if found is None:
        raise does_not_fit(f"There is no job with an id in it at “{d.status.job}”, “{d.job.id}”", remote_id)
    return found, answer


async def state_of(line: Line, remote_id: str) -> JobState | None:
    """How a job stands; None where the service does not know it. `PREPARING` is one that is not started."""
    try:
        return (await look_at(line, remote_id))[0].state
    except ProblemError as error:
        if error.problem.kind is Kind.NOT_FOUND:
            return None
        raise
