"""Results: the table, the page of a result, the curve, and what can be done."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.result import ChromosomeQuality, MafBin, Quality, Result, ResultState
from app.operations.tasks import Task, TaskKind
from app.ui.context import Context
from app.ui.views.results import result_words as words
from app.ui.views.results.quality_curve import completeness, curves, good_from
from app.ui.views.results.quality_tab import QualityTab
from app.ui.views.results.results_view import ResultsView
from app.ui.widgets.drawing_file import bytes_of
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.samples import NOW


def open_view(context: Context, qtbot: QtBot) -> ResultsView:
    view = ResultsView(context)
    qtbot.addWidget(view)
    view.resize(1200, 900)
    view.show()
    return view


def quality() -> Quality:
    found = samples.result(1).quality
    assert found is not None
    return found


def broken() -> Result:
    return samples.result(2, ResultState.INCOMPLETE, "job-2").model_copy(
        update={"problem": "The download was cut.", "verdict": "", "quality": None, "verified": None}
    )


@pytest.fixture
def results(context: Context, library: FakeLibrary, qtbot: QtBot) -> ResultsView:
    library.all_services = list(samples.services())
    library.all_jobs = [samples.job(2), samples.job(3)]
    library.all_datasets = [samples.dataset(1)]
    library.all_results = [samples.result(1), broken()]
    view = open_view(context, qtbot)
    qtbot.waitUntil(lambda: view.detail.isVisible())
    return view


def test_a_result_is_judged_and_marked_as_seen(
    results: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    detail = results.detail
    assert detail.name.text() == "cohort-A-3"
    assert detail.verdict.text().startswith("20,600 variants, 9,412 at R2")
    assert detail.complete_words.text() == ("1 of 3 chromosomes, 48 of 48 people. Missing: 21, 22.")
    assert detail.complete_badge.accessibleName() == "Not complete"
    assert [row[0] for row in detail.quality.bins.short_model.rows] == [
        "< 0.001",
        "0.001–0.01",
        "0.01–0.05",
        "0.05–0.5",
    ]
    assert "0.8 or more from MAF 0.01 on" in detail.quality.plot.summary.text()
    assert detail.quality.chromosomes.short_model.rows == (("20", 20600, 1334, 0.71),)
    qtbot.waitUntil(lambda: ("mark_result_seen", ("result-1",), {}) in operations.calls)
    qtbot.waitUntil(lambda: ("measure_quality", ("result-1", ()), {}) in operations.calls)
    model = results.table.model
    qtbot.waitUntil(lambda: model.index(0, 2).data() == "New")
    assert model.index(1, 2).data() == ""


def test_the_curve_is_drawn_in_the_colours_of_the_scheme(context: Context, qtbot: QtBot) -> None:
    tab = QualityTab(context)
    qtbot.addWidget(tab)
    tab.show_quality(quality())
    tab.show()
    chart = tab.plot
    qtbot.waitUntil(lambda: chart.plot is not None, timeout=20_000)
    items = chart.plot.getPlotItem().listDataItems()
    assert [len(i.getData()[0]) for i in items[:3]] == [4, 4, 4]
    assert items[2].opts["pen"].color().name() == context.theme.colours.accent
    context.theme.choose("dark")
    assert chart.plot.backgroundBrush().color().name() == context.theme.colours.base
    assert "5,200 variants, mean R2 0.58" in chart.drawing.stops.words(1)
    tab.show_quality(quality().model_copy(update={"by_maf": quality().by_maf[:2]}))
    assert len(chart.plot.getPlotItem().listDataItems()[0].getData()[0]) == 2


def test_the_curve_of_an_unmeasured_result_can_be_saved(
    context: Context, tmp_path: Path, qtbot: QtBot
) -> None:
    tab = QualityTab(context)
    qtbot.addWidget(tab)
    tab.show_quality(quality())
    tab.show_measured(None)
    tab.show()
    assert tab.save.isVisible()
    assert tab.save.chart is tab.plot
    assert b"mean R2" in bytes_of(tab.plot, tmp_path / "curve.csv")


def test_an_incomplete_result_is_mended(
    results: ResultsView, library: FakeLibrary, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    results.reveal("result-2")
    qtbot.waitUntil(lambda: results.detail.name.text() == "cohort-A-2")
    assert results.detail.problem.happened.text() == "The download was cut."
    assert not results.detail.tabs.isTabVisible(results.detail.tabs.indexOf(results.detail.exports))
    task = Task(TaskKind.DOWNLOAD, "chr_20.zip", id="d", job_id="job-2")
    task.progress = Progress(done=1, total=2)
    library.all_tasks = [task]
    context.bridge.announce(Changes.of(Noun.TASK, "d"))
    qtbot.waitUntil(lambda: "d" in results.detail.tasks.rows)
    operations.answers["fetch_results"] = Problem(kind=Kind.BUSY, title="Busy", what_happened="Later.")
    results.detail.problem.action.click()
    qtbot.waitUntil(
        lambda: bool(operations.calls) and operations.calls[-1][:2] == ("fetch_results", ("job-2",))
    )
    qtbot.waitUntil(lambda: results.detail.problem.title.text() == "Busy")


def test_folder_path_and_job(
    results: ResultsView, context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    detail = results.detail
    detail.folder.click()
    qtbot.waitUntil(lambda: opened == ["/data/results/cohort-A-3"])
    qtbot.waitUntil(lambda: len(context.notices.boxes()) == 1)  # the system could not open it
    detail.copy.click()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "/data/results/cohort-A-3")
    detail.job.click()
    qtbot.waitUntil(lambda: went == [("jobs", "job-3")])


def test_an_empty_list_points_to_the_jobs(context: Context, qtbot: QtBot) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    view = open_view(context, qtbot)

    def shown() -> list[QPushButton]:
        return [b for b in view.findChildren(QPushButton) if b.isVisible() and b.text() == "See the jobs"]

    qtbot.waitUntil(lambda: bool(shown()))
    shown()[0].click()
    assert went == [("jobs", None)]


def test_results_open_fast(context: Context, qtbot: QtBot) -> None:
    ResultsView(context).deleteLater()
    started = time.thread_time()
    open_view(context, qtbot)
    assert time.thread_time() - started < 0.5


# Numbers and words


def test_curves_leave_gaps_out_and_sort() -> None:
    bins = (
        MafBin(maf_from=0.05, maf_to=0.5, variants=5, mean_r2=0.9, share_r2_03=1, share_r2_08=0.8),
        MafBin(maf_from=0, maf_to=0.01, variants=0, mean_r2=None, share_r2_03=None, share_r2_08=None),
        MafBin(maf_from=0.01, maf_to=0.05, variants=2, mean_r2=None, share_r2_03=0.5, share_r2_08=None),
    )
    found = curves(Quality(samples=1, variants=7, by_maf=bins))
    assert [b.maf_from for b in found.bins] == [0.01, 0.05]
    assert (found.mean.places, found.mean.values) == ((1.0,), (0.9,))
    assert found.share_03.places == (0.0, 1.0)


def test_where_it_becomes_good() -> None:
    assert good_from(quality()) == quality().by_maf[2]
    assert good_from(quality(), 0.99) is None
    assert good_from(Quality(samples=1, variants=0)) is None


def test_what_came_back() -> None:
    dataset = samples.dataset(1)
    parts = tuple(
        ChromosomeQuality(chromosome=c, variants=1, typed=1, mean_r2=None) for c in ("chr20", "21", "22")
    )
    whole = completeness(quality().model_copy(update={"by_chromosome": parts}), dataset)
    assert whole is not None
    assert whole.complete
    said = words.complete_words(whole)
    assert said is not None
    assert said[0].word == "Complete"
    few = completeness(quality().model_copy(update={"by_chromosome": parts, "samples": 40}), dataset)
    assert few is not None
    assert not few.complete
    assert completeness(None, dataset) is None
    assert completeness(quality(), samples.dataset(3, None)) is None
    assert words.complete_words(None) is None


def test_provenance_is_enough_for_a_paper(theme: object) -> None:
    job = samples.job(3, options={"population": "eur", "r2Filter": "0", "aes": True})
    pairs = dict(words.provenance_pairs(samples.result(1), job, samples.services()[0]))
    assert pairs["Application"] == "Genotype imputation (Minimac4) (imputationserver2@2.0.12)"
    assert pairs["Panel"].startswith("1000 Genomes Phase 3")
    assert (pairs["population"], pairs["aes"]) == ("eur", "on")
    forgotten = dict(words.provenance_pairs(samples.result(1), None, None))
    assert forgotten["Job"] == "forgotten on this computer"
    assert words.name_of(samples.result(1), None) == "cohort-A-3"
    assert words.heading_words(samples.result(1), None, None, NOW) == "verified 14 min ago"


def test_no_r2_is_said() -> None:
    assert words.curve_summary(Quality(samples=1, variants=0)) == "No R2 is given in this result."
    assert words.verdict_words(broken()).startswith("It is not judged yet")
    assert words.files_summary(samples.result(1)) == "1 file, 41.0 MB"
