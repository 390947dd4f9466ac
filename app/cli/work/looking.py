"""Looks at jobs so that the spacing of list requests holds between commands, each of which is a new process.

The list of jobs of a service may be asked for twice a minute at the most. When an earlier command has just
asked for it, one job is looked at by itself instead.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.job import Job
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.visit_jobs import take_in
from app.store import jobs, settings
from app.store.store import Connection


async def remember_lists(desk: Desk, service: Service) -> bool:
    """Tell the family when the list was last asked for; True when its next turn has not come yet."""
    last = await desk.store.read(lambda c: _last_list(c, service.id))
    if last is None:
        return False
    ago = max(0.0, (desk.clock.now() - last).total_seconds())
    desk.family(service).remember_list(await desk.connection(service), ago)
    return ago < service.limits.min_poll_s


def _last_list(c: Connection, service_id: str) -> datetime | None:
    noted = settings.state(c, _key(service_id))
    times = [job.last_visit for job in jobs.jobs(c, service_id=service_id) if job.last_visit is not None]
    if noted is not None:
        times.append(datetime.fromisoformat(noted))
    return max(times, default=None)


async def note_list(desk: Desk, service_id: str) -> None:
    """Remember for the next command that the list was asked for now."""
    now = desk.clock.now().isoformat()
    await desk.store.write(lambda c: settings.set_state(c, _key(service_id), now))


def _key(service_id: str) -> str:
    return f"list:{service_id}"


async def look_at_job(desk: Desk, job: Job) -> None:
    """Ask for one job by itself and bring ours up to date."""
    service = await desk.service(job.service_id)
    remote = await desk.family(service).job(await desk.connection(service), job.remote_id or "")
    await take_in(desk, service, job, remote)
