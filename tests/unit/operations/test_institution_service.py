"""A service of an institution, described by a file alone: odd names, numbers for states, pages by number.

Its description says nothing that the shipped examples do not explain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.domain.result import ResultState
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.change_service import set_token
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.run_logs import run_logs
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.registry import Registry
from app.store import jobs, results, services
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, write_vcf
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.services.odd_rest_server import DESCRIPTION, KEY, OddRestServer


@pytest.fixture
def server() -> Iterator[OddRestServer]:
    with OddRestServer() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    (home / "services").mkdir(parents=True)
    (home / "services" / "alpine.yaml").write_text(DESCRIPTION, "utf-8")
    with Store.open(home / "haplodesk.db") as store:
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        registry = Registry(descriptions=home / "services")
        yield QuickDesk(home, store, secrets, registry, clock=FixedClock(NOW))


@pytest.fixture
def draft(desk: Desk, server: OddRestServer, tmp_path: Path) -> JobDraft:
    async def make() -> JobDraft:
        changes = await add_service(
            desk, "Desk", server.url, "described", SecretStr(KEY), setup={"described": "alpine"}
        )
        (service_id,) = changes.ids(Noun.SERVICE)
        await sync_panels(desk, (service_id,))
        dataset_id = (await add_dataset(desk, (write_vcf(tmp_path),))).ids(Noun.DATASET)[0]
        await pass_check(desk, dataset_id)
        return JobDraft(
            name="Mine", dataset_id=dataset_id, service_id=service_id, app_id="fill-in", panel_id="A2",
            options={"cut": "0.3"},
        )  # fmt: skip

    return asyncio.run(make())


def look(desk: Desk, draft: JobDraft) -> JobState:
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(visit_jobs(desk, draft.service_id))
    return asyncio.run(only_job(desk)).state


def test_from_the_file_to_the_result(
    desk: Desk, draft: JobDraft, server: OddRestServer, tmp_path: Path
) -> None:
    service = asyncio.run(desk.service(draft.service_id))
    assert (service.name, service.country, service.token.username) == ("Desk", "CH", "reto@desk.example")
    assert service.token.expires is not None
    assert service.token.expires.year == 2100
    assert service.limits.max_samples == 900
    (panel,) = desk.store.read_now(lambda c: services.panels(c, draft.service_id))
    assert (panel.id, panel.build) == ("A2", "GRCh38")
    server.tasks += [{"no": n, "label": f"old {n}", "phase": 3, "pct": "100"} for n in (1, 2, 3, 4)]
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert (job.remote_id, job.phase) == ("5", SendPhase.ANSWERED)
    task = server.tasks[4]
    assert (task["label"], task["reference"], task["blobs"]) == (job.remote_name, "A2", ["b1"])
    assert task["knobs"] == {"cut": "0.3"}
    assert server.blobs["b1"] == Path(job.files[0].path).read_bytes()
    task |= {"phase": 1, "pct": "45 %"}
    before = server.lists
    assert look(desk, draft) is JobState.RUNNING
    assert asyncio.run(only_job(desk)).progress == pytest.approx(0.45)
    assert server.lists == before + 3  # five tasks, two a page, and no page after the last
    task["phase"] = 5
    assert look(desk, draft) is JobState.UNKNOWN
    (diary,) = asyncio.run(run_logs(desk, job.id))
    assert (diary.name, diary.text) == ("Diary", "sorted\nfilled in")
    server.made[5] = {"chr20.dose.vcf.gz": packed(dose_text(site_lines("20", 60)), tmp_path)}
    task |= {"phase": 3, "at": {"came": 1760000000, "left": 1760003600.5}}
    assert look(desk, draft) is JobState.SUCCESS
    asyncio.run(fetch_results(desk, job.id))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert result.state is ResultState.VERIFIED


def test_a_refusal_that_looks_like_a_success_is_told_in_its_words(
    desk: Desk, draft: JobDraft, server: OddRestServer
) -> None:
    server.full = True
    with pytest.raises(ProblemError, match="closed until Monday") as caught:
        asyncio.run(submit_job(desk, draft))
    assert caught.value.problem.kind is Kind.REFUSED
    assert asyncio.run(only_job(desk)).state is JobState.FAILED
    assert server.tasks == []


def test_a_wrong_key_and_a_failure_and_a_stop(desk: Desk, draft: JobDraft, server: OddRestServer) -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(set_token(desk, draft.service_id, SecretStr("k-other")))
    assert caught.value.problem.kind is Kind.SIGN_IN
    asyncio.run(submit_job(desk, draft))
    server.tasks[0] |= {"phase": 7, "complaints": [{"words": "chromosome 20 is missing"}]}
    assert look(desk, draft) is JobState.FAILED
    job = asyncio.run(only_job(desk))
    assert "chromosome 20 is missing" in str(job.problem)
    server.tasks[0]["phase"] = 1
    asyncio.run(submit_job(desk, draft.model_copy(update={"name": "Another"})))
    second = next(job for job in desk.store.read_now(jobs.jobs) if job.name == "Another")
    asyncio.run(cancel_job(desk, second.id))
    assert asyncio.run(desk.job(second.id)).state is JobState.CANCELLED
    assert server.tasks[1]["phase"] == 9
