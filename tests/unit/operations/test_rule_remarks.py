"""What a rule cannot undo is told: results from elsewhere, and jobs that were sent before it was stated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.domain.job import JobState
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.operations.residency import state_residency
from app.operations.submit_job import submit_job
from app.store import jobs, results
from app.transport.confined import receives_from
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily


def told(desk: Desk) -> list[str]:
    job = asyncio.run(only_job(desk))
    return [each.text for each in desk.store.read_now(lambda c: jobs.events(c, job_id=job.id))]


@pytest.mark.parametrize("rule", ["DE", ""])
@pytest.mark.parametrize("host", ["fake.example", "bucket.elsewhere.example"])
def test_a_result_from_another_host_is_taken_and_told_of(
    done: Desk, fake: FakeFamily, ready: JobDraft, rule: str, host: str
) -> None:
    asyncio.run(done.update_service(ready.service_id, country="DE"))
    asyncio.run(state_residency(done, ready.dataset_id, rule))
    plain = fake.download

    @asynccontextmanager
    async def download(*words: Any) -> AsyncIterator[Any]:
        async with plain(*words) as found:
            receives_from(f"https://{host}/signed?key=secret")
            yield found

    fake.download = download  # type: ignore[method-assign, assignment]
    job = asyncio.run(only_job(done))
    asyncio.run(fetch_results(done, job.id))
    assert done.store.read_now(lambda c: results.result_of_job(c, job.id)) is not None
    lines = [each for each in told(done) if "came from" in each]
    if rule and host != "fake.example":
        assert len(lines) == 1, "two files, one line"
        assert "bucket.elsewhere.example" in lines[0]
        assert "Germany" in lines[0]
        assert "secret" not in lines[0]
    else:
        assert not lines


def test_a_job_that_was_sent_before_the_rule_is_told_of_once(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(desk.update_service(ready.service_id, country="US"))
    asyncio.run(submit_job(desk, ready))
    asyncio.run(state_residency(desk, ready.dataset_id, "US, DE"))
    assert not [each for each in told(desk) if "before the rule" in each]
    for _ in range(2):
        asyncio.run(state_residency(desk, ready.dataset_id, "DE"))
    lines = [each for each in told(desk) if "before the rule" in each]
    assert len(lines) == 1
    assert "keeps data in United States" in lines[0]
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED, "only a person cancels it"
