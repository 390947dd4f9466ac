"""What is said of a dataset, without a window."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.dataset import OTHER_FORMAT, SEVERAL_GROUPS, DataFile, Dataset
from app.domain.finding import BuildGuess, FileFacts, Finding, Severity
from app.domain.job import JobState
from app.domain.problem import Kind, Problem
from app.domain.service import HealthState, Limits, Service, TokenInfo
from app.ui.colours import Status
from app.ui.views.uploads import dataset_words as words
from app.ui.views.uploads.service_fit import Fit, Why, fit_of, fits
from tests.ui import samples


def service(**more: object) -> Service:
    return samples.services()[0].model_copy(update=more)


def whys(dataset: Dataset, of: Service) -> list[Why]:
    return [r.why for r in fit_of(dataset, of, samples.panels()).reasons]


@pytest.mark.parametrize(
    ("chromosomes", "said"),
    [
        ((), ""),
        (("22",), "22"),
        (("20", "21", "22"), "20–22"),
        (("1", "3", "X"), "1, 3, X"),
        (("1", "2", "X"), "1–2, X"),
        (("X", "1"), "X, 1"),
    ],
)
def test_chromosomes_are_joined(chromosomes: tuple[str, ...], said: str) -> None:
    assert words.chromosome_span(chromosomes) == said


@pytest.mark.parametrize(("confidence", "sure"), [(1.0, "certain"), (0.95, "likely"), (0.4, "uncertain")])
def test_the_build_is_said_with_its_evidence(confidence: float, sure: str) -> None:
    guess = BuildGuess(value="GRCh38", confidence=confidence, evidence=("9 of 10 known positions.",))
    assert words.build_words(guess) == f"GRCh38 ({sure}: 9 of 10 known positions)"
    assert words.build_words(BuildGuess()) == "build not known"
    none = BuildGuess(
        value="GRCh37", confidence=1, evidence=("None of the known positions was met.", "Contigs.")
    )
    assert words.build_words(none) == "GRCh37 (certain: Contigs)"


def test_the_heading_counts(theme: object) -> None:
    assert words.heading_words(samples.dataset(1)).startswith(
        "48 people · 4,003 variants · chr20–22 · GRCh37"
    )
    assert words.heading_words(samples.dataset(3, None)).startswith("3 files · 85")


def test_a_service_takes_what_fits() -> None:
    found = fit_of(samples.dataset(1), service(), samples.panels())
    assert (found.fit, found.reasons) == (Fit.TAKES, ())
    assert words.fit_shown(found).status is Status.DONE
    assert words.fit_words(found) == "Nothing known stands in the way. Not compared with the panel's sites."


@pytest.mark.parametrize(
    ("limits", "why", "said"),
    [
        (Limits(min_samples=100), Why.FEW_SAMPLES, "48 people, at least 100 are needed."),
        (Limits(max_samples=20), Why.MANY_SAMPLES, "48 people, at most 20 are allowed."),
        (Limits(max_file_mb=10), Why.LARGE_FILE, "A file of 28.4 MB, at most 10.0 MB are allowed."),
        (Limits(max_upload_mb=50), Why.LARGE_UPLOAD, "85.2 MB together, at most 50.0 MB are allowed."),
        (Limits(chromosomes=("20", "X")), Why.CHROMOSOMES, "Chromosome 21, 22 is not imputed there."),
    ],
)
def test_limits_refuse(limits: Limits, why: Why, said: str, theme: object) -> None:
    found = fit_of(samples.dataset(1), service(limits=limits), samples.panels())
    assert found.fit is Fit.REFUSES
    assert [r.why for r in found.reasons] == [why]
    assert words.fit_words(found) == said


def test_notes_do_not_refuse() -> None:
    dataset = samples.dataset(1)
    topmed = samples.services()[1]
    found = fit_of(dataset, topmed, samples.panels())
    assert found.fit is Fit.TAKES
    assert [r.why for r in found.reasons] == [Why.OTHER_BUILD]
    assert "would lift it over" in words.fit_words(found)
    assert whys(dataset, service(enabled=False)) == [Why.SWITCHED_OFF]
    assert whys(dataset, service(token=TokenInfo())) == [Why.NO_TOKEN]
    down = service(state=HealthState.DOWN, token=TokenInfo(present=True, valid=False))
    assert whys(dataset, down) == [Why.BAD_TOKEN, Why.DOWN]
    assert words.fit_shown(fit_of(dataset, down, ())).status is Status.WARNING


def test_severe_findings_refuse_everywhere_but_those_of_another_service() -> None:
    refused = samples.dataset(2, False)
    assert whys(refused, service()) == [Why.FINDING]
    assert words.fit_words(fit_of(refused, service(), ())) == "Chromosome names do not fit the build."
    assert refused.report is not None
    few = refused.report.findings[0].model_copy(update={"code": "sample.too_few"})
    other = refused.model_copy(update={"report": refused.report.model_copy(update={"findings": (few,)})})
    assert whys(other, service()) == []


def test_those_that_take_it_come_first() -> None:
    small = service(limits=Limits(max_samples=10), name="A", id="a")
    found = fits(samples.dataset(1), [small, service()], ())
    assert [f.service.id for f in found] == ["michigan", "a"]
    unknown = fit_of(samples.dataset(3, None), service(), ())
    assert unknown.fit is Fit.UNKNOWN
    assert words.fit_words(unknown) == ""


def test_verdicts() -> None:
    assert words.verdict_words(samples.dataset(1))[1].endswith("1 warning to look at.")
    shown, said = words.verdict_words(samples.dataset(2, False))
    assert (shown.word, said) == ("Would be refused", "Chromosome names do not fit the build.")
    assert words.verdict_words(samples.dataset(3, None))[0].word == "Not checked"


@pytest.mark.parametrize("code", [OTHER_FORMAT, SEVERAL_GROUPS])
def test_the_table_and_the_page_say_the_same_of_files_to_be_written_anew(code: str) -> None:
    plain = samples.dataset(1)
    assert plain.report is not None
    found = Finding(code=code, severity=Severity.INFO, title="To be written anew")
    dataset = plain.model_copy(update={"report": plain.report.model_copy(update={"findings": (found,)})})
    shown, said = words.verdict_words(dataset)
    assert shown == words.dataset_shown((dataset.state, True, "prepare", ""))
    assert shown.word == "To be prepared"
    assert said.endswith("choose “Make it ready for”.")


def test_findings_are_sorted_and_filtered() -> None:
    report = samples.dataset(2, False).report
    assert report is not None
    found = words.sorted_findings(report.findings)
    assert [f.severity for f in found] == ["severe", "warning", "info"]
    assert [f.code for f in words.fitting(found, "call na12878")] == ["sample.low_call_rate"]
    assert [f.code for f in words.fitting(found, "", "info")] == ["site.monomorphic"]
    assert words.finding_row(found[0])[2] == "chr20.vcf.gz: line 31"


def test_files_are_listed_before_they_are_read() -> None:
    fresh = samples.dataset(3, None)
    assert words.file_rows(fresh)[0][:2] == ("chr20.vcf.gz", 28_400_020)
    facts = FileFacts(
        path=fresh.files[0].path, name="a", size=1, format="VCF", vcf_version="VCFv4.2", phased=True
    )
    report = samples.dataset(1).report
    assert report is not None
    read = fresh.model_copy(update={"report": report.model_copy(update={"files": (facts,)})})
    assert words.file_rows(read)[0][2] == "VCF 4.2"
    assert words.yes_no(words.file_rows(read)[0][6]) == "yes"
    assert isinstance(read.files[0], DataFile)


def with_finding(code: str) -> Dataset:
    report = samples.dataset(1).report
    assert report is not None
    found = report.findings[1].model_copy(update={"code": code, "title": "Odd"})
    return samples.dataset(1).model_copy(
        update={"report": report.model_copy(update={"findings": (*report.findings, found)})}
    )


@pytest.mark.parametrize("code", ["container.gzip", "chromosome.several", "build.not_supported"])
def test_what_every_service_refuses_is_no_mere_warning(code: str) -> None:
    found = fit_of(with_finding(code), service(), ())
    assert (found.fit, words.fit_words(found)) == (Fit.REFUSES, "Odd.")


def test_names_of_uploads_must_end_as_services_want() -> None:
    dataset = samples.dataset(1)
    odd = dataset.files[0].model_copy(update={"name": "a.vcf.bgz"})
    found = fit_of(dataset.model_copy(update={"files": (odd,)}), service(), ())
    assert (found.fit, words.fit_words(found)) == (Fit.REFUSES, "a.vcf.bgz does not end in .vcf.gz.")


def test_a_job_that_failed_there_counts_until_one_ended_well() -> None:
    why = Problem(kind=Kind.REFUSED, title="Failed", what_happened="No chunks passed.")
    now = samples.job(1).created
    failed = samples.job(1, JobState.FAILED, problem=why, ended=now, files=())
    found = fit_of(samples.dataset(1), service(), (), [failed])
    assert words.fit_shown(found).word == "Failed there before"
    assert words.fit_words(found).startswith("Failed there before: No chunks passed.")
    later = samples.job(2, JobState.SUCCESS, ended=now + timedelta(hours=1), files=())
    assert fit_of(samples.dataset(1), service(), (), [later, failed]).reasons == ()
    elsewhere = failed.model_copy(update={"service_id": "other"})
    assert fit_of(samples.dataset(1), service(), (), [elsewhere]).reasons == ()


def test_a_file_that_is_no_vcf_has_no_people_to_count() -> None:
    dataset = samples.dataset(2, False)
    assert dataset.report is not None
    nothing = dataset.report.model_copy(update={"samples": 0, "snps": 0, "chromosomes": (), "files": ()})
    odd = dataset.model_copy(update={"report": nothing})
    assert whys(odd, service(limits=Limits(min_samples=20))) == [Why.FINDING]
    assert words.heading_words(odd).startswith("3 files · ")
