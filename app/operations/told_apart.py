"""What results are called side by side: those of one submission have one name and differ by service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.domain.job import Job
from app.operations.desk import Desk
from app.store import services


async def job_names(desk: Desk, named: Sequence[tuple[str, Job | None]]) -> tuple[str, ...]:
    """The names of results, told apart by the services and panels of their jobs where they are the same."""
    wanted = {job.service_id for _, job in named if job is not None}
    known = await desk.store.read(lambda c: {each: services.service(c, each) for each in wanted})
    names = {each: service.name for each, service in known.items() if service is not None}
    return told_apart(
        [(name, *place(job, names.get(job.service_id) if job else None)) for name, job in named]
    )


def job_words(job: Job, service: str) -> str:
    """What a job is called in a notice; of those that were sent together it has to be said which it is."""
    return f"{job.name} at {service}" if job.group is not None else job.name


def place(job: Job | None, service: str | None) -> tuple[str, str]:
    """Where a job was done: its service (its id where that was removed) and its panel."""
    if job is None:
        return "", ""
    return service or job.service_id, job.panel_name or job.panel_id


def told_apart(named: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    """Name, service and panel of each in words: the name alone, and the others where they are needed.

    What is the same in all of it is numbered.
    """
    shown = [each[0] for each in named]
    for depth in (2, 3):
        count = Counter(shown)
        shown = [
            ", ".join(filter(None, each[:depth])) if count[mine] > 1 else mine
            for mine, each in zip(shown, named, strict=True)
        ]
    count, seen = Counter(shown), Counter[str]()
    for n, mine in enumerate(shown):
        seen[mine] += 1
        if count[mine] > 1:
            shown[n] = f"{mine} ({seen[mine]})"
    return tuple(shown)
