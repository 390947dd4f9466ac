"""A description that an earlier version took: its jobs go on, nothing new is sent, and a person is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.result import ResultState
from app.domain.service import HealthState, Service
from app.operations.add_service import add_service
from app.operations.change_service import remove_token, set_token
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import submit_job
from app.store import jobs, notices, results, services
from tests.helpers.described_desk import desk, draft, look, server
from tests.helpers.desk_fixtures import only_job
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.services.rest_server import TOKEN, RestServer

__all__ = ["desk", "draft", "server"]

SENDING = ("application: $app}", "application: $app, r2: $option.r2}")
COOKIE = ("auth:\n", "headers: {Cookie: x}\nauth:\n")


@pytest.fixture
def file(desk: Desk, draft: JobDraft) -> Path:
    """The description of the service, by which a job was sent already."""
    asyncio.run(submit_job(desk, draft))
    return Path(asyncio.run(desk.service(draft.service_id)).setup["described"])


def spoil(file: Path, change: tuple[str, str]) -> None:
    text = file.read_text("utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change, 1), "utf-8")


def looked(desk: Desk, draft: JobDraft) -> Service:
    asyncio.run(check_services(desk))
    return asyncio.run(desk.service(draft.service_id))


def told(desk: Desk) -> list[str]:
    found = desk.store.read_now(lambda c: notices.recent(c))
    return [each.title for each in found if "not watched" in each.title]


def events(desk: Desk, draft: JobDraft) -> list[str]:
    return [each.text for each in desk.store.read_now(lambda c: jobs.events(c, service_id=draft.service_id))]


def test_jobs_go_on_and_results_come_though_nothing_new_is_sent(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path, tmp_path: Path
) -> None:
    spoil(file, SENDING)
    there = server.jobs["j1"]
    there.state = "running"
    assert look(desk, draft) is JobState.RUNNING
    there.files = {"chr20.dose.vcf.gz": packed(dose_text(site_lines("20", 60)), tmp_path)}
    there.state = "done"
    assert look(desk, draft) is JobState.SUCCESS
    job = asyncio.run(only_job(desk))
    asyncio.run(fetch_results(desk, job.id))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert result.state is ResultState.VERIFIED
    with pytest.raises(ProblemError, match=r"\$option\.r2") as caught:
        asyncio.run(submit_job(desk, draft))
    assert (caught.value.problem.kind, len(server.jobs)) == (Kind.INPUT, 1)


def test_the_page_says_what_has_to_be_mended_and_forgets_it_then(
    desk: Desk, draft: JobDraft, file: Path
) -> None:
    before = looked(desk, draft)
    assert (before.to_mend, before.state) == ("", HealthState.UP)
    spoil(file, SENDING)
    service = looked(desk, draft)
    assert service.state is HealthState.UP
    for words in ("ours.yaml", "$option.r2", "Mend the file", "nothing new is sent", "are looked after"):
        assert words in service.to_mend
    looked(desk, draft)
    assert [text for text in events(desk, draft) if "$option.r2" in text] == [service.to_mend]
    assert told(desk) == []
    spoil(file, (SENDING[1], SENDING[0]))
    assert looked(desk, draft).to_mend == ""
    assert "Nothing has to be mended." in events(desk, draft)


def test_where_safety_hangs_on_the_check_nothing_is_asked_and_that_is_said(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path
) -> None:
    spoil(file, COOKIE)
    server.seen.clear()
    desk.clock.advance(60)  # type: ignore[attr-defined]
    with pytest.raises(ProblemError, match="Cookie"):
        look(desk, draft)
    service = looked(desk, draft)
    assert "Its jobs are not watched" in service.to_mend
    assert told(desk) == ["The jobs of Ours are not watched"]
    looked(desk, draft)
    assert len(told(desk)) == 1
    desk.clock.advance(86_400)  # type: ignore[attr-defined]
    looked(desk, draft)
    assert len(told(desk)) == 2
    assert server.seen == []
    spoil(file, (COOKIE[1], COOKIE[0]))
    server.jobs["j1"].state = "running"
    assert look(desk, draft) is JobState.RUNNING


def test_a_file_that_is_gone_is_said_as_well(desk: Desk, draft: JobDraft, file: Path) -> None:
    file.unlink()
    assert (
        "cannot be read" in looked(desk, draft).to_mend or "Put the file back" in looked(desk, draft).to_mend
    )
    assert len(told(desk)) == 1


def test_without_jobs_that_are_looked_after_there_is_no_notice(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path
) -> None:
    asyncio.run(cancel_job(desk, asyncio.run(only_job(desk)).id))
    spoil(file, COOKIE)
    assert "not watched" in looked(desk, draft).to_mend
    assert told(desk) == []


def test_a_cancel_that_has_the_fault_is_refused_with_it_and_the_job_goes_on(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path
) -> None:
    spoil(file, ('cancel: {post: "/jobs/{id}/cancel"}', "cancel: {post: /cancel}"))
    with pytest.raises(ProblemError, match="of which job"):
        asyncio.run(cancel_job(desk, asyncio.run(only_job(desk)).id))
    server.jobs["j1"].state = "running"
    assert look(desk, draft) is JobState.RUNNING
    assert server.paths("POST", "cancel") == []


def test_plain_http_stays_refused_with_such_a_description(
    desk: Desk, draft: JobDraft, file: Path, server: RestServer
) -> None:
    spoil(file, SENDING)
    asyncio.run(desk.update_service(draft.service_id, base_url="http://imputation.example.org"))
    server.seen.clear()
    with pytest.raises(ProblemError, match="not encrypted"):
        look(desk, draft)
    assert server.seen == []


def test_a_new_token_is_taken_so_that_the_jobs_can_be_looked_after(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path
) -> None:
    spoil(file, SENDING)
    asyncio.run(remove_token(desk, draft.service_id))
    with pytest.raises(ProblemError, match="No token"):
        look(desk, draft)
    with pytest.raises(ProblemError, match="not accepted"):
        asyncio.run(set_token(desk, draft.service_id, SecretStr("another")))
    asyncio.run(set_token(desk, draft.service_id, SecretStr(TOKEN)))
    server.jobs["j1"].state = "running"
    assert look(desk, draft) is JobState.RUNNING


def test_a_service_is_not_added_by_a_description_that_has_to_be_mended(
    desk: Desk, draft: JobDraft, server: RestServer, file: Path
) -> None:
    spoil(file, SENDING)
    with pytest.raises(ProblemError, match=r"\$option\.r2"):
        asyncio.run(
            add_service(desk, "Twin", f"{server.url}/other", "described", setup={"described": str(file)})
        )
    assert len(desk.store.read_now(services.services)) == 1
