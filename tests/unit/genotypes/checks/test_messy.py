"""Every planted fault of a real array is found at its place, and hardly anything else is accused."""

from collections import defaultdict
from pathlib import Path

import pytest

from app.domain.finding import BuildGuess, CheckReport
from app.genotypes.check import check_files
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.checks.site_findings import site_findings
from app.genotypes.panels.store import PanelAbout, build_panel, open_panel
from app.genotypes.reading import read_cohort
from tests.helpers.shared import shared_data

CODES = {
    "strand_flip": {"panel.flip", "panel.palindromic_turned", "frequency.mirrored"},
    "ref_alt_swap": {"panel.switch", "panel.palindromic_turned"},
    "strand_flip_and_swap": {"panel.flip_switch", "frequency.mirrored"},
    "wrong_allele": {"panel.mismatch"},
    "pos_off_by_one": {"position.off_by_one"},
    "low_call_rate": {"site.call_rate"},
    "duplicate_position": {"site.duplicate"},
    "duplicate_id": {"id.duplicate"},
    "hwe_all_het": {"variant.het_excess"},
    "monomorphic": {"site.monomorphic"},
}
INFORMATION = {"allele.palindromic", "variant.rare", "panel.absent"}  # no fault of a site
SAMPLES = {"low_call_rate_sample": "sample.call_rate", "duplicate_sample": "sample.same_person"}


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = shared_data("impute_chr22_eur", "panel.chr22.vcf.gz")
    folder = tmp_path_factory.mktemp("panel") / "list"
    build_panel([source], folder, PanelAbout(name="EUR", build="GRCh37"))
    return folder


@pytest.fixture(scope="module")
def report(panel: Path) -> CheckReport:
    return check_files([messy()], CheckOptions(panel_sites=str(panel)))


def messy() -> Path:
    return shared_data("impute_chr22_eur", "messy", "target.messy.vcf.gz")


def answers() -> list[list[str]]:
    lines = messy().with_name("ANSWER_KEY.tsv").read_text().splitlines()[1:]
    return [line.split("\t") for line in lines]


def test_recall_and_precision_of_sites(tmp_path: Path, panel: Path) -> None:
    build = BuildGuess(value="GRCh37", confidence=0.999)
    table = open_panel(panel).table("22")
    assert table is not None
    cohorts = read_cohort([messy()], tmp_path)
    found: dict[int, set[str]] = defaultdict(set)
    for chromosome, position, code in site_findings(
        CohortSubject(cohorts, CheckOptions(), build, {"22": table})
    ):
        assert chromosome == "22"
        found[position].add(code)
    planted = [(row[0], int(row[5]), row[6]) for row in answers() if row[5] != "."]
    assert len(planted) == 445
    missed = [(what, place) for what, place, _ in planted if not CODES[what] & found[place]]
    recall = 1 - len(missed) / len(planted)
    partners = {name for what, _, name in planted if what == "duplicate_id"}
    guilty = {place for _, place, _ in planted}
    guilty |= {
        int(p) for p, name in zip(cohorts[0].position, cohorts[0].ids, strict=True) if name in partners
    }
    accused = {place for place, codes in found.items() if codes - INFORMATION}
    precision = len(accused & guilty) / len(accused)
    assert (recall >= 0.98, precision >= 0.95) == (True, True), (recall, precision, missed)


def test_people_with_planted_faults_are_named(report: CheckReport) -> None:
    named = {finding.code: finding.where for finding in report.findings}
    for row in answers():
        if row[0] in SAMPLES:
            assert row[2].removeprefix("DUP_OF_") in named[SAMPLES[row[0]]]


def test_counts_in_the_report_and_its_figures(report: CheckReport) -> None:
    counts = {finding.code: finding.count for finding in report.findings}
    switches = sum(row[0] == "ref_alt_swap" for row in answers())
    assert abs(counts["panel.switch"] - switches) <= 3
    assert counts["panel.flip"] > 110
    assert counts["position.off_by_one"] == 15
    assert counts["panel.mismatch"] == 15
    assert report.build.value == "GRCh37"
    assert report.cohort is not None
    assert report.cohort.low_call_samples == 2
    assert report.cohort.related["duplicate"] == 1
    assert "sex" in report.cohort.why
