"""Reports of results from what the store knows of their jobs and data."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.job import JobStep, MessageKind, StepMessage, StepState
from app.domain.problem import Kind, ProblemError
from app.domain.repair import Ledger, LedgerLine, RepairOutcome
from app.domain.result import Result
from app.domain.result_report import RunFacts
from app.operations import judge_result, unpack
from app.operations.desk import Desk
from app.operations.recorded_run import recorded_run
from app.operations.report_result import methods_of_result, save_result_report
from app.store import datasets
from tests.helpers.desk_fixtures import only_job
from tests.helpers.direct_work import _directly, work_directly
from tests.helpers.fake_family import FakeFamily
from tests.helpers.finished_job import archive, fetch, result_of
from tests.helpers.imputed_files import dose_text, packed, site_lines

PEOPLE = tuple(f"Person{n:02}" for n in range(24))


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)
    for module in (judge_result, unpack):
        monkeypatch.setattr(module, "run_in_process", _directly)


@pytest.fixture
def fetched(done: Desk, fake: FakeFamily, tmp_path: Path) -> Result:
    """A fetched result of 24 people whose data were repaired."""
    password = fake.submissions[0].password
    assert password is not None
    dose = packed(dose_text(site_lines(), PEOPLE), tmp_path)
    fake.content["chr_20.zip"] = archive(password, "chr20.dose.vcf.gz", dose)
    fetch(done)
    asyncio.run(_tell_more(done))
    return result_of(done, asyncio.run(only_job(done)).id)


async def _tell_more(desk: Desk) -> None:
    job = await only_job(desk)
    message = StepMessage(kind=MessageKind.OK, text="Phasing with Eagle v2.4.1 done")
    step = JobStep(name="Phasing", state=StepState.DONE, messages=(message,))
    await desk.update_job(job.id, steps=(step,), override_reason="The centre knows.")
    assert job.dataset_id
    dataset = await desk.store.read(lambda c: datasets.dataset(c, job.dataset_id or ""))
    assert dataset is not None
    file = job.files[0]
    finding = Finding(code="sample.low", severity=Severity.SEVERE, title="Person03 has few calls")
    report = CheckReport(
        accepted=True,
        stage="ok",
        samples=24,
        snps=1000,
        chromosomes=("20",),
        build=BuildGuess(value="GRCh37"),
        files=(FileFacts(path=file.path, name=file.name, size=file.size, format="VCF", sha256="ab" * 32),),
        findings=(finding,),
    )
    line = LedgerLine(code="flip", title="Flip strands", changed_sites=17, removed_samples=2)
    books = Ledger(sites_in=1000, samples_in=26, lines=(line,), sites_out=1000, samples_out=24)
    told = {"report": report, "outcome": RepairOutcome(ledger=books), "made_from": "data-0"}
    await desk.store.write(lambda c: datasets.save_dataset(c, dataset.model_copy(update=told)))


def facts_of(desk: Desk, result: Result, *, person: bool = False) -> RunFacts:
    return asyncio.run(recorded_run(desk, result, person=person))


def test_everything_recorded_is_found(done: Desk, fetched: Result) -> None:
    facts = facts_of(done, fetched)
    assert facts.title == "My cohort"
    assert facts.service.name == "Fake"
    assert facts.service.app_version == "1"
    assert facts.options["population"] == "eur"
    assert [(each.name, each.version) for each in facts.software] == [("Eagle", "2.4.1")]
    assert facts.dataset is not None
    assert facts.dataset.build == "GRCh37"
    assert [each.changed_sites for each in facts.dataset.repairs] == [17]
    assert facts.inputs[0].sha256 == "ab" * 32
    assert any("The centre knows." in each for each in facts.warnings)
    assert facts.person == ""
    assert facts_of(done, fetched, person=True).person == done.person()
    assert "password" not in facts.model_dump_json().casefold()


def test_reports_are_written_without_names(done: Desk, fetched: Result, tmp_path: Path) -> None:
    files = [tmp_path / f"report{ending}" for ending in (".html", ".pdf", ".txt", ".bib")]
    asyncio.run(save_result_report(done, fetched.id, files))
    page, pdf, text, bib = (each.read_bytes() for each in files)
    assert pdf.startswith(b"%PDF-")
    assert b"Eagle 2.4.1" in text
    assert b"Minimac 4.1.6" in text
    assert b"@article{loh2016" in bib
    assert b"flip strands (17 variants changed, &lt; 5 samples removed)" in page
    assert fetched.files[0].sha256.encode() in page
    assert not any(name.encode() in each for name in PEOPLE for each in (page, text))
    asyncio.run(save_result_report(done, fetched.id, files[:1], names=True, overwrite=True))
    assert b"Person03 has few calls" in files[0].read_bytes()


def test_methods_can_be_copied(done: Desk, fetched: Result) -> None:
    text, bib = asyncio.run(methods_of_result(done, fetched.id))
    assert "by the service Fake (https://fake.example)" in text
    assert "fuchsberger2015" in bib


@pytest.mark.parametrize("name", ["there.html", "result.docx"])
def test_what_is_there_stays_and_other_endings_are_refused(
    done: Desk, fetched: Result, tmp_path: Path, name: str
) -> None:
    kept = tmp_path / "there.html"
    kept.write_text("mine")
    with pytest.raises(ProblemError) as caught:
        asyncio.run(save_result_report(done, fetched.id, [tmp_path / "new.pdf", tmp_path / name]))
    assert caught.value.problem.kind is Kind.INPUT
    assert kept.read_text() == "mine"
    assert not (tmp_path / "new.pdf").exists()


def test_a_result_is_not_replaced_by_its_report(done: Desk, fetched: Result) -> None:
    dose = Path(fetched.folder) / "chr20.dose.vcf.gz"
    before = dose.read_bytes()
    with pytest.raises(ProblemError):
        asyncio.run(save_result_report(done, fetched.id, _as_html(dose), overwrite=True))
    assert dose.read_bytes() == before


def _as_html(path: Path) -> dict[Path, object]:
    from app.results.reporting.making import ReportForm

    return {path: ReportForm.HTML}


def test_a_result_that_is_gone_is_told(done: Desk, tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(save_result_report(done, "result-none", [tmp_path / "x.html"]))
    assert caught.value.problem.kind is Kind.NOT_FOUND
