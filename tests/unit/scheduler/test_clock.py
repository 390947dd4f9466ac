"""The sweep starts what is due, adopts what an earlier run left, and rests without network."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.domain.changes import Noun
from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.domain.service import HealthState
from app.operations import fetch_results
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job, submit_job
from app.operations.visit_jobs import visit_jobs
from app.scheduler.clock import Scheduler
from app.store import jobs
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily, fault
from tests.unit.scheduler.sweeping import LIMIT_S, settle, sweep_some, sweep_until


def play(desk: Desk, wanted: Callable[[], Awaitable[bool]]) -> Scheduler:
    """Run a scheduler until something holds, then stop it."""

    async def run() -> Scheduler:
        scheduler = Scheduler(desk)
        try:
            await sweep_until(scheduler, wanted)
        finally:
            await scheduler.stop()
        return scheduler

    return asyncio.run(run())


@pytest.mark.parametrize("phase", [SendPhase.CHECKED, SendPhase.SENDING])
def test_a_job_that_was_not_sealed_is_sent(
    desk: Desk, fake: FakeFamily, ready: JobDraft, phase: SendPhase
) -> None:
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(desk.update_job(job_id, phase=phase, state=JobState.UPLOADING))

    async def sent() -> bool:
        return (await desk.job(job_id)).phase is SendPhase.ANSWERED

    play(desk, sent)
    assert len(fake.remote) == 1


def test_a_sealed_job_is_searched_for_before_anything_is_sent(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    # As if the program had been killed before it could write the answer down.
    asyncio.run(
        desk.update_job(
            job.id,
            phase=SendPhase.SEALED,
            sealed=desk.clock.now(),
            remote_id=None,
            state=JobState.UPLOADING,
        )
    )

    async def sent() -> bool:
        return (await desk.job(job.id)).phase is SendPhase.ANSWERED

    play(desk, sent)
    assert len(fake.remote) == 1
    assert asyncio.run(only_job(desk)).remote_id == "job-1"


def test_an_open_job_is_followed_to_its_end(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.set_state("job-1", JobState.FAILED, 5)

    async def ended() -> bool:
        return (await only_job(desk)).state is JobState.FAILED

    play(desk, ended)


def fetched_and_not_judged(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The id of a job whose program ended between the last file and the verdict."""

    async def killed(*_: object) -> None:
        raise fault(Kind.BUG)

    job_id = asyncio.run(submit_job(desk, ready)).ids(Noun.JOB)[0]
    fake.content = {"notes.txt": b"imputed"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    asyncio.run(visit_jobs(desk, ready.service_id))
    with monkeypatch.context() as patched:
        patched.setattr(fetch_results, "judge", killed)
        with pytest.raises(ProblemError):
            asyncio.run(fetch_results.fetch_results(desk, job_id))
    assert asyncio.run(only_job(desk)).is_fetched
    return job_id


async def until_judged(desk: Desk) -> None:
    async with asyncio.timeout(LIMIT_S):
        while await fetch_results.unfinished_results(desk):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_a_result_that_was_fetched_and_not_judged_is_finished_at_the_start(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched_and_not_judged(desk, fake, ready, monkeypatch)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler.start()
        try:
            await until_judged(desk)
        finally:
            await scheduler.stop()

    asyncio.run(run())
    assert len(fake.downloads) == 1


def test_a_result_that_somebody_has_at_the_start_is_finished_when_it_is_free(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also who only tidies lock files holds one for a moment."""
    job_id = fetched_and_not_judged(desk, fake, ready, monkeypatch)

    async def run() -> None:
        scheduler = Scheduler(desk)
        scheduler._unfinished = await fetch_results.unfinished_results(desk)
        async with desk.only_one(job_id) as mine:
            assert mine
            await sweep_some(scheduler)
            assert await fetch_results.unfinished_results(desk) == (job_id,)
        try:
            await sweep_some(scheduler)
            await until_judged(desk)
        finally:
            await scheduler.stop()

    asyncio.run(run())
    assert len(fake.downloads) == 1


def test_a_job_without_token_waits_for_one(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    problem = fault(Kind.SIGN_IN).problem
    asyncio.run(desk.update_job(job_id, state=JobState.WAITING, problem=problem))
    service = asyncio.run(desk.service(ready.service_id))
    refused = service.token.model_copy(update={"valid": False})
    asyncio.run(desk.update_service(ready.service_id, token=refused))

    async def run() -> None:
        scheduler = Scheduler(desk)
        await sweep_some(scheduler)
        assert "submit" not in fake.calls
        accepted = service.token.model_copy(update={"valid": True})
        await desk.update_service(ready.service_id, token=accepted)

        async def sent() -> bool:
            return "submit" in fake.calls

        await sweep_until(scheduler, sent)
        await scheduler.stop()

    asyncio.run(run())


def test_without_network_nothing_is_asked_and_that_is_said(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.health_state = HealthState.OFFLINE

    async def run() -> None:
        scheduler = Scheduler(desk)
        scheduler.look_now()

        async def paused() -> bool:
            return bool(desk.looks.paused)

        await sweep_until(scheduler, paused)
        await settle(scheduler)  # a look that was under way when the pause began may still end
        fake.calls.clear()
        await sweep_some(scheduler)
        assert "jobs" not in fake.calls
        assert desk.looks.paused
        fake.health_state = HealthState.UP
        await check_services(desk)
        scheduler.look_now()

        async def back() -> bool:
            return not desk.looks.paused

        await sweep_until(scheduler, back)
        await scheduler.stop()

    asyncio.run(run())


def test_a_sweep_that_is_cut_short_by_the_end_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The program may be closed in the midst of a sweep."""
    begun = asyncio.Event()

    async def slow_read(_: object) -> None:
        begun.set()
        await asyncio.sleep(30)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler.start()
        monkeypatch.setattr(desk.store, "read", slow_read)
        await asyncio.wait_for(begun.wait(), LIMIT_S)
        await scheduler.stop()
        assert not scheduler._running

    asyncio.run(run())
    assert not [r for r in caplog.records if r.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize("rounds", range(4))
def test_an_end_at_the_moment_when_the_first_jobs_start_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    """Each job is due at once: after some rounds of the event loop it is started and has done nothing."""
    seen: list[int] = []

    async def read(_: object) -> None:
        seen.append(len(seen))
        raise fault(Kind.STORE)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler.start()
        monkeypatch.setattr(desk.store, "read", read)
        for _ in range(rounds):
            await asyncio.sleep(0)
        await scheduler.stop()
        assert not scheduler._running
        begun = len(seen)
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(seen) == begun

    asyncio.run(run())


@pytest.mark.allow_log("sweep failed; tried again")
def test_a_fault_in_the_sweep_itself_is_not_repeated_every_two_seconds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: object) -> None:
        raise IndexError("a fault")

    async def run() -> None:
        scheduler = Scheduler(desk)
        monkeypatch.setattr(desk.store, "read", broken)
        for _ in range(3):
            scheduler._sweeps()
            await settle(scheduler)
        await scheduler.stop()

    asyncio.run(run())
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "sweep failed; tried again in 30 s"
    ]


def test_a_sweep_that_finds_the_store_closed_at_the_end_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def closed(question: object) -> None:
        asked.append(question)
        raise fault(Kind.STORE)

    async def run() -> None:
        scheduler = Scheduler(desk)
        monkeypatch.setattr(desk.store, "read", closed)
        scheduler._sweeps()
        await settle(scheduler)
        await scheduler.stop()
        scheduler._sweeps()
        assert not scheduler._running

    asyncio.run(run())
    assert len(asked) == 1


def test_the_real_scheduler_starts_and_stops_clean(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]

    async def run() -> None:
        scheduler = Scheduler(desk)
        await scheduler.start()
        async with asyncio.timeout(LIMIT_S):
            while not fake.remote:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        await scheduler.stop()

    asyncio.run(run())
    assert desk.store.read_now(lambda c: jobs.job(c, job_id)) is not None
