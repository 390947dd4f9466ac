"""When all results of a group are in, the person is asked once to compare them; never before."""

from __future__ import annotations

import asyncio

from app.domain.job import Job, JobState
from app.domain.notice import Notice, NoticeKind
from app.domain.result import Result, ResultState
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.group_results import tell_group
from app.operations.job_group import create_group
from app.store import jobs, notices, results
from tests.helpers.fake_family import NOW


async def group_of(desk: Desk, ready: JobDraft) -> tuple[Job, ...]:
    other = ready.model_copy(update={"panel_id": "apps@two"})
    sent = await create_group(desk, (ready, other))
    return tuple([await desk.job(each) for each in sent.job_ids])


async def end(desk: Desk, job: Job, state: JobState, verified: bool = False) -> Job:
    done = job.model_copy(update={"state": state})
    await desk.store.write(lambda c: jobs.save_job(c, done))
    if verified:
        result = Result(
            id=f"result-{job.panel_id[-3:]}",
            job_id=job.id,
            folder="f",
            state=ResultState.VERIFIED,
            started=NOW,
        )
        await desk.store.write(lambda c: results.save_result(c, result))
    await tell_group(desk, done)
    return done


async def told(desk: Desk) -> list[Notice]:
    found = await desk.store.read(notices.recent)
    return [each for each in found if each.kind is NoticeKind.RESULT_READY]


def test_all_results_in(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        first, second = await group_of(desk, ready)
        await end(desk, first, JobState.SUCCESS, verified=True)
        await end(desk, second, JobState.UNKNOWN)
        await end(desk, second, JobState.SUCCESS)
        assert await told(desk) == []
        await end(desk, second, JobState.SUCCESS, verified=True)
        await tell_group(desk, first)
        (notice,) = await told(desk)
        assert notice.title == "The results of My cohort are in: compare them"
        assert notice.body == "2 done."
        assert set(notice.compares.split(",")) == {"result-one", "result-two"}

    asyncio.run(play())


def test_one_result_alone_is_said_to_be_alone(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        first, second = await group_of(desk, ready)
        await end(desk, first, JobState.SUCCESS, verified=True)
        await end(desk, second, JobState.FAILED)
        (notice,) = await told(desk)
        assert notice.body == "1 done, 1 failed. There is nothing to compare it with."
        assert notice.compares == ""

    asyncio.run(play())


def test_failures_alone_and_single_jobs_are_told_elsewhere(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        first, second = await group_of(desk, ready)
        await end(desk, first, JobState.FAILED)
        await end(desk, second, JobState.CANCELLED)
        sent = await create_group(desk, (ready.model_copy(update={"group": "bench-1/whole"}),))
        await end(desk, await desk.job(sent.job_ids[0]), JobState.SUCCESS, verified=True)
        assert await told(desk) == []

    asyncio.run(play())
