"""How a dataset fits a panel: where it may go, limits, build, overlap, and the hint of ancestry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.cohort_summary import AncestryShare, CohortSummary
from app.domain.dataset import DataFile, Dataset
from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.panel import Panel
from app.domain.panel_fit import FitVerdict, known_overlap, panel_fit
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.residency import residency_of
from app.domain.service import Limits, Service
from app.domain.verdict import Outcome, Verdict, VerdictReason

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def a_service(**more: Any) -> Service:
    made = {"id": "s", "name": "Server", "family": "cloudgene", "base_url": "https://s.example"}
    return Service.model_validate({**made, "country": "US", "added": NOW, **more})


def a_panel(**more: Any) -> Panel:
    made = {"id": "p", "service_id": "s", "app_id": "a", "name": "P", "build": "GRCh38"}
    return Panel.model_validate({**made, "as_of": NOW, **more})


def a_report(**more: Any) -> CheckReport:
    made = {
        "accepted": True,
        "stage": "ok",
        "build": BuildGuess(value="GRCh38", confidence=1.0),
        "samples": 100,
        "snps": 9,
        "chromosomes": ("20", "22"),
    }
    return CheckReport.model_validate({**made, **more})


def a_dataset(report: CheckReport | None, size: int = 1, **more: Any) -> Dataset:
    file = DataFile(path="a.vcf.gz", name="a.vcf.gz", size=size, modified=1)
    return Dataset(id="d", name="D", files=(file,), report=report, added=NOW, **more)


def a_verdict(outcome: Outcome, *reasons: VerdictReason, **more: Any) -> Verdict:
    return Verdict(
        service_id="s",
        service="Server",
        panel_id="p",
        outcome=outcome,
        headline="H.",
        reasons=reasons,
        **more,
    )


def test_files_that_are_in_order_fit() -> None:
    fit = panel_fit(a_dataset(a_report()), a_service(), a_panel(), None)
    assert (fit.verdict, fit.words) == (FitVerdict.FITS, ("Files and panel are GRCh38.",))


def test_where_data_may_go_comes_before_all_else() -> None:
    rule = residency_of("EU")
    fit = panel_fit(a_dataset(a_report(samples=1)), a_service(limits=Limits(min_samples=20)), a_panel(), rule)
    assert fit.verdict is FitVerdict.DOES_NOT_FIT
    assert len(fit.reasons) == 1
    assert "Server keeps data in United States" in fit.words[0]
    assert (
        panel_fit(a_dataset(a_report()), a_service(country="DE"), a_panel(), rule).verdict is FitVerdict.FITS
    )
    nowhere = panel_fit(a_dataset(a_report()), a_service(country=""), a_panel(), rule)
    assert nowhere.verdict is FitVerdict.DOES_NOT_FIT


@pytest.mark.parametrize(
    ("report", "limits", "panel", "verdict", "words"),
    [
        ({"samples": 3}, {"min_samples": 20}, {}, "no", "too few"),
        ({"samples": 900}, {"max_samples": 200}, {}, "repair", "Haplodesk can split them"),
        ({}, {"chromosomes": ("1",)}, {}, "no", "none of the chromosomes"),
        ({}, {}, {"chromosomes": ("20",)}, "repair", "Chromosome 22 is not in the panel"),
        ({"build": BuildGuess()}, {}, {}, "unknown", "build of the files is not known"),
        ({}, {}, {"build": None}, "unknown", "build of the panel is not known"),
        ({}, {}, {"build": "GRCh37"}, "fits", "lifts them over itself"),
        ({"build": BuildGuess(value="NCBI36")}, {}, {}, "repair", "Haplodesk lifts them over"),
        (
            {"files": (FileFacts(path="a", name="a", size=1, vcf_version="VCFv4.3"),)},
            {"max_vcf_version": "4.2"},
            {},
            "repair",
            "VCF 4.3",
        ),
    ],
)
def test_each_rule_is_looked_at(
    report: dict[str, Any], limits: dict[str, Any], panel: dict[str, Any], verdict: str, words: str
) -> None:
    service = a_service(limits=Limits(**limits))
    fit = panel_fit(a_dataset(a_report(**report)), service, a_panel(**panel), None, lifts=True)
    assert fit.verdict == verdict
    assert words in fit.words[0]


def test_a_service_that_does_not_lift_wants_the_files_lifted_before() -> None:
    fit = panel_fit(a_dataset(a_report()), a_service(), a_panel(build="GRCh37"), None)
    assert (fit.verdict, "Haplodesk lifts them over" in fit.words[0]) == (FitVerdict.REPAIR, True)


def test_sizes_count_also_before_a_check() -> None:
    limits = Limits(max_file_mb=100, max_upload_mb=150)
    fit = panel_fit(a_dataset(None, 200_000_000), a_service(limits=limits), a_panel(), None)
    assert fit.verdict is FitVerdict.DOES_NOT_FIT
    assert [word for word in fit.words if "200 MB" in word] == list(fit.words[:2])
    assert fit.words[2] == "The files were not checked yet."


@pytest.mark.parametrize(("fix", "verdict"), [("sort", FitVerdict.REPAIR), (None, FitVerdict.DOES_NOT_FIT)])
def test_what_stops_files_can_be_repaired_or_not(fix: str | None, verdict: FitVerdict) -> None:
    found = Finding(code="order", severity=Severity.SEVERE, title="Not sorted", fix=fix)
    fit = panel_fit(a_dataset(a_report(findings=(found,))), a_service(), a_panel(), None)
    assert (fit.verdict, fit.words[0].startswith("Not sorted")) == (verdict, True)


def test_a_prediction_counts_more_than_rules() -> None:
    flips = VerdictReason(code="strand_flips", text="t", fix="flip", repairable=3)
    few = a_service(limits=Limits(min_samples=2000))
    told = {
        Outcome.ACCEPTS: FitVerdict.FITS,
        Outcome.PARTLY: FitVerdict.FITS,
        Outcome.UNKNOWN: FitVerdict.NOT_KNOWN,
        Outcome.REFUSES: FitVerdict.REPAIR,
    }
    for outcome, verdict in told.items():
        dataset = a_dataset(a_report(), verdicts=(a_verdict(outcome, flips),))
        assert panel_fit(dataset, few, a_panel(), None).verdict is verdict
    hopeless = a_verdict(Outcome.REFUSES, flips.model_copy(update={"repairable": 0}))
    dataset = a_dataset(a_report(), verdicts=(hopeless,))
    assert panel_fit(dataset, few, a_panel(), None).verdict is FitVerdict.DOES_NOT_FIT


def test_overlap_is_that_of_the_prediction_for_the_panel() -> None:
    verdict = a_verdict(Outcome.ACCEPTS, counters={"reference_overlap_pct": 31.2})
    dataset = a_dataset(a_report(), verdicts=(verdict,))
    told = known_overlap(dataset, a_panel())
    assert told is not None
    assert (told.percent, told.predicted) == (31.2, True)
    assert known_overlap(dataset, a_panel(id="other")) is None
    low = panel_fit(dataset, a_service(), a_panel(), None, told)
    assert (low.verdict, low.words[0]) == (
        FitVerdict.DOES_NOT_FIT,
        "Only 31 % of the sites are in the panel; 50 % are wanted.",
    )
    high = panel_fit(dataset, a_service(), a_panel(), None, PanelOverlap(percent=97.0))
    assert (high.verdict, "97 % of the sites" in high.words[-1]) == (FitVerdict.FITS, True)


def test_overlap_says_that_it_is_after_lift_over_and_a_gap_decides_nothing() -> None:
    dataset = a_dataset(a_report())
    lifted = PanelOverlap(percent=97.0, lifted=("GRCh37",), build="GRCh38")
    words = panel_fit(dataset, a_service(), a_panel(), None, lifted).words
    assert "97 % of the sites are in the panel after lift-over from GRCh37 to GRCh38." in words
    without = panel_fit(dataset, a_service(), a_panel(), None)
    for gap in OverlapGap:
        assert panel_fit(dataset, a_service(), a_panel(), None, PanelOverlap(gap=gap)) == without


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (("African", "European"), "people like them"),
        (("global",), "people like them"),
        (("East Asian",), "names other groups"),
        ((), ""),
    ],
)
def test_ancestry_is_a_hint_that_never_decides(groups: tuple[str, ...], words: str) -> None:
    shares = (AncestryShare(label="AFR", people=90), AncestryShare(label="uncertain", people=10))
    report = a_report(cohort=CohortSummary(ancestry=shares))
    fit = panel_fit(a_dataset(report), a_service(), a_panel(ancestry=groups), None)
    assert fit.verdict is FitVerdict.FITS
    assert words in fit.hint
    assert bool(fit.hint) is bool(words)


@pytest.mark.parametrize(
    ("label", "group"),
    [
        ("EAS", "Han Chinese"),
        ("EAS", "Asian"),
        ("SAS", "Asian"),
        ("AFR", "African American"),
        ("AMR", "Mexican"),
    ],
)
def test_a_group_that_operators_name_belongs_to_its_population(label: str, group: str) -> None:
    report = a_report(cohort=CohortSummary(ancestry=(AncestryShare(label=label, people=90),)))
    assert (
        "people like them" in panel_fit(a_dataset(report), a_service(), a_panel(ancestry=(group,)), None).hint
    )
    other = a_report(cohort=CohortSummary(ancestry=(AncestryShare(label="EUR", people=90),)))
    assert "other groups" in panel_fit(a_dataset(other), a_service(), a_panel(ancestry=(group,)), None).hint
