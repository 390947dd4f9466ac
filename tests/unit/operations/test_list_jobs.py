"""Two programs on one data folder ask for a list no more often than one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.service import Limits, Service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.list_jobs import jobs_at_once, list_jobs, may_list_now
from app.operations.submit_job import create_job
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk
from tests.helpers.fake_family import FakeFamily


@pytest.fixture
def service(desk: Desk, ready: JobDraft) -> Service:
    found = asyncio.run(desk.service(ready.service_id))
    return found.model_copy(update={"limits": Limits(min_poll_s=30.0)})


@pytest.fixture
def other(desk: Desk) -> Iterator[Desk]:
    """A second program on the same data folder, with a clock of the same time."""
    with Store.open(Path(desk.home) / "haplodesk.db") as store:
        yield QuickDesk(desk.home, store, desk.secrets, desk.registry, clock=desk.clock)


def test_a_second_program_waits_for_its_turn(
    desk: Desk, other: Desk, fake: FakeFamily, service: Service
) -> None:
    began = desk.clock.now()
    for each in (desk, other, desk):
        asyncio.run(list_jobs(each, service, fresh=True))
    assert (desk.clock.now() - began).total_seconds() == 60.0


def test_an_answer_is_given_again_without_moving_the_turn(
    desk: Desk, fake: FakeFamily, service: Service
) -> None:
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(list_jobs(desk, service))
    fake.calls.clear()
    for _ in range(5):
        desk.clock.advance(5)  # type: ignore[attr-defined]
        asyncio.run(list_jobs(desk, service))
    assert fake.calls == []
    desk.clock.advance(5)  # type: ignore[attr-defined]
    assert asyncio.run(may_list_now(desk, service))


def test_a_clock_that_was_set_back_does_not_stop_the_program(
    desk: Desk, fake: FakeFamily, service: Service
) -> None:
    asyncio.run(list_jobs(desk, service, fresh=True))
    desk.clock.advance(-86_400)  # type: ignore[attr-defined]
    before = desk.clock.now()
    asyncio.run(list_jobs(desk, service, fresh=True))
    assert desk.clock.now() == before


def test_nobody_waits_half_a_minute_to_see_the_own_job(
    desk: Desk, fake: FakeFamily, service: Service, ready: JobDraft
) -> None:
    """After a cancel the last list is out of date, and the next may not be asked for yet."""

    async def sent() -> float:
        await desk.update_service(service.id, limits=service.limits)
        await list_jobs(desk, service, fresh=True)
        desk.forget_list(service.id)
        began = desk.clock.now()
        assert await jobs_at_once(desk, service) is None
        assert (await create_job(desk, ready)).ids(Noun.JOB)
        return (desk.clock.now() - began).total_seconds()

    assert asyncio.run(sent()) == 0.0


def test_where_the_number_of_jobs_matters_the_list_is_waited_for(
    desk: Desk, fake: FakeFamily, service: Service, ready: JobDraft
) -> None:
    async def sent() -> float:
        limits = service.limits.model_copy(update={"max_running_jobs": 3})
        await desk.update_service(service.id, limits=limits)
        await list_jobs(desk, service, fresh=True)
        desk.forget_list(service.id)
        began = desk.clock.now()
        await create_job(desk, ready)
        return (desk.clock.now() - began).total_seconds()

    assert asyncio.run(sent()) == 30.0
