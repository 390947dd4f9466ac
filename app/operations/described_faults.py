"""What a person has to mend in the description of a service, told on its page and in notices.

A stricter check of a later version can find a fault in a description that worked so far. Jobs that are there
are looked after as far as that is safe (`services.described.watching`); where it is not, it has to be said
plainly, because the service may delete results that nobody looks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

from app.domain.job import Event, Job
from app.domain.notice import Notice, NoticeKind
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.tell import notice
from app.services.abilities import HasFaults, Mending


async def fault_of(desk: Desk, service: Service) -> Mending | None:
    """What has to be mended, None where nothing has. Asks no server."""
    family = desk.family(service)
    if not isinstance(family, HasFaults):
        return None
    connection = await desk.connection(service, renew=False)
    return await asyncio.to_thread(family.to_mend, connection)


async def is_only_watched(desk: Desk, service: Service) -> bool:
    """Whether a description that has to be mended is good for its jobs, and for nothing else."""
    found = await fault_of(desk, service)
    return found is not None and found.watched


def words_of(found: Mending | None) -> str:
    """What the page of the service says; empty where nothing has to be mended."""
    if found is None:
        return ""
    goes_on = "Jobs that are there are looked after." if found.watched else "Its jobs are not watched."
    return f"{found.what.rstrip('.')}. Until then nothing new is sent to it. {goes_on}"


def news_of_fault(
    before: Service, found: Mending | None, watched: Sequence[Job], now: datetime
) -> Iterator[Event | Notice]:
    """A line of the timeline for a fault that is new or mended; a notice a day while jobs are not watched."""
    words = words_of(found)
    if words != before.to_mend:
        yield Event(at=now, kind="service", text=words or "Nothing has to be mended.", service_id=before.id)
    if found is None or found.watched or not watched:
        return
    number = "A job of it is" if len(watched) == 1 else f"{len(watched)} jobs of it are"
    yield notice(
        now,
        NoticeKind.SERVICE_CHANGED,
        f"The jobs of {before.name} are not watched",
        f"{number} at the service, and its results may be deleted there unseen. {words}",
        key=f"unwatched:{before.id}:{now.date().isoformat()}",
        service_id=before.id,
        job_id=watched[0].id,
    )
