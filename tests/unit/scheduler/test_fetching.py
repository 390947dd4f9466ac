"""The plan fetches results by itself, as gently as can be."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError
from app.domain.service import TokenInfo
from app.operations import fetch_results as fetching
from app.operations.change_service import set_token
from app.operations.desk import Desk
from app.scheduler.clock import Scheduler
from app.services.contract import Connection, RemoteJob
from tests.helpers import fake_family
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeDownload, FakeFamily, fault
from tests.unit.scheduler.sweeping import LIMIT_S, settle

HOUR = 3600.0


async def sweeps(desk: Desk, scheduler: Scheduler, count: int, seconds: float = 0.0) -> None:
    """Sweep, let everything that was started end, let the clock go on."""
    for _ in range(count):
        await scheduler.sweep()
        await settle(scheduler)
        await desk.pause(seconds)


@pytest.mark.allow_log("failed; tried again")
def test_a_fault_of_the_program_is_not_repeated_at_each_sweep(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def broken(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1
        raise IndexError("a fault")

    monkeypatch.setattr("app.scheduler.clock.fetch_results", broken)

    async def run() -> None:
        scheduler = Scheduler(done)
        await sweeps(done, scheduler, 5)
        assert asked == 1
        await sweeps(done, scheduler, 2, HOUR)
        assert asked == 2
        await scheduler.stop()

    asyncio.run(run())


def test_the_last_download_is_never_spent_by_the_plan(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.cuts = [3] * 20
    real = fake.job
    first = len(fake.downloads)

    async def counting(connection: Connection, remote_id: str) -> RemoteJob:
        fake.give_files("job-1", 3 - (len(fake.downloads) - first))
        return await real(connection, remote_id)

    monkeypatch.setattr(fake, "job", counting)

    async def run() -> None:
        scheduler = Scheduler(done)
        await sweeps(done, scheduler, 8, HOUR)
        await scheduler.stop()

    asyncio.run(run())
    assert [name for name, _ in fake.downloads].count("statistics/snps-excluded.txt") == 2


def test_a_fetch_of_another_process_is_no_success(done: Desk, fake: FakeFamily) -> None:
    async def run() -> None:
        job = await only_job(done)
        scheduler = Scheduler(done)
        async with done.only_one(job.id):
            await sweeps(done, scheduler, 2)
        assert not fake.downloads
        await sweeps(done, scheduler, 2, HOUR)
        assert (await done.job(job.id)).is_fetched
        await scheduler.stop()

    asyncio.run(run())


def test_a_download_that_a_person_cancels_is_left(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    class Slow(FakeDownload):
        async def chunks(self) -> AsyncIterator[bytes]:
            begun.set()
            await never.wait()
            yield b""

    monkeypatch.setattr(fake_family, "FakeDownload", Slow)

    async def run() -> None:
        scheduler = Scheduler(done)
        await scheduler.sweep()
        await asyncio.wait_for(begun.wait(), LIMIT_S)
        for task in done.tasks.running():
            task.cancel()
        await sweeps(done, scheduler, 3, HOUR)
        assert len(fake.downloads) == 1
        await scheduler.stop()

    asyncio.run(run())


def test_a_new_token_ends_the_stop_of_a_refused_one(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise fault(Kind.SIGN_IN)

    async def run() -> None:
        job = await only_job(done)
        scheduler = Scheduler(done)
        with monkeypatch.context() as patched:
            patched.setattr("app.scheduler.clock.fetch_results", refused)
            await sweeps(done, scheduler, 3, HOUR)
        await done.update_service(job.service_id, token=TokenInfo(present=True, valid=False))
        await sweeps(done, scheduler, 2, HOUR)
        assert not fake.downloads
        await set_token(done, job.service_id, SecretStr("newtoken"))
        await sweeps(done, scheduler, 2, HOUR)
        assert (await done.job(job.id)).is_fetched
        await scheduler.stop()

    asyncio.run(run())


def test_a_damaged_archive_is_not_fetched_again_by_the_plan(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even after the computer slept, which forgets all pauses."""
    fake.content["chr_20.zip"] = fake.content["chr_20.zip"][:-30]
    fake.give_files("job-1")

    async def run() -> None:
        scheduler = Scheduler(done)
        await sweeps(done, scheduler, 2, HOUR)
        scheduler.look_now()
        await sweeps(done, scheduler, 2, HOUR)
        await scheduler.stop()

    asyncio.run(run())
    assert [name for name, _ in fake.downloads].count("chr_20.zip") == 1
    with pytest.raises(ProblemError, match="incomplete"):
        asyncio.run(fetching.fetch_results(done, asyncio.run(only_job(done)).id))
    assert [name for name, _ in fake.downloads].count("chr_20.zip") == 2
