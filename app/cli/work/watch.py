"""Waits for jobs: sends what still waits here and looks at the services when the plan says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.cli.work.side_by_side import by_service
from app.domain.job import ENDED_STATES, Job, JobState
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.list_jobs import may_list_now
from app.operations.send_job import send_job
from app.operations.visit_jobs import visit_job, visit_jobs
from app.scheduler.plan import next_look

LONGEST_NAP_S = 30.0
SHORTEST_NAP_S = 0.2

Tell = Callable[[str], None]


async def watch(desk: Desk, job_ids: tuple[str, ...], tell: Tell) -> tuple[Job, ...]:
    """Look at once, then as the scheduler would, until all these jobs have ended; tells each change.

    A service that is down or busy is waited for, and holds up no other. A problem that only the user can mend
    is told at once, and raised when the jobs of all other services have ended.
    """
    services = by_service([await desk.job(each) for each in job_ids])
    found = await asyncio.gather(*(_watched(desk, mine, tell, alone=len(services) == 1) for mine in services))
    failed = next((each for each in found if each is not None), None)
    if failed is not None:
        raise failed
    return tuple([await desk.job(each) for each in job_ids])


async def _watched(desk: Desk, jobs: Sequence[Job], tell: Tell, *, alone: bool) -> ProblemError | None:
    """Watch the jobs of one service; what only the user can mend is told unless it is `alone`."""
    try:
        await _watch_service(desk, tuple(job.id for job in jobs), tell)
    except ProblemError as error:
        if not alone:
            name = (await desk.service(jobs[0].service_id)).name
            tell(f"{name}: {error.problem.sentence()}")
        return error
    return None


async def _watch_service(desk: Desk, job_ids: tuple[str, ...], tell: Tell) -> None:
    told: dict[str, str] = {}
    looked: set[str] = set()
    while True:
        found = await _tell_changes(desk, job_ids, told, tell)
        waiting = [job for job in found if job.state not in ENDED_STATES]
        if not waiting:
            return
        due = [await _step(desk, job, looked) for job in waiting]
        found = await _tell_changes(desk, job_ids, told, tell)
        if any(job.state not in ENDED_STATES for job in found):
            await _rest(_nap(min(due), desk.clock.now()))


async def _rest(seconds: float) -> None:
    await asyncio.sleep(seconds)


def _nap(until: datetime, now: datetime) -> float:
    return max(SHORTEST_NAP_S, min((until - now).total_seconds(), LONGEST_NAP_S))


async def _tell_changes(
    desk: Desk, job_ids: tuple[str, ...], told: dict[str, str], tell: Tell
) -> tuple[Job, ...]:
    found = tuple([await desk.job(job_id) for job_id in job_ids])
    for job in found:
        line = job_line(job)
        if told.get(job.id) != line:
            told[job.id] = line
            tell(line)
    return found


async def _step(desk: Desk, job: Job, looked: set[str]) -> datetime:
    """Send or look when it is time; gives the time of the next step."""
    now = desk.clock.now()
    service = await desk.service(job.service_id)
    if job.is_to_send:
        if job.next_visit is None or job.next_visit <= now:
            await send_job(desk, job.id)
        return (await desk.job(job.id)).next_visit or now
    due = next_look(job, service, now)
    if job.service_id not in looked or due is None or due <= now:
        await _look(desk, service, job, first=job.service_id not in looked)
        looked.add(job.service_id)
    return next_look(await desk.job(job.id), service, desk.clock.now()) or now + timedelta(
        seconds=service.limits.min_poll_s
    )


async def _look(desk: Desk, service: Service, job: Job, *, first: bool) -> None:
    try:
        if first and not await may_list_now(desk, service):
            await visit_job(desk, job.id)
        else:
            await visit_jobs(desk, service.id)
    except ProblemError as error:
        if not can_wait(error.problem):
            raise


def can_wait(problem: Problem) -> bool:
    """Whether time alone may mend a problem."""
    return problem.kind in {Kind.BUSY, Kind.NO_NETWORK}


def job_line(job: Job) -> str:
    """How a job stands, in a line."""
    parts = [job.id, str(job.state)]
    if job.state is JobState.UNKNOWN:
        parts.append(f"(raw {job.raw_state})")
    if job.queue_position:
        parts.append(f"position {job.queue_position} in the queue")
    if job.progress is not None and job.state is JobState.RUNNING:
        parts.append(f"{job.progress * 100:.0f} %")
    if job.step and job.state not in ENDED_STATES:
        parts.append(job.step)
    if job.problem is not None:
        parts.append(job.problem.sentence())
    return "  ".join(parts)
