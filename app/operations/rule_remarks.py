"""A result under a rule that comes from another host than those of its service is told of.

It is taken: refusing it would bring no data back. But the service keeps data where nobody said that it does.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from app.domain.job import Event, Job
from app.domain.problem import ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.residency import hosts_for, rule_of_job
from app.store import jobs
from app.transport.confined import is_among, received


@contextlib.asynccontextmanager
async def told_of_hosts(desk: Desk, service: Service, job: Job) -> AsyncIterator[None]:
    """Files of a result are fetched within the block; those that come from elsewhere are told of."""
    with received() as hosts:
        try:
            yield
        finally:
            with contextlib.suppress(ProblemError):
                await _tell(desk, service, job, frozenset(hosts))


async def _tell(desk: Desk, service: Service, job: Job, hosts: frozenset[str]) -> None:
    allowed = await hosts_for(desk, service, job) if hosts else None
    strange = sorted(each for each in hosts if allowed is not None and not is_among(each, allowed))
    rule = await rule_of_job(desk, job) if strange else None
    if rule is None:
        return
    text = (
        f"Files of this result came from {', '.join(strange)}, to which {service.name} pointed. Where that "
        f"keeps data is not known, and these data may go only to: {rule.words()}. Ask its operator."
    )
    known = await desk.store.read(lambda c: jobs.events(c, job_id=job.id))
    if all(each.text != text for each in known):
        await desk.note(
            Event(at=desk.clock.now(), kind="state", text=text, job_id=job.id, service_id=service.id)
        )
