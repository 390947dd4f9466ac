"""Uploads: the table, the page of a dataset, adding, checking, removing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.progress import Progress
from app.operations.tasks import Task, TaskKind, TaskState
from app.ui.context import Context
from app.ui.views.uploads.choosing import choose_folder
from app.ui.views.uploads.dataset_commands import _what_stays
from app.ui.views.uploads.uploads_view import UploadsView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.menus import choose


def open_view(context: Context, qtbot: QtBot) -> UploadsView:
    view = UploadsView(context)
    qtbot.addWidget(view)
    view.resize(1100, 760)
    view.show()
    return view


@pytest.fixture
def uploads(context: Context, library: FakeLibrary, qtbot: QtBot) -> UploadsView:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [samples.dataset(1), samples.dataset(2, False), samples.dataset(3, None)]
    library.all_jobs = [samples.job(1), samples.job(2, dataset_id="dataset-2")]
    view = open_view(context, qtbot)
    qtbot.waitUntil(lambda: view.detail.isVisible())
    return view


def test_the_first_dataset_is_shown_with_its_verdict(uploads: UploadsView) -> None:
    detail = uploads.detail
    assert detail.name.text() == "cohort-A"
    assert "GRCh37 (certain: 3,981 of 3,990 known positions)" in detail.line.text()
    said = [(e.name.text(), e.short.text()) for e in detail.verdict.lines if e.isVisible()]
    assert (
        "Michigan Imputation Server",
        "Nothing known stands in the way. Not compared with the panel's sites.",
    ) in said
    assert detail.tabs.tabText(detail.tabs.indexOf(detail.findings)) == "Findings (2)"


def test_a_refused_dataset_says_why_and_lets_findings_be_filtered_and_copied(
    uploads: UploadsView, qtbot: QtBot
) -> None:
    uploads.reveal("dataset-2")
    qtbot.waitUntil(lambda: uploads.detail.name.text() == "cohort-B")
    findings = uploads.detail.findings
    assert [f.severity for f in findings.shown] == ["severe", "warning", "info"]
    findings.only.setCurrentIndex(1)
    assert len(findings.shown) == 1
    findings.table.selectRow(0)
    assert "Write 20 instead of chr20." in findings.full.text()
    findings.copy.click()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].startswith("Severity\tWhat\tWhere")
    assert copied[1].startswith("Stops a submission\tChromosome names")
    findings.filter.setText("zebra")
    assert findings.shown == []


def test_what_leaves_names_files_and_earlier_jobs(uploads: UploadsView) -> None:
    leaving = uploads.detail.leaving
    assert leaving.words.text().startswith("A job sends 3 files, 85")
    rows = leaving.jobs.short_model.rows
    assert [(r[0], r[1]) for r in rows] == [("cohort-A-1", "Michigan Imputation Server")]


def test_checking_for_a_service(
    uploads: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    verdict = uploads.detail.verdict
    verdict.check.click()
    verdict.choice.setCurrentIndex(verdict.choice.findData("topmed"))
    assert [e.name.text() for e in verdict.lines if e.isVisible()] == ["TOPMed Imputation Server"]
    verdict.check.click()
    choose(uploads, "European")
    qtbot.waitUntil(lambda: len(operations.calls) == 2)
    assert operations.calls[1][2] == {"population": "eur"}
    assert [call[1] for call in operations.calls] == [
        ("dataset-1", None),
        ("dataset-1", "topmed", "apps@topmed-r3@1.0.0"),
    ]
    assert context.layout.value("uploads/check_for") == "topmed"


def test_a_running_check_has_live_counts_and_can_be_stopped(
    uploads: UploadsView, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    stopped: list[str] = []
    context.cancel_task = stopped.append
    task = Task(TaskKind.CHECK, "Checking cohort-A", id="t1", dataset_id="dataset-1")
    task.progress = Progress(done=10, unit="records", counts={"variants": 1200})
    upload = Task(TaskKind.UPLOAD, "cohort-A → Michigan", id="t2", job_id="job-1")
    library.all_tasks = [task, upload]
    context.bridge.announce(Changes.of(Noun.TASK, "t1"))
    qtbot.waitUntil(lambda: "t1" in uploads.detail.tasks.rows)
    assert "1,200 variants" in uploads.detail.tasks.rows["t1"].words.text()
    assert list(uploads.transfers.rows) == ["t2"]
    uploads.detail.tasks.rows["t1"].cancel.click()
    assert stopped == ["t1"]
    task.state = upload.state = TaskState.DONE
    context.bridge.announce(Changes.of(Noun.TASK, "t1"))
    qtbot.waitUntil(lambda: not uploads.detail.tasks.isVisible() and not uploads.transfers.isVisible())


def test_dropped_files_become_a_checked_dataset(
    uploads: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["add_dataset"] = Changes.of(Noun.DATASET, "dataset-3")
    paths = [Path("a.vcf.gz"), Path("b.vcf.gz")]
    assert uploads.drop_words(paths[:1]) == "a.vcf.gz: check as a new dataset"
    assert uploads.drop_words(paths) == "2 VCF files: check as one dataset"
    uploads.drop(paths)
    qtbot.waitUntil(lambda: operations.names() == ["add_dataset", "check_dataset"])
    qtbot.waitUntil(lambda: uploads.detail.name.text() == "cohort-C")


def test_files_and_folders_are_asked_for_without_blocking(uploads: UploadsView, qtbot: QtBot) -> None:
    uploads.add_files.click()
    dialog = uploads.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    dialog.reject()
    taken: list[list[Path]] = []
    folder = choose_folder(uploads, taken.append)
    assert folder.fileMode() == QFileDialog.FileMode.Directory
    folder.filesSelected.emit(["somewhere"])
    folder.reject()
    assert taken == [[Path("somewhere")]]


def test_renaming_by_key(uploads: UploadsView, operations: FakeOperations, qtbot: QtBot) -> None:
    uploads.table.grid.setFocus()
    uploads.context.commands.run("dataset.rename", ("dataset-1",))
    qtbot.waitUntil(lambda: uploads.findChild(QInputDialog) is not None)
    dialog = uploads.findChild(QInputDialog)
    assert dialog is not None
    assert dialog.textValue() == "cohort-A"
    dialog.setTextValue("Hearts")
    dialog.accept()
    qtbot.waitUntil(lambda: bool(operations.calls) and operations.calls[-1][1] == ("dataset-1", "Hearts"))


def test_removing_can_be_undone(uploads: UploadsView, operations: FakeOperations, qtbot: QtBot) -> None:
    uploads.table.grid.setFocus()
    qtbot.waitUntil(lambda: uploads.table.selected_ids() == ("dataset-1",))
    qtbot.keyClick(uploads.table.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: operations.names() == ["remove_dataset"])
    qtbot.waitUntil(lambda: len(uploads.context.notices.boxes()) == 1)
    uploads.add([Path(f.path) for f in samples.dataset(1).files], "cohort-A")
    qtbot.waitUntil(lambda: operations.names() == ["remove_dataset", "add_dataset"])


def test_it_is_told_that_files_of_the_program_go(uploads: UploadsView, context: Context) -> None:
    file = samples.dataset(1).files[0].model_copy(update={"path": "/h/prepared/data-1/chr1.vcf.gz"})
    own = samples.dataset(1).model_copy(update={"files": (file,)})
    assert "are removed" in _what_stays(uploads, own)
    assert "stay" in _what_stays(uploads, samples.dataset(1))


def test_a_new_job_starts_from_here(uploads: UploadsView, context: Context) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    uploads.detail.new_job.click()
    assert went == [("new_job", "dataset-1")]


def test_empty_offers_practice_data(context: Context, operations: FakeOperations, qtbot: QtBot) -> None:
    operations.answers["add_practice_data"] = Changes.of(Noun.DATASET, "dataset-1")
    view = open_view(context, qtbot)
    qtbot.waitUntil(lambda: view.practice.isVisible())
    assert not view.add_files.isVisible()
    view.practice.click()
    qtbot.waitUntil(lambda: operations.names() == ["add_practice_data", "check_dataset"])
    assert view.practice.isEnabled()


def test_uploads_open_fast(context: Context, qtbot: QtBot) -> None:
    UploadsView(context).deleteLater()
    started = time.thread_time()
    open_view(context, qtbot)
    assert time.thread_time() - started < 0.5
