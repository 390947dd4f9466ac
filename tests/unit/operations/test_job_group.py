"""One submission to several services: all or nothing unless the person says otherwise, and one group."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.job import JobState
from app.domain.job_group import group_state
from app.domain.problem import ProblemError
from app.domain.residency import residency_of
from app.domain.service import Limits, Quota
from app.operations import disk_forecast
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.disk_forecast import Forecast
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job, restart_job
from app.operations.fetch_results import fetch_results
from app.operations.job_group import create_group, preview_group
from app.operations.job_quota import QuotaLook
from app.operations.residency import state_residency
from app.operations.send_job import send_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.store import jobs, notices, results
from tests.helpers.fake_family import FakeFamily


async def other_service(desk: Desk, name: str = "Second", country: str = "") -> str:
    changes = await add_service(desk, name, f"https://{name.lower()}.example", "fake", SecretStr("token 2"))
    (service_id,) = changes.ids(Noun.SERVICE)
    await desk.update_service(service_id, country=country)
    await sync_panels(desk, (service_id,))
    return service_id


def at(draft: JobDraft, service_id: str, **fields: object) -> JobDraft:
    return draft.model_copy(update={"service_id": service_id, **fields})


def test_all_drafts_become_one_group(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    async def play() -> None:
        second = await other_service(desk)
        sent = await create_group(desk, (ready, at(ready, second)))
        assert sent.obstacles == ((), ())
        made = await desk.store.read(jobs.jobs)
        (group,) = {job.group for job in made}
        assert group is not None
        assert {job.service_id for job in made} == {ready.service_id, second}
        assert len({job.remote_name for job in made}) == 2
        for job in made:
            await send_job(desk, job.id)
        found = await desk.store.read(lambda c: jobs.group_jobs(c, group))
        assert group_state(found).words() == "2 sent"
        assert len(fake.submissions) == 2

    asyncio.run(play())


def test_from_one_submission_to_the_comparison(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    async def play() -> None:
        second = await other_service(desk)
        sent = await create_group(desk, (ready, at(ready, second)))
        fake.content = {"statistics/snps-excluded.txt": b"none\n"}
        for job_id in sent.job_ids:
            await send_job(desk, job_id)
            remote = (await desk.job(job_id)).remote_id or ""
            fake.give_files(remote)
            fake.set_state(remote, JobState.SUCCESS, 4)
        for number, (job_id, service_id) in enumerate(
            zip(sent.job_ids, (ready.service_id, second), strict=True)
        ):
            await visit_jobs(desk, service_id)
            await fetch_results(desk, job_id)
            told = await desk.store.read(notices.recent)
            assert bool([each for each in told if each.compares]) is bool(number)
        made = [await desk.job(each) for each in sent.job_ids]
        assert group_state(made).is_done
        (asked,) = [each.compares.split(",") for each in told if each.compares]
        found = [await desk.store.read(lambda c, i=each: results.result(c, i)) for each in asked]
        assert {each.job_id for each in found if each is not None} == set(sent.job_ids)  # made at once here

    asyncio.run(play())


def test_nothing_is_made_unless_all_can_be_sent(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        second = await other_service(desk)
        drafts = (ready, at(ready, second, terms={}))
        with pytest.raises(ProblemError, match=r"1 of 2 jobs cannot be sent. Second, One"):
            await create_group(desk, drafts)
        assert await desk.store.read(jobs.jobs) == ()
        sent = await create_group(desk, drafts, send_others=True)
        assert [bool(each) for each in sent.obstacles] == [False, True]
        (job,) = await desk.store.read(jobs.jobs)
        assert (job.service_id, job.group) == (ready.service_id, None)

    asyncio.run(play())


def test_nothing_goes_where_the_data_may_not_go(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        second = await other_service(desk, country="US")
        await desk.update_service(ready.service_id, country="DE")
        await state_residency(desk, ready.dataset_id, "EU")
        drafts = (ready, at(ready, second))
        with pytest.raises(ProblemError, match="may not go there"):
            await create_group(desk, drafts)
        await create_group(desk, drafts, send_others=True)
        assert [job.service_id for job in await desk.store.read(jobs.jobs)] == [ready.service_id]

    asyncio.run(play())


def test_jobs_of_one_submission_count_against_the_limit_of_their_service(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        await desk.update_service(ready.service_id, limits=Limits(max_running_jobs=1))
        drafts = (ready, at(ready, ready.service_id, panel_id="apps@two"))
        with pytest.raises(ProblemError, match="1 more of this submission goes there"):
            await create_group(desk, drafts)

    asyncio.run(play())


def test_the_same_job_is_not_made_twice(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        with pytest.raises(ProblemError, match="same panel and options twice"):
            await create_group(desk, (ready, ready))

    asyncio.run(play())


def test_the_group_of_a_benchmark_stays_as_it_is(desk: Desk, ready: JobDraft) -> None:
    async def play() -> None:
        second = await other_service(desk)
        mine = ready.model_copy(update={"group": "bench-1/whole"})
        await create_group(desk, (mine,))
        await create_group(desk, (at(ready, second), mine))
        assert {job.group for job in await desk.store.read(jobs.jobs)} == {"bench-1/whole"}

    asyncio.run(play())


def test_the_quota_of_one_application_is_that_of_all_its_jobs(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = Quota(limit=500, used=0, charged_minimum=200)

    async def told(*_: object) -> QuotaLook:
        return QuotaLook(quota=quota)

    monkeypatch.setattr("app.operations.preflight.look_at_quota", told)

    async def play() -> None:
        second = await other_service(desk)
        drafts = [at(ready, ready.service_id, panel_id=each) for each in ("apps@one", "apps@two")]
        drafts += [at(drafts[0], ready.service_id, options={"population": "afr"}), at(ready, second)]
        with pytest.raises(ProblemError, match="3 jobs of this submission are charged with 600 samples"):
            await create_group(desk, drafts)
        sent = await create_group(desk, drafts, send_others=True)
        assert [bool(each) for each in sent.obstacles] == [False, False, True, False]

    asyncio.run(play())


def test_results_that_fit_one_by_one_must_fit_together(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    gigabyte = 1_000_000_000
    free = 3 * gigabyte

    async def reckoned(*_: object, **__: object) -> Forecast:
        return Forecast(likely=2 * gigabyte, least=gigabyte * 8 // 5, peak=9 * gigabyte // 4, why="a guess")

    monkeypatch.setattr(disk_forecast, "job_forecast", reckoned)
    monkeypatch.setattr(disk_forecast, "free_room", lambda folder: free)
    two = (ready, ready.model_copy(update={"panel_id": "apps@two"}))
    alone, last = asyncio.run(preview_group(desk, two))
    assert not alone.obstacles
    assert not alone.cautions
    assert [each.field for each in last.obstacles] == ["disk"]
    assert "2 results" in last.obstacles[0].problem.what_you_can_do
    free = 4 * gigabyte
    _, last = asyncio.run(preview_group(desk, two))
    assert not last.obstacles
    assert [each.field for each in last.cautions] == ["disk"]
    free = 9 * gigabyte
    _, last = asyncio.run(preview_group(desk, two))
    assert not last.cautions


def test_a_job_that_is_sent_again_stays_under_its_rule(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    async def play() -> None:
        await desk.update_service(ready.service_id, country="DE")
        await state_residency(desk, ready.dataset_id, "EU")
        (first,) = (await create_group(desk, (ready,))).job_ids
        await state_residency(desk, ready.dataset_id, "")
        await cancel_job(desk, first)
        again = next(each for each in (await restart_job(desk, first)).ids(Noun.JOB) if each != first)
        assert (await desk.job(again)).residency == residency_of("EU")

    asyncio.run(play())
