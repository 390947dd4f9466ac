"""Services that were added before the catalogue of an institution: readable, and without new jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations.catalogues import FOLDER, install_catalogue, remove_catalogue
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.institution_stop import refuse_locked, stopped_by_institution
from app.operations.preflight import preview
from app.operations.send_job import send_job
from app.operations.submit_job import create_job, submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import jobs
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily
from tests.unit.operations.test_catalogues import SERVICE, Signer, written

KEY = "0000000000000001"


def install(desk: Desk, folder: Path, **more: Any) -> None:
    signer = Signer()
    asyncio.run(install_catalogue(desk, written(folder, signer, **more), signer.public))


def change(desk: Desk, ready: JobDraft, **fields: object) -> Service:
    asyncio.run(desk.update_service(ready.service_id, **fields))
    return asyncio.run(desk.service(ready.service_id))


def told(desk: Desk, service: Service) -> str:
    found = asyncio.run(stopped_by_institution(desk, service))
    return found.what_happened if found is not None else ""


def refused(desk: Desk, draft: JobDraft) -> str:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(submit_job(desk, draft))
    assert caught.value.problem.kind is Kind.REFUSED
    return caught.value.problem.title


def test_a_hidden_service_gets_no_new_job_and_its_running_one_goes_on(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    change(desk, ready, preset_id="michigan")
    asyncio.run(submit_job(desk, ready))
    install(desk, tmp_path, services=[], hide=["michigan"])
    fake.calls.clear()
    assert refused(desk, ready) == "Fake takes no new jobs"
    assert not fake.calls, "nobody is asked"
    found = asyncio.run(preview(desk, ready)).obstacles[0]
    assert (found.field, found.problem.title) == ("service", "Fake takes no new jobs")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    asyncio.run(visit_jobs(desk, ready.service_id))
    assert asyncio.run(only_job(desk)).state is JobState.SUCCESS
    history = desk.store.read_now(lambda c: jobs.events(c, service_id=ready.service_id))
    assert any("hides it. Its running jobs go on" in each.text for each in history)
    asyncio.run(remove_catalogue(desk, KEY))
    history = desk.store.read_now(lambda c: jobs.events(c, service_id=ready.service_id))
    assert any(each.text == "It takes new jobs again." for each in history)
    asyncio.run(submit_job(desk, ready))


def test_a_job_that_waits_is_not_sent_there(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    asyncio.run(create_job(desk, ready))
    change(desk, ready, preset_id="michigan")
    install(desk, tmp_path, services=[], hide=["michigan"])
    with pytest.raises(ProblemError, match="takes no new jobs"):
        asyncio.run(send_job(desk, asyncio.run(only_job(desk)).id))
    assert not fake.submissions


def test_an_address_is_hidden_whatever_it_is_called(desk: Desk, ready: JobDraft, tmp_path: Path) -> None:
    install(desk, tmp_path, services=[], hide=["michigan"])
    service = change(desk, ready, base_url="https://imputationserver.sph.umich.edu", preset_id=None)
    assert "The catalogue of Us hides it." in told(desk, service)
    for other in ("https://fake.example", "http://127.0.0.1:8082"):
        assert not told(desk, change(desk, ready, base_url=other))


@pytest.mark.parametrize(
    ("preset", "fields", "words"),
    [
        ({}, {"country": "DE"}, ""),
        ({}, {"country": "US"}, "something else is said"),
        ({}, {"country": "DE", "jurisdictions": ("DE", "US")}, "something else is said"),
        ({}, {"country": "DE", "setup": {"storage": "https://own.example"}}, "something else is said"),
        ({}, {"base_url": "http://fake.example"}, "allows only https://fake.example"),
        ({}, {"base_url": "https://moved.example", "preset_id": "ours"}, "allows only https://fake.example"),
        ({"locked": False}, {"country": "US"}, ""),
        ({"enabled": False, "off_reason": "It moved."}, {"country": "DE"}, "switched it off: It moved."),
    ],
    ids=["same", "country", "law", "store", "plain http", "moved", "not locked", "off"],
)
def test_what_an_institution_fixes_holds_for_what_was_there(
    desk: Desk,
    ready: JobDraft,
    tmp_path: Path,
    preset: dict[str, object],
    fields: dict[str, object],
    words: str,
) -> None:
    service = change(desk, ready, **fields)
    install(desk, tmp_path, services=[{**SERVICE, **preset}])
    assert words in told(desk, service)
    assert bool(words) == bool(told(desk, service))


def test_a_store_is_not_changed_where_it_is_fixed(desk: Desk, ready: JobDraft, tmp_path: Path) -> None:
    change(desk, ready, country="DE", family="wes")
    install(desk, tmp_path)
    service = asyncio.run(desk.service(ready.service_id))
    with pytest.raises(ProblemError, match="fixes “storage”"):
        asyncio.run(refuse_locked(desk, service, {"storage": "https://own.example/in"}))
    asyncio.run(refuse_locked(desk, service, {"storage": " ", "other": "x"}))


def test_what_cannot_be_verified_may_hide_anything(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    install(desk, tmp_path, services=[], hide=["michigan"])
    kept = desk.home / FOLDER / KEY / "catalogue.json"
    kept.write_text(kept.read_text().replace("michigan", "helmholtz"))
    assert "cannot be verified" in refused(desk, ready)
    assert not told(desk, change(desk, ready, family="local")), "nothing leaves this computer"
    assert not fake.submissions
