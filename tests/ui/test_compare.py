"""Results side by side: which, how good, and one made of several."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app.domain.accuracy import AncestryScore, AncestrySource, ScoredBin, TruthScore
from app.domain.changes import Changes, Noun
from app.domain.finding import Finding, Severity
from app.domain.problem import Kind, Problem
from app.domain.result_comparison import (
    Agreement,
    AgreementBin,
    ChromosomeCoverage,
    ComparedResult,
    Coverage,
    EstimateBin,
    RankedBy,
    ResultComparison,
    TruthBin,
)
from app.operations.side_by_side import Joining
from app.ui.context import Context
from app.ui.views.compare import compare_drawings as pictures
from app.ui.views.compare.compare_view import CompareView
from app.ui.views.results.results_view import ResultsView
from app.ui.widgets.drawing import Plane
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations


def compared(number: int, truth: bool) -> ComparedResult:
    bins = ((0, 0.01, 0.4), (0.01, 0.05, 0.7), (0.05, 0.5, None))
    return ComparedResult(
        dir=f"/r{number}",
        name=f"result {number}",
        variants=1000 * number,
        own=10,
        score=(80 + number) / 100,
        by_maf=tuple(
            TruthBin(maf_from=a, maf_to=b, sites=5, r2=r, nonref_concordance=r, iqs=r) for a, b, r in bins
        )
        if truth
        else (),
        missed=3 if truth else None,
        estimated=tuple(
            EstimateBin(maf_from=a, maf_to=b, variants=9, mean_r2=r, over_03=1, over_08=1) for a, b, r in bins
        ),
        coverage=(
            Coverage(r2=0.3, variants=900, shared=800, own=5),
            Coverage(r2=0.8, variants=700, shared=600, own=4),
        ),
        seconds=60.0 * number if number == 1 else None,
    )


def comparison(truth: bool = False) -> ResultComparison:
    return ResultComparison(
        people=48,
        union=2100,
        shared=900,
        results=(compared(1, truth), compared(2, truth)),
        agreements=(
            Agreement(
                first=0,
                second=1,
                variants=900,
                r2=0.97,
                by_maf=(AgreementBin(maf_from=0.05, maf_to=0.5, variants=400, r2=0.96),),
            ),
        ),
        chromosomes=(
            ChromosomeCoverage(
                chromosome="20", variants=(1000, 2000), over_08=(700, 701), mean_r2=(0.5, 0.6)
            ),
        ),
        ranking=("/r2", "/r1"),
        ranked_by=RankedBy.TRUTH if truth else RankedBy.ESTIMATE,
    )


@pytest.fixture
def page(context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot) -> CompareView:
    library.all_results = [samples.result(1), samples.result(2)]
    operations.answers["compare_results"] = comparison()
    view = CompareView(context)
    qtbot.addWidget(view)
    view.resize(1100, 800)
    view.show()
    view.reveal("result-1,result-2")
    qtbot.waitUntil(lambda: view.comparison is not None)
    return view


def test_two_results_are_ranked(page: CompareView, operations: FakeOperations) -> None:
    assert operations.calls[0] == ("compare_results", (("result-1", "result-2"), None), {})
    assert [row[:3] for row in page.matrix.short_model.rows] == [(1, "result 2", 0.82), (2, "result 1", 0.81)]
    assert page.matrix.short_model.rows[1][4:8] == (700, 10, None, 60.0)
    assert "Best by estimated R2: result 2. 48 people" in page.words.text()
    assert page.chromosomes is not None
    assert page.chromosomes.short_model.rows == (("20", 700, 701),)


def test_a_refusal_stands_at_the_top_and_no_higher_than_its_words(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    why = Problem(kind=Kind.INPUT, title="Other builds", what_happened="a is not on that of b.")
    operations.answers["compare_results"] = why
    page.reveal("result-2,result-1")
    qtbot.waitUntil(page.problem.isVisible)
    qtbot.waitUntil(lambda: page.problem.height() < page.height() / 3)
    qtbot.waitUntil(lambda: page.join_meta.mapTo(page, QPoint()).y() < page.height() / 2)


def test_what_makes_results_unlike_is_told_with_what_to_do(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    assert page.caution.isHidden()
    finding = Finding(
        code="comparison.exchanged",
        severity=Severity.WARNING,
        title="3 sites have REF and ALT exchanged",
        detail="3 between a and b.",
        where="20:1,000 A/C and C/A",
        what_to_do="Impute again.",
    )
    operations.answers["compare_results"] = comparison().model_copy(update={"findings": (finding,)})
    page.start()
    qtbot.waitUntil(page.caution.isVisible)
    assert page.caution.text() == (
        "Warning: 3 sites have REF and ALT exchanged (20:1,000 A/C and C/A). 3 between a and b. Impute again."
    )


def test_with_a_truth_file_accuracy_is_shown(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    assert page.charts[0][0].drawing.summary.startswith("Mean R2")
    operations.answers["compare_results"] = comparison(True)
    page.use_truth(Path("truth.vcf.gz"))
    qtbot.waitUntil(lambda: page.comparison is not None and page.comparison.ranked_by is RankedBy.TRUTH)
    assert operations.calls[-1][1][1] == Path("truth.vcf.gz")
    page.switcher.show_number(1)
    drawing = page.charts[1][0].drawing
    assert drawing.up == "r2 against truth"
    assert len(drawing.stops.x) == 4
    assert "result 1, MAF up to 0.01: 0.400 (5 variants)" in drawing.stops.words(0)


def test_pictures_of_a_comparison() -> None:
    found = comparison()
    pair = pictures.agreement(found)
    assert pair.stops.words(0) == "result 1 and result 2, MAF up to 0.5: r2 0.960 at 400 variants"
    many = found.model_copy(
        update={
            "results": tuple(compared(n, False) for n in range(5)),
            "agreements": tuple(
                Agreement(first=a, second=b, variants=9, r2=0.97, by_maf=())
                for a, b in combinations(range(5), 2)
            ),
        }
    )
    plane = pictures.agreement(many).layers[0]
    assert isinstance(plane, Plane)
    assert plane.values[0].tolist() == [0.97, 0.97, 0.97, 0.97, 1.0]
    assert plane.low == 0.9
    assert len(pictures.coverage(found).stops.x) == 4
    assert pictures.accuracies(found).empty


@pytest.mark.parametrize(
    ("button", "how"),
    [("join_meta", Joining.META), ("join_consensus", Joining.CONSENSUS)],
)
def test_one_result_is_made_of_several(
    page: CompareView, context: Context, operations: FakeOperations, qtbot: QtBot, button: str, how: Joining
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    operations.answers["join_results"] = Changes.of(Noun.RESULT, "result-9")
    getattr(page, button).click()
    assert page.busy
    assert not page.join_meta.isEnabled()
    qtbot.waitUntil(lambda: not page.busy)
    name, (ids, way, _called), _ = operations.calls[-1]
    assert (name, ids, way) == ("join_results", ("result-1", "result-2"), how)
    assert len(context.notices.boxes()) == 1


def test_batches_are_merged_with_common_or_with_all_variants(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    menu = page.join_merge.menu()
    assert menu is not None
    for action in menu.actions():
        action.trigger()
        qtbot.waitUntil(lambda: not page.busy)
    made = [(args[1], args[2]) for name, args, _ in operations.calls if name == "join_results"]
    assert [how for how, _ in made] == [Joining.MERGE, Joining.MERGE_UNION]
    assert made[1][1] == "Merge of all variants of cohort-A-3 (1) + cohort-A-3 (2)"


def scored(number: int, groups: tuple[tuple[str, float], ...]) -> TruthScore:
    def whole(r2: float) -> ScoredBin:
        return ScoredBin(maf_from=0, maf_to=0.5, sites=40, r2=r2, iqs=r2 - 0.1)

    return TruthScore(
        name=f"result {number}",
        truth="truth.vcf.gz",
        people=48,
        sites=40,
        whole=whole(0.9),
        by_maf=(),
        by_ancestry=tuple(
            AncestryScore(label=label, people=24, whole=whole(r2), by_maf=()) for label, r2 in groups
        ),
        ancestry_source=AncestrySource.PROJECTION if groups else AncestrySource.NONE,
    )


def test_accuracy_is_told_by_groups_of_people(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["compare_results"] = comparison(True)
    operations.answers["score_by_ancestry"] = (scored(1, (("AFR", 0.7), ("EUR", 0.95))), scored(2, ()))
    page.use_truth(Path("truth.vcf.gz"))
    qtbot.waitUntil(lambda: page.comparison is not None and page.comparison.ranked_by is RankedBy.TRUTH)
    page.switcher.show_number(6)
    qtbot.waitUntil(lambda: bool(page.ancestry.scores))
    assert page.ancestry.table is not None
    assert page.ancestry.table.short_model.rows == (
        ("everybody", 48, 0.9, 0.8, 0.9, 0.8),
        ("AFR", 24, 0.7, pytest.approx(0.6), None, None),
        ("EUR", 24, 0.95, pytest.approx(0.85), None, None),
    )
    assert "AFR: r2 0.700 of 24 people" in page.ancestry.chart.drawing.stops.words(0)
    page.ancestry.use_people(Path("groups.tsv"))
    qtbot.waitUntil(lambda: operations.calls[-1][1][2] == Path("groups.tsv"))
    operations.answers["score_by_ancestry"] = (scored(1, ()), scored(2, ()))
    page.score_groups()
    qtbot.waitUntil(lambda: "choose a table" in page.ancestry.words.text())
    assert not page.ancestry.chart.isVisible()


def test_why_it_cannot_be_joined_is_told_in_place(
    page: CompareView, operations: FakeOperations, qtbot: QtBot
) -> None:
    why = Problem(kind=Kind.INPUT, title="No typed sites", what_happened="There is no empirical dose file.")
    operations.answers["join_results"] = why
    page.join_meta.click()
    qtbot.waitUntil(page.problem.isVisible)
    assert page.problem.title.text() == "No typed sites"
    assert page.join_consensus.isEnabled()


def test_results_are_chosen_in_the_list(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    library.all_results = [samples.result(1), samples.result(2)]
    view = ResultsView(context)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 2)
    assert not view.compare.isEnabled()
    view.table.grid.selectAll()
    assert view.compare.isEnabled()
    view.compare.click()
    assert went == [("compare", "result-1,result-2")]


def test_nothing_chosen(context: Context, qtbot: QtBot) -> None:
    view = CompareView(context)
    qtbot.addWidget(view)
    view.show()
    assert view.empty.isVisible()
    assert not view.body.isVisible()
