"""Tell the person once when the results of jobs that were sent together are all in, so as to compare them."""

from __future__ import annotations

from app.domain.changes import Changes
from app.domain.job import Job, JobState
from app.domain.job_group import group_state, standing
from app.domain.notice import COMPARE, NoticeKind
from app.domain.result import Result, ResultState
from app.operations.desk import Desk
from app.operations.tell import tell
from app.store import benchmarks, jobs, results
from app.store.store import Connection as StoreConnection


async def tell_group(desk: Desk, job: Job) -> Changes:
    """Say that the results of the group of a job are in; nothing while one is open or not yet verified.

    Where only one succeeded there is nothing to compare, and that is said. Where none did, each failure was
    told before. A masked benchmark scores its own.
    """
    if job.group is None:
        return Changes()
    group = job.group
    known = await desk.store.read(lambda c: _verified(c, group))
    if known is None:
        return Changes()
    found, ready = known
    words = group_state(found).words()
    if len(ready) == 1:
        title = f"Only one result of {job.name} came"
        body = f"{words}. There is nothing to compare it with."
        return await tell(
            desk, NoticeKind.RESULT_READY, title, body, key=f"group:{ready[0].id}", job_id=ready[0].job_id
        )
    return await tell(
        desk,
        NoticeKind.RESULT_READY,
        f"The results of {job.name} are in: compare them",
        f"{words[:1].upper()}{words[1:]}.",
        key=COMPARE + ",".join(each.id for each in ready),
        job_id=ready[0].job_id,
    )


def _verified(c: StoreConnection, group: str) -> tuple[tuple[Job, ...], tuple[Result, ...]] | None:
    """The jobs of a group that is over and their results, in the order of the jobs; None before that."""
    if benchmarks.benchmark(c, group) is not None:
        return None
    found = standing(jobs.group_jobs(c, group))
    done = [each for each in found if each.state is JobState.SUCCESS]
    if len(found) < 2 or not done or not group_state(found).is_over:
        return None
    ready = []
    for each in done:
        result = results.result_of_job(c, each.id)
        if result is None or result.state is not ResultState.VERIFIED:
            return None
        ready.append(result)
    return found, tuple(ready)
