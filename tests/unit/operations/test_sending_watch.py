"""While files are sent, only a rule stops them, and it holds from the moment it is stated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.domain.job import Job, JobState
from app.domain.problem import Kind, ProblemError, problem
from app.operations import sending_watch
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.residency import state_residency
from app.operations.rule_files import RULE_FILE
from app.operations.submit_job import create_job, submit_job
from app.services.contract import Connection, Seal, Submission
from app.transport.confined import sending_to
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily

HERE, ELSEWHERE = "https://fake.example/in", "https://elsewhere.example/in"


@pytest.mark.parametrize("kind", [Kind.STORE, Kind.DISK, Kind.REFUSED])
def test_what_cannot_be_looked_up_now_stops_no_upload_of_hours(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    asyncio.run(create_job(desk, ready))
    job = asyncio.run(only_job(desk))
    looks: list[Job] = []
    looked_again = asyncio.Event()

    async def look(_desk: Desk, _service: object, seen: Job, _along: object) -> None:
        looks.append(seen)
        if len(looks) > 1:
            looked_again.set()
        raise problem(kind, "It did not work", "The database is locked.")

    async def send() -> str:
        await looked_again.wait()
        return "7"

    monkeypatch.setattr(sending_watch, "LOOK_S", 0.01)
    monkeypatch.setattr(sending_watch, "refuse_forbidden", look)

    async def whole() -> str:
        service = await desk.service(ready.service_id)
        limit = await sending_watch.confinement(desk, service, job, (), lambda: False)
        return await sending_watch.while_allowed(desk, send(), limit, lambda: False)

    if kind is Kind.REFUSED:
        with pytest.raises(ProblemError, match="did not work"):
            asyncio.run(whole())
        assert len(looks) == 1
    else:
        assert asyncio.run(whole()) == "7"


def sends(fake: FakeFamily, work: Callable[[], Awaitable[None]]) -> None:
    """Files are sent by this work, then the job is made."""

    async def submit(connection: Connection, submission: Submission, report: object, seal: Seal) -> str:
        await work()
        await seal()
        fake.submissions.append(submission)
        return "7"

    fake.submit = submit  # type: ignore[method-assign]


async def stated_in_the_program(desk: Desk, ready: JobDraft, folder: Path) -> None:
    await state_residency(desk, ready.dataset_id, "DE")


async def stated_beside_the_data(desk: Desk, ready: JobDraft, folder: Path) -> None:
    (folder / RULE_FILE).write_text("DE")


State = Callable[[Desk, JobDraft, Path], Awaitable[None]]


def test_a_file_on_its_way_to_another_host_stops_as_soon_as_the_rule_is_stated(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The service itself is allowed: without its store nothing would be wrong."""
    monkeypatch.setattr(sending_watch, "LOOK_S", 3600)
    asyncio.run(desk.update_service(ready.service_id, country="DE"))

    async def work() -> None:
        async with sending_to(ELSEWHERE):
            fake.sending.set()
            await fake.hang.wait()  # for ever

    async def whole() -> None:
        sending = asyncio.create_task(submit_job(desk, ready))
        await fake.sending.wait()
        await stated_in_the_program(desk, ready, tmp_path)
        await sending

    sends(fake, work)
    with pytest.raises(ProblemError, match=r"elsewhere\.example"):
        asyncio.run(whole())
    assert not fake.submissions
    assert asyncio.run(only_job(desk)).state is JobState.FAILED


@pytest.mark.parametrize("state", [stated_in_the_program, stated_beside_the_data])
@pytest.mark.parametrize("then", [HERE, ELSEWHERE])
def test_the_next_file_goes_only_where_the_rule_allows_it(
    desk: Desk,
    fake: FakeFamily,
    ready: JobDraft,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    state: State,
    then: str,
) -> None:
    """Nobody waits for the next look: the rules are asked before each file."""
    monkeypatch.setattr(sending_watch, "LOOK_S", 3600)
    asyncio.run(desk.update_service(ready.service_id, country="DE"))
    begun: list[str] = []

    async def work() -> None:
        async with sending_to(ELSEWHERE):
            begun.append(ELSEWHERE)
        await state(desk, ready, tmp_path)
        async with sending_to(then):
            begun.append(then)

    sends(fake, work)
    if then == HERE:
        asyncio.run(submit_job(desk, ready))
        assert begun == [ELSEWHERE, HERE]
        return
    with pytest.raises(ProblemError, match=r"elsewhere\.example"):
        asyncio.run(submit_job(desk, ready))
    assert begun == [ELSEWHERE]
    assert not fake.submissions


def test_a_service_that_gets_another_address_while_files_are_sent_gets_no_more(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new country says nothing of the old address, to which the files are going."""
    monkeypatch.setattr(sending_watch, "LOOK_S", 3600)
    asyncio.run(desk.update_service(ready.service_id, country="US"))

    async def work() -> None:
        async with sending_to(HERE):
            await desk.update_service(ready.service_id, base_url="https://moved.example", country="DE")
            await state_residency(desk, ready.dataset_id, "DE")
            await fake.hang.wait()

    sends(fake, work)
    with pytest.raises(ProblemError, match=r"fake\.example"):
        asyncio.run(submit_job(desk, ready))
    assert not fake.submissions
