"""Jobs of several services side by side: one that is slow, down or refuses delays and stops no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from app.domain.job import Job
from app.domain.problem import ProblemError

Act = Callable[[Job], Awaitable[None]]


def by_service(jobs: Iterable[Job]) -> tuple[tuple[Job, ...], ...]:
    """The jobs of each service, in the order in which they were given."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.service_id, []).append(job)
    return tuple(tuple(each) for each in found.values())


async def at_each_service(jobs: Sequence[Job], act: Act) -> ProblemError | None:
    """Do something with every job, those of one service one after the other; the first Problem, once all is
    done.
    """
    first: list[ProblemError] = []

    async def one_service(mine: Sequence[Job]) -> None:
        for job in mine:
            try:
                await act(job)
            except ProblemError as error:
                first.append(error)

    await asyncio.gather(*(one_service(mine) for mine in by_service(jobs)))
    return first[0] if first else None
