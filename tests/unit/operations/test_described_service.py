"""A described service through the operations: added by a file, sent to, looked after, its result fetched."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.job import JobState, SendPhase
from app.domain.problem import ProblemError
from app.domain.result import ResultState
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import submit_job
from app.store import results, services
from tests.helpers.described_desk import desk, draft, look, server
from tests.helpers.desk_fixtures import only_job
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.services.rest_server import RestServer

__all__ = ["desk", "draft", "server"]


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
