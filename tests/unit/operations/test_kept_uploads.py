"""What an upload needs to go on is looked for where there can be any."""

from __future__ import annotations

import asyncio

from app.domain.job import JobState, SendPhase
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.kept_uploads import forget_uploads
from app.operations.submit_job import create_job
from app.services.contract import Connection
from app.store import jobs
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily


def test_only_jobs_that_are_not_at_the_service_are_looked_for_in_the_keyring(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    """Each look asks the keyring, and a service may have had thousands of jobs."""
    asked: list[str] = []

    async def forget_upload(connection: Connection, remote_name: str, *, lapsed_only: bool = False) -> None:
        asked.append(remote_name)

    fake.forget_upload = forget_upload  # type: ignore[attr-defined]
    asyncio.run(create_job(desk, ready))
    job = asyncio.run(only_job(desk))
    for n, phase in enumerate(SendPhase):
        named = {"id": f"job-{n}", "remote_name": str(phase), "phase": phase, "state": JobState.FAILED}
        desk.store.write_now(lambda c, named=named: jobs.save_job(c, job.model_copy(update=named)))  # type: ignore[misc]
    asyncio.run(forget_uploads(desk, asyncio.run(desk.service(ready.service_id))))
    assert sorted(asked) == sorted([job.remote_name, "draft", "checked", "sending", "sealed"])
