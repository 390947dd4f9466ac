"""Ask a service for its list of jobs, at the pace it wants, whoever asked last.

The window, the command line and a program started again share one data folder; the time of the last list
request is kept there, so that two of them together do not ask more often than one may.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.service import Service
from app.operations.desk import Desk
from app.services.contract import RemoteJob
from app.store import settings


async def list_jobs(desk: Desk, service: Service, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
    """All own jobs at a service. A call that comes too early gets the last answer, or waits if `fresh`."""
    family, connection = desk.family(service), await desk.connection(service)
    last = await last_list(desk, service.id)
    began = desk.clock.now()
    if last is not None:
        family.remember_list(connection, max(0.0, (began - last).total_seconds()))
    if last is None or fresh or (began - last).total_seconds() >= service.limits.min_poll_s:
        await _note(desk, service.id, began)
    found = await family.jobs(connection, fresh=fresh)
    if fresh:
        await _note(desk, service.id, desk.clock.now())
    return found


async def last_list(desk: Desk, service_id: str) -> datetime | None:
    """When the list was last asked for, by any program on this data folder."""
    noted = await desk.store.read(lambda c: settings.state(c, _key(service_id)))
    return datetime.fromisoformat(noted) if noted else None


async def may_list_now(desk: Desk, service: Service) -> bool:
    """Whether a list request would be answered at once instead of waiting for its turn."""
    last = await last_list(desk, service.id)
    return last is None or (desk.clock.now() - last).total_seconds() >= service.limits.min_poll_s


async def _note(desk: Desk, service_id: str, at: datetime) -> None:
    await desk.store.write(lambda c: settings.set_state(c, _key(service_id), at.isoformat()))


def _key(service_id: str) -> str:
    return f"list:{service_id}"
