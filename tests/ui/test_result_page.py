"""The tabs of a result: the cut-off, the pictures, people, suspects, books, files, exports and report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.crate import CrateFault, CrateProof, FaultKind
from app.domain.export import Cutoffs, ExportedSet, ExportFormat, ExportOutcome, PresetName, R2Step
from app.domain.export_record import record_of
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.operations.tasks import Task, TaskKind
from app.ui.context import Context
from app.ui.views.results import quality_drawings as pictures
from app.ui.views.results.cut_off import Cut
from app.ui.views.results.cut_tab import CutTab
from app.ui.views.results.exports_tab import cut_words
from app.ui.views.results.quality_tab import CALIBRATION, CUT, FREQUENCY, HEAT, LEFT_OUT
from app.ui.views.results.result_people_tab import people_picture, person_rows
from app.ui.views.results.results_view import ResultsView
from app.ui.widgets.drawing import Plane
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.measured import PEOPLE, ledger, measured


@pytest.fixture
def page(context: Context, library: FakeLibrary, qtbot: QtBot) -> ResultsView:
    library.all_services = list(samples.services())
    library.all_jobs = [samples.job(3)]
    library.all_datasets = [samples.dataset(1)]
    library.all_results = [samples.result(1)]
    library.all_quality = {"result-1": measured()}
    library.all_ledgers = {"result-1": ledger()}
    view = ResultsView(context)
    qtbot.addWidget(view)
    view.resize(1200, 900)
    view.show()
    qtbot.waitUntil(lambda: view.detail.isVisible() and view.detail.measured is not None)
    return view


# The cut-off.


def test_a_cut_off_moves_as_one_or_by_range() -> None:
    flat = Cut((0.3,) * 3)
    assert flat.moved(1, 0.5).cuts == (0.5, 0.5, 0.5)
    by_range = flat.levelled(False).moved(1, 1.7)
    assert by_range.cuts == (0.3, 1.0, 0.3)
    assert by_range.levelled(True).cuts == (0.3, 0.3, 0.3)
    assert flat.cutoffs((0, 0.01, 0.05)) == Cutoffs(min_r2=0.3)
    steps = Cut((0.8, 0.8, 0.3), False, 0.01).cutoffs((0, 0.01, 0.05))
    assert steps.r2_steps == (R2Step(maf_from=0, min_r2=0.8), R2Step(maf_from=0.05, min_r2=0.3))
    assert steps.min_maf == 0.01
    assert cut_words(steps) == "R2 ≥ 0.80 from MAF 0, 0.30 from MAF 0.05; MAF ≥ 0.01"
    assert cut_words(Cutoffs()) == "All variants"


def test_the_line_is_dragged_and_tells_what_stays(context: Context, qtbot: QtBot) -> None:
    tab = CutTab(context)
    qtbot.addWidget(tab)
    tab.resize(1000, 600)
    tab.show()
    tab.show_measured(measured())
    qtbot.waitUntil(lambda: tab.chart.plot is not None, timeout=20_000)
    assert tab.kept is not None
    before = tab.kept.after
    view = tab.chart.plot.viewport()
    box = tab.chart.plot.getPlotItem().getViewBox().sceneBoundingRect()
    high = QPoint(int(box.center().x()), int(box.top() + box.height() * 0.2))
    qtbot.mousePress(
        view, Qt.MouseButton.LeftButton, pos=QPoint(int(box.center().x()), int(box.bottom()) - 4)
    )
    qtbot.mouseMove(view, high)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=high)
    assert tab.cut.cuts == pytest.approx((0.8,) * 10, abs=0.03)
    assert tab.kept.after < before
    assert tab.kept == measured().tables.kept(tab.cut.cuts)
    assert f"{tab.kept.after:,} of {tab.kept.before:,} imputed variants stay" in tab.words.text()
    assert tab.value.value() == pytest.approx(tab.cut.cuts[0], abs=0.005)
    qtbot.waitUntil(lambda: sum(row[3] for row in tab.table.short_model.rows) == tab.kept.after)  # type: ignore[union-attr]


def test_the_keyboard_moves_the_cut_off(context: Context, qtbot: QtBot) -> None:
    tab = CutTab(context)
    qtbot.addWidget(tab)
    tab.show_measured(measured())
    tab.how.setCurrentIndex(1)
    qtbot.keyClick(tab.chart, Qt.Key.Key_Right)
    qtbot.keyClick(tab.chart, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(tab.chart, Qt.Key.Key_Down)
    assert tab.cut.cuts[:3] == pytest.approx((0.3, 0.34, 0.3))
    assert "R2 ≥ 0.34" in tab.chart.accessibleDescription()
    asked: list[Cut] = []
    tab.wanted.connect(asked.append)
    tab.export.click()
    assert asked == [tab.cut]


# Pictures.


def test_pictures_hold_all_that_was_measured() -> None:
    found = measured()
    figures, tables = found.figures, found.tables
    heat = pictures.heat(figures, tables)
    plane = heat.layers[0]
    assert isinstance(plane, Plane)
    assert plane.values.shape == (2, 10)
    assert "chromosome 22" in heat.stops.words(0)
    bars = pictures.histogram(figures, tables).layers[0]
    assert int(bars.heights.sum()) == figures.whole.imputed  # type: ignore[union-attr]
    er2 = pictures.er2(figures, tables)
    assert er2.summary.startswith("80 typed sites")
    assert pictures.density(tables).shape == (50, 10)
    assert pictures.frequency(figures, tables).empty
    assert not pictures.calibration(figures.calibration).empty
    assert "80 typed sites left out" in pictures.left_out(figures.left_out, figures.left_out_whole).summary
    assert pictures.calibration(()).empty


def test_ten_million_variants_are_drawn_like_ten(context: Context) -> None:
    """The pictures are as large as the tables, not as the result."""
    found = measured()
    tables = found.tables
    drawing = pictures.cut_picture(found.figures, tables)
    assert sum(layer.values.size for layer in drawing.layers if isinstance(layer, Plane)) == 500
    assert len(pictures.kept_picture(tables, 0.3).layers[0].x) == 201  # type: ignore[union-attr]


# The page.


def test_every_tab_has_what_it_needs(page: ResultsView, qtbot: QtBot) -> None:
    detail = page.detail
    quality = detail.quality
    for number in (CUT, HEAT, LEFT_OUT, CALIBRATION, FREQUENCY):
        quality.switcher.show_number(number)
    assert quality.charts[HEAT][0].drawing.summary.startswith("Mean R2 by chromosome")
    assert quality.cut.kept is not None
    detail.tabs.setCurrentWidget(detail.people)
    qtbot.waitUntil(lambda: len(detail.people.source) == PEOPLE)
    detail.tabs.setCurrentWidget(detail.suspects)
    assert len(detail.suspects.suspects.short_model.rows) == 2
    assert detail.complete_badge.accessibleName() == "Does not add up"
    assert detail.files.table.short_model.rows[0][4:6] == (20590, ".csi")


def test_losses_are_told_with_their_reason(page: ResultsView) -> None:
    tab = page.detail.ledger
    assert tab.red.lines == ("Ten records are not here.",)
    (row,) = tab.chromosomes.short_model.rows
    assert row[1:6] == (1340, 1334, 1334, 20600, 20590)
    assert row[7] == (16, False)
    assert "Not in the files (10)" in row[8]
    assert [line[0] for line in tab.losses.short_model.rows] == [False, True]
    assert "48 of 48 people came back, in the order" in tab.words.text()


def test_people_are_picked_in_the_chart(page: ResultsView, qtbot: QtBot) -> None:
    tab = page.detail.people
    page.detail.tabs.setCurrentWidget(tab)
    qtbot.waitUntil(lambda: len(tab.source) == PEOPLE)
    tab.pick(np.asarray([3, 4]), "")
    qtbot.waitUntil(lambda: tab.model.rowCount() == 2)
    tab.show_all()
    qtbot.waitUntil(lambda: tab.model.rowCount() == PEOPLE)
    drawing = people_picture(measured(), "het_rate", "fuzziness")
    assert sum(len(m) for m in drawing.stops.members or ()) == PEOPLE
    assert len(person_rows(measured())) == PEOPLE


def test_suspects_are_saved(page: ResultsView, tmp_path: Path, qtbot: QtBot) -> None:
    detail = page.detail
    detail.tabs.setCurrentWidget(detail.suspects)
    path = tmp_path / "suspects.tsv"
    detail.suspects.save_to(path)
    qtbot.waitUntil(path.exists)
    lines = path.read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["Chromosome", "Position", "REF"]
    assert lines[1].split("\t")[:2] == ["20", "3000000"]


def test_suspects_are_left_out_and_the_new_dataset_is_sent_like_the_old_one(
    page: ResultsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    detail = page.detail
    detail.tabs.setCurrentWidget(detail.suspects)
    tab = detail.suspects
    assert tab.again.text() == "Leave all out and send again…"
    tab.suspects.selectRow(1)
    assert tab.again.text() == "Leave 1 site out and send again…"
    operations.answers["leave_out_suspects"] = Changes.of(Noun.DATASET, "data-9")
    tab.again.click()
    assert not tab.again.isEnabled()
    qtbot.waitUntil(lambda: bool(went))
    assert went == [("new_job", "data-9 like job-3")]
    assert operations.calls[-1][:2] == ("leave_out_suspects", ("result-1", (("22", 3_000_000),)))
    assert tab.again.isEnabled()
    refused = Problem(kind=Kind.INPUT, title="None of the sites is in the dataset", what_happened="x")
    operations.answers["leave_out_suspects"] = refused
    tab.suspects.clearSelection()
    tab.again.click()
    qtbot.waitUntil(lambda: detail.problem.isVisible())
    assert len(operations.calls[-1][1][1]) == 2


def test_nobody_sends_again_what_nobody_knows(page: ResultsView, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_datasets = []
    page.refresh()
    qtbot.waitUntil(lambda: page.detail.facts is not None and page.detail.facts.dataset is None)
    tab = page.detail.suspects
    page.detail.tabs.setCurrentWidget(tab)
    assert not tab.again.isEnabled()
    assert "Nobody knows which dataset" in tab.again.toolTip()
    tab.switcher.show_number(2)
    assert not tab.again.isVisible()


def test_a_price_is_noted(page: ResultsView, operations: FakeOperations, qtbot: QtBot) -> None:
    detail = page.detail
    detail.tabs.setCurrentWidget(detail.files)
    detail.files.price.setText("120 €")
    detail.files.price.editingFinished.emit()
    qtbot.waitUntil(lambda: ("note_price", ("result-1", "120 €"), {}) in operations.calls)


def test_an_export_shows_its_progress_where_it_was_asked_for(
    page: ResultsView, library: FakeLibrary, context: Context
) -> None:
    detail = page.detail
    assert detail.facts is not None
    export = Task(TaskKind.EXPORT, "Export", id="t1", job_id=detail.facts.result.job_id)
    export.progress = Progress(done=1, total=2)
    library.all_tasks = [export]
    detail.show_tasks()
    assert "t1" in detail.tasks.rows
    detail.tabs.setCurrentWidget(detail.exports)
    assert "t1" in detail.exports.tasks.rows
    assert "t1" not in detail.tasks.rows


def test_a_result_that_was_not_measured_is_measured_and_shown(
    context: Context, library: FakeLibrary, operations: FakeOperations, page: ResultsView, qtbot: QtBot
) -> None:
    big = samples.result(1).files[0].model_copy(update={"size": 10**10})
    library.all_results = [
        samples.result(1),
        samples.result(5, job_id="").model_copy(update={"files": (big,)}),
    ]
    page.reveal("result-5")
    detail = page.detail
    qtbot.waitUntil(lambda: detail.facts is not None and detail.facts.result.id == "result-5")
    assert detail.quality.ask.isVisible()
    assert not detail.tabs.isTabVisible(detail.tabs.indexOf(detail.people))
    assert operations.names().count("measure_quality") == 0
    library.all_quality["result-5"] = measured()
    detail.quality.ask.click()
    qtbot.waitUntil(lambda: detail.measured is not None)
    assert detail.tabs.isTabVisible(detail.tabs.indexOf(detail.people))
    detail.compare_frequencies([Path("panel.vcf.gz")])
    wanted = ("measure_quality", ("result-5", (Path("panel.vcf.gz"),)), {})
    qtbot.waitUntil(lambda: wanted in operations.calls)


def test_site_lists_are_offered_for_frequencies(
    page: ResultsView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    first = cohorts.site_lists()[0].model_copy(update={"has_frequency": True, "folder": "lists/one"})
    library.all_site_lists = [first, first.model_copy(update={"has_frequency": False})]
    quality = page.detail.quality
    quality.switcher.show_number(FREQUENCY)
    qtbot.waitUntil(lambda: quality.panels.actions()[0].text() == first.name)
    assert len(quality.panels.actions()) == 3
    quality.panels.actions()[0].trigger()
    wanted = ("measure_quality", ("result-1", (Path(first.folder),)), {})
    qtbot.waitUntil(lambda: wanted in operations.calls)


# Exports.


def outcome(command: str = "regenie --step 2") -> ExportOutcome:
    made = ExportedSet(
        source="a", files=("/x/chr20.bgen",), chromosomes=("20",), variants=10, kept=8, samples=48,
        verified=True, command=command,
    )  # fmt: skip
    return ExportOutcome(format=ExportFormat.BGEN, preset=PresetName.REGENIE, sets=(made,), seconds=2)


def test_an_export_asks_for_the_preset_and_the_cut(
    page: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    detail = page.detail
    operations.answers["export_result"] = outcome()
    detail.quality.switcher.show_number(CUT)
    detail.quality.cut.value.setValue(0.8)
    detail.quality.cut.export.click()
    tab = detail.exports
    assert detail.tabs.currentWidget() is tab
    assert tab.cut_words.text() == "R2 ≥ 0.80"
    assert tab.folder.text().endswith("cohort-A-3-export")
    tab.write.click()
    qtbot.waitUntil(tab.made.isVisible)
    name, (result_id, request), _ = operations.calls[-1]
    assert (name, result_id) == ("export_result", "result-1")
    assert (request.preset, request.cutoffs.min_r2, request.verify) == (PresetName.REGENIE, 0.8, True)
    assert tab.made.badge.accessibleName() == "Read back, the same"
    tab.made.copy.click()
    assert QGuiApplication.clipboard().text() == "regenie --step 2"
    tab.what.setCurrentIndex(tab.choices.index(ExportFormat.BED))
    assert tab.calls.isVisible()
    made = tab.request()
    assert made is not None
    assert (made.preset, made.format, made.hard_call) == (None, ExportFormat.BED, 0.1)


def test_last_exports_are_listed_after_a_restart(
    page: ResultsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    first, second = (record_of(outcome(word), f"/{word}", Cutoffs(), at) for word in ("one", "two"))
    library.all_results = [samples.result(7).model_copy(update={"exports": (first, second)})]
    page.reveal("result-7")
    detail = page.detail
    qtbot.waitUntil(lambda: detail.facts is not None and detail.facts.result.id == "result-7")
    detail.tabs.setCurrentWidget(detail.exports)
    made = detail.exports.made
    assert made.isVisible()
    assert (made.which.count(), made.command.toPlainText()) == (2, "one")
    assert "8 of 10 variants written" in made.words.text()
    made.which.setCurrentIndex(1)
    assert made.command.toPlainText() == "two"


def test_what_was_sent_is_said_on_the_page(
    page: ResultsView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    assert page.detail.files.sent.isHidden()
    library.all_results = [samples.result(8, job_id="")]
    page.reveal("result-8")
    detail = page.detail
    qtbot.waitUntil(lambda: detail.facts is not None and detail.facts.result.id == "result-8")
    sent = detail.files.sent
    assert not sent.isHidden()
    assert sent.currentText() == "Not known"
    sent.setCurrentIndex(1)
    sent.activated.emit(1)
    wanted = ("link_result", ("result-8", library.all_datasets[0].id), {})
    qtbot.waitUntil(lambda: wanted in operations.calls)


def test_a_refused_export_is_told_in_place(
    page: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["export_result"] = Problem(kind=Kind.DISK, title="Full", what_happened="No room.")
    tab = page.detail.exports
    page.detail.tabs.setCurrentWidget(tab)
    tab.write.click()
    qtbot.waitUntil(tab.problem.isVisible)
    assert tab.problem.title.text() == "Full"
    assert tab.write.isEnabled()


# Report.


def test_the_report_is_saved_copied_and_proved(
    page: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    tab = page.detail.report
    operations.answers["methods_of_result"] = ("We imputed.", "@article{x}")
    page.detail.tabs.setCurrentWidget(tab)
    qtbot.waitUntil(lambda: tab.methods.toPlainText() == "We imputed.")
    tab.copy_bibtex.click()
    assert QGuiApplication.clipboard().text() == "@article{x}"
    tab.names.setChecked(True)
    tab.save_to(Path("r.pdf"))
    qtbot.waitUntil(
        lambda: operations.calls[-1] == ("save_result_report", ("result-1", Path("r.pdf"), True), {})
    )
    fault = CrateFault(path="chr20.dose.vcf.gz", kind=FaultKind.CHANGED)
    operations.answers["verify_result"] = CrateProof(folder="/x", by="records", files=1, faults=(fault,))
    tab.verify.click()
    qtbot.waitUntil(tab.badge.isVisible)
    assert tab.badge.accessibleName() == "Changed"
    assert "chr20.dose.vcf.gz: changed" in tab.crate_words.text()
    operations.answers["crate_result"] = Problem(kind=Kind.INPUT, title="There is one", what_happened="x")
    tab.write_crate.click()
    qtbot.waitUntil(tab.problem.isVisible)
    operations.answers["crate_result"] = 7
    tab.problem.action.click()
    qtbot.waitUntil(lambda: tab.crate_words.text() == "The crate proves 7 files.")
    assert operations.calls[-1] == ("crate_result", ("result-1", True, True), {})


# Taken in.


def test_results_from_elsewhere_are_taken_in_and_the_password_asked_again(
    page: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    wrong = Problem(
        kind=Kind.INPUT, title="The password does not open the archive", what_happened="x",
        details="archive.password",
    )  # fmt: skip
    operations.answers["import_result"] = wrong
    assert page.drop_words([Path("chr_1.zip")]) == "chr_1.zip: take in as a result"
    dialog = page.import_files([Path("chr_1.zip")])
    dialog.name.setText("mine")
    dialog.password.setText("secret")
    wish = dialog.wish()
    assert wish.password is not None
    assert wish.password.get_secret_value() == "secret"
    dialog.go.click()

    def again() -> list[object]:
        found = page.findChildren(type(dialog))
        return [each for each in found if each.isVisible() and each.problem.isVisible()]

    qtbot.waitUntil(lambda: len(again()) == 1)
    second = again()[0]
    assert (second.name.text(), second.password.text()) == ("mine", "")  # type: ignore[attr-defined]
    operations.answers["import_result"] = Changes.of(Noun.RESULT, "result-1")
    second.go.click()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: operations.names().count("import_result") == 2)


def test_a_result_is_removed_with_its_files_only_when_that_is_said(
    page: ResultsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    box = page.ask_removal(("result-1",))
    assert "Remove 1 result?" in box.text()
    files = box.checkBox()
    assert files is not None
    assert not files.isChecked()
    files.setChecked(True)
    next(b for b in box.buttons() if b.text() == "Remove").click()
    qtbot.waitUntil(lambda: operations.calls[-1] == ("remove_result", ("result-1", True), {}))
