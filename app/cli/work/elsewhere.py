"""`jobs elsewhere`: the mirrors of a job that waits."""

from __future__ import annotations

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.find import find_job
from app.domain.job import Job
from app.operations.desk import Desk
from app.operations.fail_over import Mirror, mirrors_of

HEADS = ("service", "panel", "name of the panel", "build", "score")


def elsewhere(session: Session, named: str) -> None:
    """List them, best first; nothing is sent and the job stays as it is."""

    async def work(desk: Desk) -> tuple[Job, tuple[Mirror, ...]]:
        job = await find_job(desk, named)
        return job, await mirrors_of(desk, job.id)

    job, found = with_desk(session, work)
    answer: dict[str, object] = {
        "job": job.id,
        "mirrors": [
            {"service": m.service.id, "panel": m.panel.id, "build": m.panel.build, "score": m.service.score}
            for m in found
        ],
    }
    rows = [(m.service.id, m.panel.id, m.panel.name, m.panel.build, m.service.score) for m in found]
    session.out.answer(answer, table(HEADS, rows, "No other service could take it now."))
