"""The selected dataset: heading line, verdict, findings, files, what leaves."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.service import Service
from app.operations.tasks import Task, TaskState
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import file_columns, file_rows, heading_words
from app.ui.views.uploads.findings_tab import FindingsTab
from app.ui.views.uploads.fit_list import VerdictPanel
from app.ui.views.uploads.leaving_tab import LeavingTab
from app.ui.views.uploads.service_fit import fits
from app.ui.widgets.basics import primary
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.task_rows import TaskRows

JOBS_SHOWN = 30
CHOSEN = "uploads/check_for"


@dataclass(frozen=True)
class DatasetFacts:
    """Everything that the page of a dataset shows."""

    dataset: Dataset
    services: tuple[Service, ...]
    panels: tuple[Panel, ...]
    jobs: tuple[Job, ...]


class DatasetDetail(QWidget):
    """Below the table."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: DatasetFacts | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.tasks = TaskRows(context)
        column.addWidget(self.tasks)
        self.verdict = VerdictPanel(context, self._check)
        self.verdict.choice.currentIndexChanged.connect(lambda _: self._keep_choice())
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("Dataset"))
        self.findings = FindingsTab(context)
        self.files = ShortTable(context.theme, self.tr("Files"), file_columns(), most=0)
        self.leaving = LeavingTab(context)
        for widget in (self.findings, self._padded(self.files), self.leaving):
            self.tabs.addTab(widget, "")
        column.addWidget(self._scrolling(), 1)

    async def facts_of(self, dataset_id: str) -> DatasetFacts | None:
        """Read it; None when the dataset is gone."""
        library = self.context.library
        dataset = await library.dataset(dataset_id)
        if dataset is None:
            return None
        ids = await library.pages("job").ids(TableQuery(f"dataset_id:{dataset_id}"))
        jobs = [await library.job(each) for each in list(ids)[:JOBS_SHOWN]]
        kept = tuple(j for j in jobs if j is not None)
        return DatasetFacts(dataset, await library.services(), await library.panels(), kept)

    # Made once.

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID * 3 // 2)
        self.name = ElidedHeading()
        self.line = ElidedLabel(muted=True)
        row.addWidget(self.name)
        row.addWidget(self.line, 1)
        self.new_job = primary(QPushButton(self.tr("New job")))
        self.new_job.clicked.connect(lambda: self._run("dataset.new_job"))
        row.addWidget(self.new_job)
        return row

    def _scrolling(self) -> QScrollArea:
        """In a low window the page scrolls instead of pressing its lines together."""
        inside = QWidget()
        inside.setObjectName("page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.verdict)
        column.addWidget(self.tabs, 1)
        self.page = QScrollArea()
        self.page.setWidgetResizable(True)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page.setWidget(inside)
        return self.page

    def _padded(self, table: QWidget) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addWidget(table)
        return holder

    # Shown anew.

    def show_facts(self, facts: DatasetFacts) -> None:
        """Show a dataset."""
        if facts == self.facts:
            return
        if self.facts is None or self.facts.dataset.id != facts.dataset.id:
            self.findings.filter.clear()
        self.facts = facts
        dataset, report = facts.dataset, facts.dataset.report
        self.name.setText(dataset.name)
        self.line.setText(heading_words(dataset))
        self.verdict.show_services(facts.services, self.context.layout.value(CHOSEN))
        self.verdict.show_verdict(dataset, fits(dataset, facts.services, facts.panels, facts.jobs))
        findings = report.findings if report is not None else ()
        self.findings.show_findings(findings, report is not None)
        self.files.show_rows(file_rows(dataset))
        self.leaving.show_dataset(dataset, facts.jobs, {s.id: s.name for s in facts.services})
        self.tabs.setTabText(0, self.tr("Findings ({0})").format(len(findings)))
        self.tabs.setTabText(1, self.tr("Files ({0})").format(len(dataset.files)))
        self.tabs.setTabText(2, self.tr("What leaves"))
        self.show_tasks()

    def show_tasks(self) -> None:
        """The check that runs, with live counts."""
        wanted = self.facts.dataset.id if self.facts is not None else ""
        self.tasks.show_tasks([t for t in self.context.library.tasks() if _is_of(t, wanted)])

    def _check(self, service_id: str | None) -> None:
        self._run("dataset.check" if service_id is None else "dataset.check_for")

    def _keep_choice(self) -> None:
        self.context.layout.set(CHOSEN, self.verdict.service_id())

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.dataset.id,))


def _is_of(task: Task, dataset_id: str) -> bool:
    return task.state is TaskState.RUNNING and task.dataset_id == dataset_id
