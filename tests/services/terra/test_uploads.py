"""The address of an upload to Terra is kept in the keyring as long as it is of use, and no longer."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.operations.change_service import remove_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.kept_uploads import tidy_uploads
from app.operations.send_job import send_job
from app.operations.sign_in import sign_out
from app.operations.submit_job import submit_job
from app.services.teaspoons import submitting
from app.store.secrets import MemorySecrets
from tests.helpers.desk_fixtures import only_job
from tests.helpers.teaspoons_server import TeaspoonsServer
from tests.services.terra.conftest import HOUR, SERVICE


def kept_in(desk: Desk) -> list[str]:
    """The names of what lies in the keyring."""
    assert isinstance(desk.secrets, MemorySecrets)
    return sorted(desk.secrets._kept)


@pytest.fixture
def half_sent(desk: Desk, server: TeaspoonsServer, draft: JobDraft, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job whose upload broke off; its session lies in the keyring."""
    monkeypatch.setattr(submitting, "IN_ONE_PIECE", 4)
    server.faults.cut_uploads_at = [6, *[0] * 6]
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.WAITING
    assert f"upload:{SERVICE}:{job.remote_name}" in kept_in(desk)
    return job.id


@pytest.mark.parametrize("why", ["lapsed", "cancelled", "signed out", "service removed", "sent"])
def test_no_address_of_an_upload_stays_longer_than_it_is_of_use(
    desk: Desk, clock: FixedClock, half_sent: str, why: str
) -> None:
    asyncio.run(tidy_uploads(desk))
    assert any(name.startswith("upload:") for name in kept_in(desk))  # it can still go on
    if why == "lapsed":
        clock.advance(6 * 24 * HOUR.total_seconds())
        asyncio.run(tidy_uploads(desk))
        assert asyncio.run(only_job(desk)).state is JobState.WAITING
    elif why == "signed out":
        asyncio.run(sign_out(desk, SERVICE))
        assert kept_in(desk) == []
    elif why == "sent":
        clock.advance(60)
        asyncio.run(send_job(desk, half_sent))
        assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED
    else:
        asyncio.run(cancel_job(desk, half_sent))
        if why == "service removed":
            asyncio.run(remove_service(desk, SERVICE))
            assert kept_in(desk) == []
    assert not any(name.startswith("upload:") for name in kept_in(desk))


def test_a_run_whose_start_was_not_answered_keeps_no_upload(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, half_sent: str
) -> None:
    """It is found in the list of the service and never sent again: nothing else would forget its upload."""
    server.faults.drop_start_answer = 1
    clock.advance(60)
    asyncio.run(send_job(desk, half_sent))
    clock.advance(60)
    asyncio.run(send_job(desk, half_sent))
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED
    assert len(server.runs) == 1
    assert not any(name.startswith("upload:") for name in kept_in(desk))
