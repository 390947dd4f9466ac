"""While files are sent, only a rule stops them."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.job import Job
from app.domain.problem import Kind, ProblemError, problem
from app.operations import sending_watch
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job
from tests.helpers.desk_fixtures import only_job


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
        return await sending_watch.while_allowed(desk, service, job, send(), (), lambda: False)

    if kind is Kind.REFUSED:
        with pytest.raises(ProblemError, match="did not work"):
            asyncio.run(whole())
        assert len(looks) == 1
    else:
        assert asyncio.run(whole()) == "7"
