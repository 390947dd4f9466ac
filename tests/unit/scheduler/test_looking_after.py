"""Looking after everything goes on: whatever fails, without network, after sleep and after a night off."""

import asyncio

import pytest

from app.domain.clock import FixedClock
from app.domain.problem import Kind
from app.domain.service import HealthState
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job, submit_job
from app.operations.visit_jobs import visit_jobs
from app.scheduler import clock
from app.scheduler.clock import Scheduler
from app.store import jobs, services
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily, fault
from tests.unit.scheduler.sweeping import LIMIT_S, sweep_some, sweep_until


@pytest.mark.allow_log("failed; tried again")
def test_a_fault_of_the_program_is_not_repeated_at_every_sweep(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_job(desk, ready))
    asyncio.run(create_job(desk, ready.model_copy(update={"name": "Second"})))
    tried: list[str] = []

    async def breaks(_: Desk, job_id: str) -> None:
        tried.append(job_id)
        raise ValueError("a bug")

    monkeypatch.setattr(clock, "send_job", breaks)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await sweep_some(scheduler)
        assert len(tried) == len(set(tried)) == 2  # the other job of the service has its turn too
        assert isinstance(desk.clock, FixedClock)
        desk.clock.advance(31)
        await sweep_some(scheduler)
        assert len(tried) == 4
        await scheduler.stop()

    asyncio.run(run())


async def add_local(desk: Desk, **other: str) -> None:
    """The practice server, or something else that needs no network, up."""
    known = await desk.store.read(services.services)
    update = {"id": "practice", "name": "Practice", "base_url": "http://127.0.0.1:8080", **other}
    update |= {"practice": not other, "state": HealthState.UP}
    await desk.store.write(lambda c: services.save_service(c, known[0].model_copy(update=update)))


def test_a_server_on_this_computer_does_not_hide_the_loss_of_the_network(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))

    async def run() -> None:
        await add_local(desk)
        local = job.model_copy(update={"id": "job-local", "service_id": "practice"})
        await desk.store.write(lambda c: jobs.save_job(c, local))
        await desk.update_service(ready.service_id, state=HealthState.OFFLINE)
        fake.health_state = HealthState.OFFLINE
        scheduler = Scheduler(desk)
        await scheduler._see_network()
        assert desk.looks.paused
        await sweep_some(scheduler)
        assert desk.looks.paused
        await scheduler.stop()

    asyncio.run(run())
    assert desk.store.read_now(lambda c: jobs.job(c, "job-local")).last_visit is not None  # type: ignore[union-attr]
    assert asyncio.run(desk.job(job.id)).last_visit is None


def test_a_web_page_that_nobody_asks_does_not_hide_the_loss_of_the_network(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    async def run() -> None:
        await add_local(desk, base_url="https://page.example", family="guided")
        await desk.update_service(ready.service_id, state=HealthState.OFFLINE)
        scheduler = Scheduler(desk)
        await scheduler._see_network()
        assert desk.looks.paused
        await scheduler.stop()

    asyncio.run(run())


def test_the_network_is_seen_to_be_back_although_a_look_fails(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(desk.update_service(ready.service_id, state=HealthState.OFFLINE))

    async def fails(_: Desk) -> None:
        await desk.update_service(ready.service_id, state=HealthState.UP)
        raise fault(Kind.BUSY)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler._see_network()
        assert desk.looks.paused
        monkeypatch.setattr(clock, "check_services", fails)
        scheduler.look_now()

        async def back() -> bool:
            return not desk.looks.paused

        await sweep_until(scheduler, back)
        await scheduler.stop()

    asyncio.run(run())


def test_a_look_after_sleep_is_a_real_one(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    async def run() -> None:
        await submit_job(desk, ready)
        await visit_jobs(desk, ready.service_id)
        scheduler = Scheduler(desk)
        scheduler.look_now()
        fake.calls.clear()
        await visit_jobs(desk, ready.service_id)
        assert "jobs" in fake.calls
        await scheduler.stop()

    asyncio.run(run())


def test_held_services_are_left_alone_until_they_are_released(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(create_job(desk, ready))

    async def run() -> None:
        scheduler = Scheduler(desk)
        scheduler.hold((ready.service_id,))
        await sweep_some(scheduler)
        assert "submit" not in fake.calls
        scheduler.release()

        async def sent() -> bool:
            return "submit" in fake.calls

        await sweep_until(scheduler, sent)
        await scheduler.stop()

    asyncio.run(run())


def test_panels_that_were_missed_at_night_are_read_when_the_program_runs(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    assert isinstance(desk.clock, FixedClock)
    desk.clock.advance(24 * 3600)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler.start()
        async with asyncio.timeout(LIMIT_S):
            while (await desk.service(ready.service_id)).last_synced != desk.clock.now():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await scheduler.stop()

    asyncio.run(run())
