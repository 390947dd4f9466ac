"""The selected result: verdict, R2 curve, chromosomes, files, provenance."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.problem import Kind, Problem
from app.domain.result import Quality, Result, ResultState
from app.domain.service import Service
from app.operations.tasks import TaskState
from app.ui.context import Context
from app.ui.status import result_state
from app.ui.theme import GRID
from app.ui.views.results import result_words as words
from app.ui.views.results.quality_curve import completeness
from app.ui.views.results.r2_plot import R2Plot
from app.ui.widgets.basics import Card, KeyValues, SectionHeading, StatusBadge, Text
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.task_rows import TaskRows

BROKEN = frozenset({ResultState.INCOMPLETE, ResultState.FAILED})


@dataclass(frozen=True)
class ResultFacts:
    """Everything that the page of a result shows."""

    result: Result
    job: Job | None
    service: Service | None
    dataset: Dataset | None


class ResultDetail(QWidget):
    """Below the table."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: ResultFacts | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.page = ScrollPage(width=GRID * 200, margin=0)
        column.addWidget(self.page, 1)
        self.problem = ProblemPanel(context.theme)
        self.page.column.addWidget(self.problem)
        self.page.column.addWidget(self._verdict())
        self.quality_card = self._quality()
        self.page.column.addWidget(self.quality_card)
        self.page.column.addLayout(self._lower())

    async def facts_of(self, result_id: str) -> ResultFacts | None:
        """Read it; None when the result is gone."""
        library = self.context.library
        result = await library.result(result_id)
        if result is None:
            return None
        job = await library.job(result.job_id)
        service = await library.service(job.service_id) if job is not None else None
        dataset = await library.dataset(job.dataset_id) if job is not None and job.dataset_id else None
        return ResultFacts(result, job, service, dataset)

    # Made once.

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.name = ElidedHeading()
        self.badge = StatusBadge(self.context.theme)
        self.line = ElidedLabel(muted=True)
        row.addWidget(self.name)
        row.addWidget(self.badge)
        row.addWidget(self.line, 1)
        self.folder = self._button("result.folder", "folder")
        self.copy = QToolButton()
        self.context.theme.bind_icon(self.copy, "copy")
        self.copy.setAccessibleName(self.context.commands.get("result.copy_path").text)
        self.copy.setToolTip(self.context.commands.get("result.copy_path").text)
        self.copy.clicked.connect(lambda: self._run("result.copy_path"))
        self.job = self._button("result.job", "jobs")
        for button in (self.copy, self.folder, self.job):
            row.addWidget(button)
        return row

    def _button(self, command_id: str, icon: str) -> QPushButton:
        button = QPushButton(self.context.commands.get(command_id).text)
        self.context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: self._run(command_id))
        return button

    def _verdict(self) -> Card:
        card = Card(self.context.theme)
        self.verdict = Text(bold=True)
        self.verdict.setAccessibleName(self.tr("Verdict"))
        card.body.addWidget(self.verdict)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.complete_badge = StatusBadge(self.context.theme)
        self.complete_words = Text()
        row.addWidget(self.complete_badge)
        row.addWidget(self.complete_words, 1)
        card.body.addLayout(row)
        self.tasks = TaskRows(self.context)
        card.body.addWidget(self.tasks)
        return card

    def _quality(self) -> Card:
        theme = self.context.theme
        card = Card(theme)
        card.body.addWidget(SectionHeading(self.tr("R2 by allele frequency")))
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        self.plot = R2Plot(self.context)
        self.bins = ShortTable(theme, self.tr("R2 by allele frequency"), words.bin_columns())
        row.addWidget(self.plot, 1)
        side = QVBoxLayout()
        side.addWidget(self.bins)
        side.addStretch(1)
        self.bins.setMinimumWidth(GRID * 28)
        self.bins.setMaximumWidth(GRID * 60)
        row.addLayout(side, 1)
        card.body.addLayout(row)
        return card

    def _lower(self) -> QGridLayout:
        theme = self.context.theme
        self.chromosomes = ShortTable(theme, self.tr("By chromosome"), words.chromosome_columns(), most=24)
        self.chromosome_card = self._card(self.tr("By chromosome"), self.chromosomes)
        self.files = ShortTable(theme, self.tr("Files"), words.file_columns(), most=16)
        self.files_heading = Text(muted=True, wrap=False)
        self.provenance = KeyValues()
        grid = QGridLayout()
        grid.setSpacing(GRID * 2)
        grid.addWidget(self._card(self.tr("Files"), self.files, self.files_heading), 0, 0, 1, 2)
        grid.addWidget(self._card(self.tr("Where it comes from"), self.provenance), 1, 0)
        grid.addWidget(self.chromosome_card, 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _card(self, title: str, widget: QWidget, beside: QWidget | None = None) -> Card:
        card = Card(self.context.theme)
        heading = SectionHeading(title)
        if beside is not None:
            heading.add(beside)
        card.body.addWidget(heading)
        card.body.addWidget(widget)
        card.body.addStretch(1)
        return card

    # Shown anew.

    def show_facts(self, facts: ResultFacts) -> None:
        """Show a result."""
        if facts == self.facts:
            return
        other = self.facts is None or self.facts.result.id != facts.result.id
        self.facts = facts
        result = facts.result
        self.name.setText(words.name_of(result, facts.job))
        self.badge.show_status(result_state(result.state))
        self.job.setVisible(facts.job is not None)
        self.verdict.setText(words.verdict_words(result))
        self._show_complete(facts)
        self._show_problem(result)
        self._show_quality(result.quality)
        self.files.show_rows(words.file_rows(result))
        self.files_heading.setText(words.files_summary(result))
        self.provenance.show_pairs(list(words.provenance_pairs(result, facts.job, facts.service)))
        self.tick()
        self.show_tasks()
        if other:
            self.page.verticalScrollBar().setValue(0)

    def _show_complete(self, facts: ResultFacts) -> None:
        said = words.complete_words(completeness(facts.result.quality, facts.dataset))
        self.complete_badge.setVisible(said is not None)
        self.complete_words.setVisible(said is not None)
        if said is not None:
            self.complete_badge.show_status(said[0])
            self.complete_words.setText(said[1])

    def _show_problem(self, result: Result) -> None:
        if result.state not in BROKEN:
            self.problem.clear()
            return
        self.problem.show_problem(
            Problem(
                kind=Kind.DISK,
                title=self.tr("The result is not complete"),
                what_happened=result.problem or self.tr("Fetching ended early."),
                what_you_can_do=self.tr(
                    "What came so far is kept. Fetching goes on where it ended; other ways are on the page "
                    "of its job."
                ),
            ),
            None,
            self.tr("Fetch what is missing"),
            lambda: self._run("result.mend"),
        )

    def _show_quality(self, quality: Quality | None) -> None:
        has_bins = quality is not None and bool(quality.by_maf)
        self.quality_card.setVisible(has_bins)
        self.chromosome_card.setVisible(quality is not None and bool(quality.by_chromosome))
        if quality is None:
            return
        self.chromosomes.show_rows(words.chromosome_rows(quality))
        if has_bins:
            self.bins.show_rows(words.bin_rows(quality))
            self.plot.show_quality(quality)

    def show_problem(self, problem: Problem) -> None:
        """Something that was just tried did not work."""
        self.problem.show_problem(problem)
        self.page.verticalScrollBar().setValue(0)

    def show_tasks(self) -> None:
        """Its downloads and decryptions."""
        job_id = self.facts.result.job_id if self.facts is not None else ""
        tasks = self.context.library.tasks()
        self.tasks.show_tasks([t for t in tasks if t.state is TaskState.RUNNING and t.job_id == job_id])

    def tick(self) -> None:
        """Relative times."""
        if self.facts is not None:
            facts = self.facts
            now = self.context.now()
            self.line.setText(words.heading_words(facts.result, facts.job, facts.service, now))

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.result.id,))
