"""A job at a web page: prepared, told by its person, its result brought, proved and booked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.finding import BuildGuess, CheckReport
from app.domain.job import Job, JobState, SendPhase, StepState
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, ProblemError
from app.domain.result import ResultState
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.result_ledger import ledger_of
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.tell_job import bring_result, guided_sheet, tell_job, tick_step
from app.operations.visit_jobs import remind, visit_jobs
from app.operations.web_pages import WebPages
from app.scheduler.plan import next_look
from app.services.registry import Registry
from app.store import jobs, notices, results
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.archives import by_pyzipper, plain
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.helpers.small_study import Study, make_study, vcf_gz

PAGE = "https://imp.science.unimelb.edu.au/hla"


@pytest.fixture
def study() -> Study:
    return make_study(1, samples=12, sites=400, chromosomes=("6",), build="GRCh37")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    home.mkdir()
    with Store.open(home / "haplodesk.db") as store:
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        registry = Registry(pages=WebPages(home, store))
        yield QuickDesk(home, store, secrets, registry, clock=FixedClock(NOW))


@pytest.fixture
def draft(desk: Desk, tmp_path: Path, study: Study) -> JobDraft:
    path = tmp_path / "study.vcf.gz"
    path.write_bytes(next(iter(vcf_gz(study).values())))

    async def make() -> JobDraft:
        service_id = (await add_service(desk, "HLA", PAGE)).ids(Noun.SERVICE)[0]
        await sync_panels(desk, (service_id,))
        dataset_id = (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
        build = BuildGuess(value="GRCh37", confidence=1.0)
        passed = CheckReport(accepted=True, stage="ok", samples=12, snps=400, build=build)
        await pass_check(desk, dataset_id, passed)
        return JobDraft(
            name="My cohort",
            dataset_id=dataset_id,
            service_id=service_id,
            app_id="by-hand",
            panel_id="array-model",
        )

    return asyncio.run(make())


@pytest.fixture
def job(desk: Desk, draft: JobDraft) -> Job:
    """A job whose files are prepared."""
    asyncio.run(submit_job(desk, draft))
    return asyncio.run(only_job(desk))


def now_of(desk: Desk) -> Job:
    return asyncio.run(only_job(desk))


def dosages(tmp_path: Path, names: tuple[str, ...]) -> Path:
    text = dose_text(site_lines("6", 60, first=29_000_000, step=900), names)
    path = tmp_path / "from the page" / "chr6.dose.vcf.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(packed(text, tmp_path))
    return path


def test_a_prepared_job_waits_for_its_person(desk: Desk, job: Job, study: Study) -> None:
    inside = sum(28_000_000 <= site.position <= 34_000_000 for site in study.sites)
    assert (job.state, job.phase, job.is_to_send) == (JobState.WAITING, SendPhase.ANSWERED, False)
    assert not job.password_set
    (file,) = job.files
    assert Path(file.path).parent.parent == desk.home.with_name("home uploads")
    assert os.name == "nt" or Path(file.path).parent.stat().st_mode & 0o777 == 0o700
    sheet = asyncio.run(guided_sheet(desk, job.id))
    assert sheet is not None
    assert sheet.sites == {"6": inside}
    told = [event.text for event in desk.store.read_now(lambda c: jobs.events(c, job_id=job.id))]
    assert any(f"{inside} of 400 sites of 12 people" in line for line in told)


def test_nothing_is_looked_for_at_the_page(desk: Desk, job: Job) -> None:
    service = asyncio.run(desk.service(job.service_id))
    assert next_look(job, service, NOW + timedelta(days=1)) is None
    asyncio.run(visit_jobs(desk, job.service_id))
    assert now_of(desk).state is JobState.WAITING


def test_a_record_that_is_gone_says_nothing_of_the_job(desk: Desk, job: Job) -> None:
    asyncio.run(tell_job(desk, job.id, JobState.RUNNING))
    next(desk.home.glob("by-hand/jobs/*/job.json")).unlink()
    for _ in range(3):
        desk.clock.advance(3600)  # type: ignore[attr-defined]
        asyncio.run(visit_jobs(desk, job.service_id))
    assert now_of(desk).state is JobState.RUNNING


def test_what_the_person_tells_is_the_state(desk: Desk, job: Job) -> None:
    asyncio.run(tell_job(desk, job.id, JobState.SUBMITTED))
    uploaded = now_of(desk)
    assert (uploaded.state, uploaded.expires) == (JobState.SUBMITTED, NOW + timedelta(days=30))
    asyncio.run(tell_job(desk, job.id, JobState.FAILED, "No HLA sites"))
    failed = now_of(desk)
    assert failed.problem is not None
    assert (failed.state, failed.problem.what_happened) == (JobState.FAILED, "No HLA sites")
    asyncio.run(tell_job(desk, job.id, JobState.RUNNING))
    again = now_of(desk)
    assert (again.state, again.ended, again.problem) == (JobState.RUNNING, None, None)


def test_a_step_that_is_done_stays_ticked(desk: Desk, job: Job) -> None:
    asyncio.run(tick_step(desk, job.id, 1, True))
    assert [step.state is StepState.DONE for step in now_of(desk).steps[:3]] == [False, True, False]
    sheet = asyncio.run(guided_sheet(desk, job.id))
    assert sheet is not None
    assert [step.done for step in sheet.steps[:3]] == [False, True, False]


def test_the_deletion_is_announced_while_it_runs(desk: Desk, job: Job) -> None:
    asyncio.run(tell_job(desk, job.id, JobState.RUNNING))
    for _ in range(31):
        desk.clock.advance(86_400)  # type: ignore[attr-defined]
        asyncio.run(remind(desk))
    told = desk.store.read_now(lambda c: notices.recent(c, 50))
    near = [each for each in told if each.kind is NoticeKind.DELETION_NEAR]
    assert len(near) == 2  # looked at once a day: the limits of 72 and 24 hours
    assert all("page" in each.body for each in near)


def test_the_result_is_brought_and_booked(desk: Desk, job: Job, study: Study, tmp_path: Path) -> None:
    asyncio.run(tell_job(desk, job.id, JobState.SUBMITTED))
    mine = dosages(tmp_path, study.samples)
    before = mine.read_bytes()
    asyncio.run(bring_result(desk, job.id, (mine.parent,)))
    done = now_of(desk)
    assert (done.state, done.is_fetched) == (JobState.SUCCESS, True)
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert (result.state, [file.path for file in result.files]) == (
        ResultState.VERIFIED,
        ["chr6.dose.vcf.gz"],
    )
    assert mine.read_bytes() == before
    ledger = asyncio.run(ledger_of(desk, result.id))
    assert ledger is not None
    assert (ledger.samples.sent, ledger.samples.found) == (12, 12)
    sheet = asyncio.run(guided_sheet(desk, job.id))
    assert sheet is not None
    assert ledger.chromosomes[0].sent == sheet.sites["6"]
    with pytest.raises(ProblemError, match="here already"):
        asyncio.run(bring_result(desk, job.id, (mine,)))


def test_a_result_that_is_ready_is_not_fetched_by_the_program(desk: Desk, job: Job) -> None:
    asyncio.run(tell_job(desk, job.id, JobState.SUCCESS))
    with pytest.raises(ProblemError, match="Only you can bring"):
        asyncio.run(fetch_results(desk, job.id))
    assert desk.store.read_now(lambda c: results.result_of_job(c, job.id)) is None


def test_the_result_of_other_people_is_refused(desk: Desk, job: Job, tmp_path: Path) -> None:
    other = dosages(tmp_path, ("NA1", "NA2"))
    with pytest.raises(ProblemError, match="None of the 2 people"):
        asyncio.run(bring_result(desk, job.id, (other,)))
    assert now_of(desk).state is JobState.WAITING
    assert desk.store.read_now(lambda c: results.result_of_job(c, job.id)) is None


def test_files_of_another_build_are_not_prepared(desk: Desk, draft: JobDraft) -> None:
    build = BuildGuess(value="GRCh38", confidence=1.0)
    report = CheckReport(accepted=True, stage="ok", samples=12, snps=400, build=build)
    asyncio.run(pass_check(desk, draft.dataset_id, report))
    with pytest.raises(ProblemError, match="wants GRCh37; the files are GRCh38"):
        asyncio.run(submit_job(desk, draft))


def test_giving_it_up_keeps_the_files(desk: Desk, job: Job) -> None:
    asyncio.run(cancel_job(desk, job.id))
    assert now_of(desk).state is JobState.CANCELLED
    assert Path(job.files[0].path).is_file()


def test_a_service_that_can_be_asked_is_not_told(desk: Desk, job: Job) -> None:
    from tests.helpers.fake_family import FakeFamily, FakeRegistry

    desk.registry = FakeRegistry(FakeFamily())  # type: ignore[assignment]
    with pytest.raises(ProblemError) as caught:
        asyncio.run(tell_job(desk, job.id, JobState.RUNNING))
    assert caught.value.problem.kind is Kind.INPUT
    assert asyncio.run(guided_sheet(desk, job.id)) is None


def test_a_page_that_nobody_asks_has_no_answer_and_no_score(desk: Desk, draft: JobDraft) -> None:
    asyncio.run(check_services(desk, (draft.service_id,)))
    service = asyncio.run(desk.service(draft.service_id))
    assert (service.response_ms, service.score, service.country) == (None, None, "AU")
    told = desk.store.read_now(lambda c: jobs.events(c, service_id=service.id))
    assert not [event for event in told if "answers" in event.text]


def test_a_result_is_judged_whatever_the_page_calls_its_files(
    desk: Desk, job: Job, study: Study, tmp_path: Path
) -> None:
    path = dosages(tmp_path, study.samples)
    path = path.rename(path.with_name("imputed by the page.vcf.gz"))
    asyncio.run(bring_result(desk, job.id, (path,)))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert result.state is ResultState.VERIFIED
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (12, 60)


@pytest.mark.parametrize("password", ["", "secret-word-12"])
def test_other_people_in_an_archive_are_taken_away_again(
    desk: Desk, job: Job, study: Study, tmp_path: Path, password: str
) -> None:
    """Who is in it is known when it is open; the right archive is taken then."""
    strangers, right = tmp_path / "chr_6.zip", tmp_path / "right" / "chr_6.zip"
    right.parent.mkdir()
    for path, names in ((strangers, ("X1", "X2")), (right, study.samples)):
        text = dose_text(site_lines("6", 60, first=29_000_000, step=900), names)
        files = {"chr6.dose.vcf.gz": packed(text, tmp_path)}
        if password:
            by_pyzipper(path, files, password, 256, 2)
        else:
            plain(path, files)
    secret = SecretStr(password) if password else None
    with pytest.raises(ProblemError, match="other people"):
        asyncio.run(bring_result(desk, job.id, (strangers,), secret))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert (result.state, result.files) == (ResultState.INCOMPLETE, ())
    assert not list(Path(result.folder).rglob("*.vcf.gz*"))
    asyncio.run(bring_result(desk, job.id, (right,), secret))
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert result.state is ResultState.VERIFIED


@pytest.mark.parametrize("kind", ["vcf", "zip", "browser", "no archive"])
def test_a_download_that_is_not_whole_is_told_and_the_job_waits_on(
    desk: Desk, job: Job, study: Study, tmp_path: Path, kind: str
) -> None:
    whole = dosages(tmp_path, study.samples)
    path = whole.with_name("half.vcf.gz")
    if kind == "vcf":
        path.write_bytes(whole.read_bytes()[:-300])
    elif kind == "zip":
        path = plain(tmp_path / "chr_6.zip", {"chr6.dose.vcf.gz": whole.read_bytes()})
        path.write_bytes(path.read_bytes()[:-100])
    elif kind == "browser":
        path = whole.rename(whole.with_name(whole.name + ".crdownload"))
    else:
        path = tmp_path / "page.zip"
        path.write_bytes(b"<html>Please log in</html>")
    with pytest.raises(ProblemError) as caught:
        asyncio.run(bring_result(desk, job.id, (path,)))
    assert caught.value.problem.kind is Kind.INPUT
    assert "from the service again" not in caught.value.problem.sentence()
    assert now_of(desk).state is JobState.WAITING
    assert desk.store.read_now(lambda c: results.result_of_job(c, job.id)) is None


def test_two_files_of_one_name_are_not_taken_together(
    desk: Desk, job: Job, study: Study, tmp_path: Path
) -> None:
    """In the folders of a result they may be; named one by one they are two versions."""
    first = dosages(tmp_path, study.samples)
    second = tmp_path / "again" / first.name
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    with pytest.raises(ProblemError, match="same name"):
        asyncio.run(bring_result(desk, job.id, (first, second)))
    assert now_of(desk).state is JobState.WAITING
