"""A service that makes a job first, fills it and starts it, through the operations: one job in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from app.domain.job import Job, JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.domain.residency import residency_of
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.send_job import send_job
from app.operations.store_notes import StoreNotes
from app.operations.submit_job import submit_job
from app.services.registry import Registry
from app.store import datasets
from app.store.store import Connection as StoreConnection
from tests.helpers.described_desk import desk, draft_for, look
from tests.helpers.desk_fixtures import only_job
from tests.services.steps_server import KEY, StepsServer

__all__ = ["desk"]


@pytest.fixture
def server() -> Iterator[StepsServer]:
    with StepsServer() as running:
        yield running


@pytest.fixture
def draft(desk: Desk, server: StepsServer, tmp_path: Path) -> JobDraft:
    return draft_for(desk, tmp_path, "example-steps", server.url, KEY)


def send_again(desk: Desk) -> None:
    """The next try, by a program that was started anew."""
    desk.registry = Registry(descriptions=desk.home / "services", notes=StoreNotes(desk.store))
    desk.clock.advance(3600)  # type: ignore[attr-defined]
    asyncio.run(send_job(desk, asyncio.run(only_job(desk)).id))


def until(desk: Desk, reached: Callable[[Job], bool]) -> None:
    """Each look for a job that may be there is a try of its own."""
    for _ in range(30):
        if reached(asyncio.run(only_job(desk))):
            return
        send_again(desk)


def is_noted(desk: Desk) -> bool:
    job = asyncio.run(only_job(desk))
    return asyncio.run(StoreNotes(desk.store).get(f"draft:{job.service_id}:{job.remote_name}")) is not None


def killed_at(desk: Desk, draft: JobDraft, step: str) -> None:
    """The program ends with a step of the sending; what it writes down at an orderly end is not written."""
    desk.closing = True
    with (
        patch(f"app.services.described.creating.Creating.{step}", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        asyncio.run(submit_job(desk, draft))
    desk.closing = False


def test_sent_and_looked_after(desk: Desk, draft: JobDraft, server: StepsServer) -> None:
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.phase, job.remote_id) == (JobState.SUBMITTED, SendPhase.ANSWERED, "d/1")
    assert (server.starts, server.dropped, is_noted(desk)) == (1, [], False)
    assert server.jobs["d/1"].title == job.remote_name
    server.jobs["d/1"].word = "working"
    assert look(desk, draft) is JobState.RUNNING


@pytest.mark.parametrize("step", ["_fill", "_start"])
def test_a_program_that_was_killed_goes_on_with_the_same_job(
    desk: Desk, draft: JobDraft, server: StepsServer, step: str
) -> None:
    killed_at(desk, draft, step)
    phase = SendPhase.SENDING if step == "_fill" else SendPhase.SEALED
    assert asyncio.run(only_job(desk)).phase is phase
    assert (server.made, server.starts) == (1, 0)
    until(desk, lambda job: job.phase is SendPhase.ANSWERED)
    job = asyncio.run(only_job(desk))
    assert (job.phase, job.remote_id, server.made, server.starts) == (SendPhase.ANSWERED, "d/1", 1, 1)
    assert len(server.paths("PUT", "/files/")) == len(job.files)
    assert not is_noted(desk)


def test_a_start_whose_answer_was_lost_makes_no_second_job(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    server.lose.append("start")
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert (job.remote_id, server.made, server.starts, server.dropped) == ("d/1", 1, 1, [])
    assert not is_noted(desk)


def test_given_up_between_the_seal_and_the_start_it_is_taken_away(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    """Once the list has shown for long enough that nothing started it."""
    killed_at(desk, draft, "_start")
    asyncio.run(cancel_job(desk, asyncio.run(only_job(desk)).id))
    until(desk, lambda job: job.state is JobState.CANCELLED)
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert (server.jobs, server.dropped, is_noted(desk)) == ({}, ["d/1"], False)


def test_killed_before_the_answer_came_it_is_found_in_the_list(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    """The word that it may be started is on the disk: the started job is not taken away."""
    killed_at(desk, draft, "_start")
    server.jobs["d/1"].word = "working"
    send_again(desk)
    job = asyncio.run(only_job(desk))
    assert (job.phase, job.remote_id, server.made, server.dropped) == (SendPhase.ANSWERED, "d/1", 1, [])


@pytest.mark.parametrize("what", ["make", "file"])
def test_a_cut_leaves_the_job_waiting_and_it_goes_on(
    desk: Desk, draft: JobDraft, server: StepsServer, what: str
) -> None:
    server.lose.append(what)
    asyncio.run(submit_job(desk, draft))
    assert asyncio.run(only_job(desk)).state is JobState.WAITING
    send_again(desk)
    job = asyncio.run(only_job(desk))
    assert (job.state, job.remote_id, server.made, server.starts) == (JobState.SUBMITTED, "d/1", 1, 1)


def test_a_waiting_job_that_is_cancelled_leaves_no_genotypes_behind(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    server.lose.append("file")
    asyncio.run(submit_job(desk, draft))
    assert server.jobs["d/1"].got
    asyncio.run(cancel_job(desk, asyncio.run(only_job(desk)).id))
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert (server.jobs, server.dropped, is_noted(desk)) == ({}, ["d/1"], False)


def test_cancelled_in_the_middle_of_the_sending(desk: Desk, draft: JobDraft, server: StepsServer) -> None:
    server.hold.clear()

    async def both() -> None:
        sending = asyncio.ensure_future(submit_job(desk, draft))
        assert await asyncio.to_thread(server.asked.wait, 60)
        stopping = asyncio.ensure_future(cancel_job(desk, (await only_job(desk)).id))
        while (await only_job(desk)).state is not JobState.CANCELLED:  # the word comes first
            assert not sending.done()
        server.hold.set()
        await asyncio.gather(sending, stopping, return_exceptions=True)

    asyncio.run(both())
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert (server.jobs, server.starts, is_noted(desk)) == ({}, 0, False)


def test_a_refused_start_fails_the_job_and_takes_it_away(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    server.refuse["start"] = 422
    with pytest.raises(ProblemError, match="no start now"):
        asyncio.run(submit_job(desk, draft))
    assert asyncio.run(only_job(desk)).state is JobState.FAILED
    assert (server.jobs, server.dropped, is_noted(desk)) == ({}, ["d/1"], False)


async def state_rule(desk: Desk, draft: JobDraft) -> None:
    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, draft.dataset_id)
        assert found is not None
        datasets.save_dataset(c, found.model_copy(update={"residency": residency_of("ZA")}))

    await desk.store.write(write)


def test_a_rule_of_the_data_holds_before_the_job_is_made(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    asyncio.run(state_rule(desk, draft))
    with pytest.raises(ProblemError, match="may not go there") as caught:
        asyncio.run(submit_job(desk, draft))
    assert (caught.value.problem.kind, server.made) == (Kind.REFUSED, 0)


def test_a_rule_that_is_stated_while_the_job_is_filled_stops_it_and_takes_it_away(
    desk: Desk, draft: JobDraft, server: StepsServer
) -> None:
    server.hold.clear()

    async def both() -> None:
        sending = asyncio.ensure_future(submit_job(desk, draft))
        assert await asyncio.to_thread(server.asked.wait, 60)
        await state_rule(desk, draft)
        server.hold.set()
        await sending

    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(both())
    assert asyncio.run(only_job(desk)).state is JobState.FAILED
    assert (server.jobs, server.starts, is_noted(desk)) == ({}, 0, False)
