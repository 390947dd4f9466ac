"""A service is removed only when nothing is left to do or to fetch there."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.problem import ProblemError
from app.operations.change_service import remove_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import forget_job
from app.store import services
from tests.helpers.desk_fixtures import only_job
from tests.helpers.finished_job import fetch


def is_there(desk: Desk, draft: JobDraft) -> bool:
    return desk.store.read_now(lambda c: services.service(c, draft.service_id)) is not None


def test_a_result_that_is_not_fetched_keeps_its_service(done: Desk, ready: JobDraft) -> None:
    with pytest.raises(ProblemError) as refused:
        asyncio.run(remove_service(done, ready.service_id))
    assert refused.value.problem.title == "Results would be lost"
    assert is_there(done, ready)
    fetch(done)
    asyncio.run(remove_service(done, ready.service_id))
    assert not is_there(done, ready)


def test_whoever_forgets_the_job_may_remove_its_service(done: Desk, ready: JobDraft) -> None:
    asyncio.run(forget_job(done, asyncio.run(only_job(done)).id))
    asyncio.run(remove_service(done, ready.service_id))
    assert not is_there(done, ready)
