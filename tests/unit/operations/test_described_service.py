"""A described service through the operations: added by a file, sent to, looked after, its result fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import JobState, SendPhase
from app.domain.problem import ProblemError
from app.domain.resources import resource
from app.domain.result import ResultState
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.registry import Registry
from app.store import results, services
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, write_vcf
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.services.rest_server import TOKEN, RestServer


@pytest.fixture
def server() -> Iterator[RestServer]:
    with RestServer() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    home.mkdir()
    with Store.open(home / "haplodesk.db") as store:
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        registry = Registry(descriptions=home / "services")
        yield QuickDesk(home, store, secrets, registry, clock=FixedClock(NOW))


@pytest.fixture
def draft(desk: Desk, server: RestServer, tmp_path: Path) -> JobDraft:
    text = resource("described", "example-rest.yaml").read_text("utf-8")
    file = tmp_path / "ours.yaml"
    file.write_text(text.replace("min_poll_s: 30", "min_poll_s: 0.02"), "utf-8")

    async def make() -> JobDraft:
        setup = {"described": str(file)}
        changes = await add_service(desk, "Ours", server.url, "described", SecretStr(TOKEN), setup=setup)
        (service_id,) = changes.ids(Noun.SERVICE)
        await sync_panels(desk, (service_id,))
        dataset_id = (await add_dataset(desk, (write_vcf(tmp_path),))).ids(Noun.DATASET)[0]
        await pass_check(desk, dataset_id)
        return JobDraft(
            name="Mine",
            dataset_id=dataset_id,
            service_id=service_id,
            app_id="impute",
            panel_id="p1",
            options={"phasing": "eagle", "min_r2": "0.3"},
            terms={"terms": "I will not try to identify anybody."},
        )

    return asyncio.run(make())


def look(desk: Desk, draft: JobDraft) -> JobState:
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(visit_jobs(desk, draft.service_id))
    return asyncio.run(only_job(desk)).state


def test_what_the_description_says_is_known_of_the_service(desk: Desk, draft: JobDraft) -> None:
    service = asyncio.run(desk.service(draft.service_id))
    assert (service.family, service.token.username, service.limits.retention_days) == ("described", "ann", 7)
    assert service.operator == "Nobody"
    assert ("Version", "1.2") in [(fact.label, fact.value) for fact in service.facts]
    (panel,) = desk.store.read_now(lambda c: services.panels(c, draft.service_id))
    assert (panel.id, panel.build) == ("p1", "GRCh38")


def test_sent_looked_after_and_fetched(
    desk: Desk, draft: JobDraft, server: RestServer, tmp_path: Path
) -> None:
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.phase, job.password_set) == (JobState.SUBMITTED, SendPhase.ANSWERED, False)
    there = server.jobs[job.remote_id or ""]
    assert there.fields["min_r2"] == "0.3"
    there.state = "running"
    assert look(desk, draft) is JobState.RUNNING
    there.state = "almost done"
    assert look(desk, draft) is JobState.UNKNOWN
    there.files = {"chr20.dose.vcf.gz": packed(dose_text(site_lines("20", 60)), tmp_path)}
    there.state = "done"
    assert look(desk, draft) is JobState.SUCCESS
    asyncio.run(fetch_results(desk, job.id))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert (result.state, [file.path for file in result.files]) == (
        ResultState.VERIFIED,
        ["chr20.dose.vcf.gz"],
    )


def test_an_answer_that_was_lost_makes_no_second_job(desk: Desk, draft: JobDraft, server: RestServer) -> None:
    server.drop_answer = True
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert (job.remote_id, len(server.jobs)) == ("j1", 1)


def test_cancelled_there(desk: Desk, draft: JobDraft, server: RestServer) -> None:
    asyncio.run(submit_job(desk, draft))
    asyncio.run(cancel_job(desk, asyncio.run(only_job(desk)).id))
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert server.jobs["j1"].state == "stopped"


def test_a_description_with_a_fault_adds_nothing(desk: Desk, server: RestServer, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("schema: 1\nid: x\n", "utf-8")
    with pytest.raises(ProblemError, match="bad.yaml"):
        asyncio.run(add_service(desk, "Bad", server.url, "described", setup={"described": str(file)}))
    assert desk.store.read_now(services.services) == ()
