"""Leads a person through the page of a service: steps to tick, what to enter, how it went, the result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.guided import GuidedFact, GuidedSheet, GuidedStep
from app.domain.job import Job, JobState
from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.text import exact
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, KeyValues, SectionHeading, Text, primary


class ByHandCard(Card):
    """Shown for jobs that only their person can tell of."""

    def __init__(
        self, context: Context, show_problem: Callable[[Problem], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(context.theme, parent)
        self._context = context
        self._show_problem = show_problem
        self._bring: Callable[[list[Path]], object] = lambda paths: None
        self.job: Job | None = None
        self.sheet: GuidedSheet | None = None
        self.boxes: list[QCheckBox] = []
        heading = SectionHeading(self.tr("On the page of the service"))
        self.body.addWidget(heading)
        self.body.addLayout(self._buttons())
        self.prepared = Text(muted=True)
        self.body.addWidget(self.prepared)
        self.cautions = Text()
        self.body.addWidget(self.cautions)
        self._steps = QVBoxLayout()
        self._steps.setSpacing(GRID)
        self.body.addLayout(self._steps)
        self.facts = KeyValues()
        self.body.addWidget(SectionHeading(self.tr("What is known of the page")))
        self.body.addWidget(self.facts)
        self.sources = Text(muted=True, minor=True)
        self.body.addWidget(self.sources)
        self.unknown = Text(muted=True, minor=True)
        self.body.addWidget(self.unknown)
        self.hide()

    def on_bring(self, bring: Callable[[list[Path]], object]) -> None:
        """Who takes the files of a result."""
        self._bring = bring

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.open_page = primary(QPushButton(self.tr("Open the page")))
        self.open_folder = QPushButton(self.tr("Open the folder"))
        self.tell = QPushButton(self.tr("Tell how it goes"))
        self.tell.setMenu(self._tell_menu())
        self.bring = QPushButton(self.tr("Bring the result…"))
        self.open_page.clicked.connect(lambda: self._open(self.sheet.page if self.sheet else ""))
        self.open_folder.clicked.connect(self._open_folder)
        self.bring.clicked.connect(self._ask_files)
        for button in (self.open_page, self.open_folder, self.tell, self.bring):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _tell_menu(self) -> QMenu:
        menu = QMenu(self)
        for state, words in (
            (JobState.SUBMITTED, self.tr("I have uploaded the files")),
            (JobState.QUEUED, self.tr("It waits in the queue")),
            (JobState.RUNNING, self.tr("It runs")),
            (JobState.SUCCESS, self.tr("The result is ready")),
            (JobState.FAILED, self.tr("It failed…")),
            (JobState.CANCELLED, self.tr("I stopped it")),
            (JobState.EXPIRED, self.tr("The result is gone")),
            (JobState.WAITING, self.tr("The files are not uploaded yet")),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, s=state: self.told(s))
        return menu

    # Shown.

    def show_sheet(self, job: Job, sheet: GuidedSheet | None) -> None:
        """Show the sheet of a job; None: it is none of these."""
        self.setVisible(sheet is not None)
        same = sheet == self.sheet and self.job is not None and self.job.id == job.id
        self.job, before, self.sheet = job, self.sheet, sheet
        if sheet is None:
            return
        self.tell.setEnabled(not job.is_fetched)
        self.bring.setVisible(not job.is_fetched)
        if same:
            return
        self.prepared.setText(self._prepared(sheet))
        self.cautions.setText("\n".join(sheet.cautions))
        self.cautions.setVisible(bool(sheet.cautions))
        self._show_steps(sheet, before)
        known = [fact for fact in sheet.facts if fact.source]
        self.facts.show_pairs([(fact.label, fact.value) for fact in known])
        self.sources.setText("\n".join(_by_source(known)))
        self.sources.setVisible(bool(known))
        silent = [fact.label for fact in sheet.facts if not fact.source]
        self.unknown.setText(self.tr("Not known: {0}.").format(", ".join(silent)))
        self.unknown.setVisible(bool(silent))

    def _prepared(self, sheet: GuidedSheet) -> str:
        parts = [self.tr("Prepared {0}, in {1}.").format(sheet.written, sheet.folder)]
        if sheet.uploaded is not None:
            parts.append(self.tr("Uploaded {0}.").format(exact(sheet.uploaded)))
        if sheet.deadline is not None:
            parts.append(self.tr("Deleted there {0}.").format(exact(sheet.deadline)))
        if sheet.results:
            parts.append(self.tr("What comes back: {0}.").format(sheet.results))
        return " ".join(parts)

    def _show_steps(self, sheet: GuidedSheet, before: GuidedSheet | None) -> None:
        if before is not None and [_bare(s) for s in before.steps] == [_bare(s) for s in sheet.steps]:
            for box, step in zip(self.boxes, sheet.steps, strict=True):
                _tick(box, step.done)
            return
        while (item := self._steps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.boxes = []
        for number, step in enumerate(sheet.steps):
            self._steps.addWidget(self._step(number, step))

    def _step(self, number: int, step: GuidedStep) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        box = QCheckBox(f"{number + 1}.")
        box.setAccessibleName(f"{number + 1}. {step.text}")
        _tick(box, step.done)
        box.toggled.connect(lambda done: self._ticked(number, done))
        self.boxes.append(box)
        row.addWidget(box)
        row.addWidget(Text(step.text), 1)
        if step.page and self.sheet is not None and step.page != self.sheet.page:
            link = QPushButton(self.tr("Open"))
            link.setAccessibleName(self.tr("Open {0}").format(step.page))
            link.setToolTip(step.page)
            link.clicked.connect(lambda: self._open(step.page))
            row.addWidget(link)
        column.addLayout(row)
        for name, value in step.enter:
            column.addLayout(self._entry(name, value))
        return holder

    def _entry(self, name: str, value: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 5, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(Text(f"{name}:", muted=True, wrap=False))
        row.addWidget(Text(value, wrap=False))
        copy = QPushButton(self.tr("Copy"))
        copy.setAccessibleName(self.tr("Copy what belongs into {0}").format(name))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(value))
        row.addWidget(copy)
        row.addStretch(1)
        return row

    # Done.

    def _open(self, address: str) -> None:
        if address:
            QDesktopServices.openUrl(QUrl(address))

    def _open_folder(self) -> None:
        if self.sheet is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self.sheet.folder))

    def _ticked(self, number: int, done: bool) -> None:
        if self.job is not None:
            self._do(self._context.operations.tick_step(self.job.id, number, done))

    def told(self, state: JobState) -> None:
        """The person says how it stands; of a failure what the page said."""
        if self.job is None:
            return
        if state is JobState.FAILED:
            self._ask_reason(self.job.id)
            return
        self._do(self._context.operations.tell_job(self.job.id, state))

    def _ask_reason(self, job_id: str) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("It failed"))
        dialog.setLabelText(self.tr("What did the page say? You may leave it empty."))
        dialog.textValueSelected.connect(
            lambda words: self._do(self._context.operations.tell_job(job_id, JobState.FAILED, words))
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_files(self) -> None:
        dialog = QFileDialog(self, self.tr("The files of the result"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self._bring([Path(name) for name in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _do(self, work: Any) -> None:
        self._context.bridge.run(work, self, None, self._show_problem)


def _by_source(facts: list[GuidedFact]) -> list[str]:
    """Each source once, with what it tells: most pages have one or two."""
    told: dict[str, list[str]] = {}
    for fact in facts:
        told.setdefault(fact.source, []).append(fact.label)
    if len(told) == 1:
        return list(told)
    return [f"{', '.join(labels)}: {source}" for source, labels in told.items()]


def _bare(step: GuidedStep) -> GuidedStep:
    return step.model_copy(update={"done": False})


def _tick(box: QCheckBox, done: bool) -> None:
    """Without telling anybody: it is known already."""
    box.blockSignals(True)
    box.setChecked(done)
    box.blockSignals(False)
