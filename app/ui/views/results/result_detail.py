"""The selected result: verdict line and tabs of quality, people, suspects, ledger, files, exports, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.ledger import ResultLedger
from app.domain.problem import Kind, Problem
from app.domain.result import Result, ResultState
from app.domain.service import Service
from app.operations.tasks import Task, TaskKind, TaskState
from app.ui import text
from app.ui.bridge import Task as Work
from app.ui.context import Context
from app.ui.status import result_state
from app.ui.theme import GRID
from app.ui.views.results import result_words as words
from app.ui.views.results.cut_off import Cut
from app.ui.views.results.exports_tab import ExportsTab
from app.ui.views.results.files_tab import FilesTab
from app.ui.views.results.ledger_tab import LedgerTab, ledger_shown
from app.ui.views.results.quality_curve import completeness
from app.ui.views.results.quality_tab import CUT, FREQUENCY, QualityTab
from app.ui.views.results.report_tab import ReportTab
from app.ui.views.results.result_people_tab import ResultPeopleTab
from app.ui.views.results.suspects_tab import SuspectsTab
from app.ui.widgets.basics import StatusBadge, Text
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.late_tabs import LateTabs
from app.ui.widgets.page import scrolling
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.task_rows import TaskRows

if TYPE_CHECKING:
    from app.results.figures.measuring import Measured

BROKEN = frozenset({ResultState.INCOMPLETE, ResultState.FAILED})
AT_ONCE = 300_000_000
"""Bytes that are measured without asking: some seconds of work."""


@dataclass(frozen=True)
class ResultFacts:
    """Everything that the page of a result shows at once; figures come later."""

    result: Result
    job: Job | None
    service: Service | None
    dataset: Dataset | None
    ledger: ResultLedger | None = None
    datasets: tuple[tuple[str, str], ...] = ()
    """Names and ids of those that may have been sent, for results without a job."""


class ResultDetail(QWidget):
    """Below the table, or alone on the page."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: ResultFacts | None = None
        self.measured: Measured | None = None
        self._panels: dict[str, tuple[Path, ...]] = {}
        self._read: Work | None = None
        self._works: dict[str, Work] = {}
        self._without: dict[str, Work] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.tasks = TaskRows(context)
        self.problem = ProblemPanel(context.theme)
        self.tabs = self._make_tabs()
        column.addWidget(self._scrolling(), 1)
        self.tabs.currentChanged.connect(lambda _: self._draw())

    async def facts_of(self, result_id: str) -> ResultFacts | None:
        """Read it; None when the result is gone."""
        library = self.context.library
        result = await library.result(result_id)
        if result is None:
            return None
        job = await library.job(result.job_id) if result.job_id else None
        service = await library.service(job.service_id) if job is not None else None
        dataset_id = result.dataset_id or (job.dataset_id if job is not None else None)
        dataset = await library.dataset(dataset_id) if dataset_id else None
        every = await library.dataset_names() if not result.job_id else ()
        ledger = await library.ledger(result_id)
        return ResultFacts(result, job, service, dataset, ledger, every)

    # Made once.

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.whole = self._tool("whole", self.tr("Only this result: hide the table above"))
        self.whole.setAccessibleName(self.tr("Only this result"))
        self.whole.setCheckable(True)
        self.name = ElidedHeading()
        self.badge = StatusBadge(self.context.theme)
        self.line = ElidedLabel(muted=True)
        for widget in (self.whole, self.name, self.badge):
            row.addWidget(widget)
        row.addWidget(self.line, 1)
        self.folder = self._button("result.folder", "folder")
        self.copy = self._tool("copy", self.context.commands.get("result.copy_path").text)
        self.copy.clicked.connect(lambda: self._run("result.copy_path"))
        self.job = self._button("result.job", "jobs")
        for button in (self.copy, self.folder, self.job):
            row.addWidget(button)
        return row

    def _tool(self, icon: str, said: str) -> QToolButton:
        button = QToolButton()
        self.context.theme.bind_icon(button, icon)
        button.setAccessibleName(said)
        button.setToolTip(said)
        return button

    def _button(self, command_id: str, icon: str) -> QPushButton:
        button = QPushButton(self.context.commands.get(command_id).text)
        self.context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: self._run(command_id))
        return button

    def _verdict(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.complete_badge = StatusBadge(self.context.theme)
        self.verdict = Text(bold=True)
        self.verdict.setAccessibleName(self.tr("Verdict"))
        self.complete_words = Text(muted=True)
        said = QVBoxLayout()
        said.setSpacing(2)
        said.addWidget(self.verdict)
        said.addWidget(self.complete_words)
        row.addWidget(self.complete_badge)
        row.addLayout(said, 1)
        return row

    def _make_tabs(self) -> LateTabs:
        context = self.context
        tabs = LateTabs()
        tabs.setAccessibleName(self.tr("Result"))
        tabs.setMinimumHeight(GRID * 52)
        self.quality = QualityTab(context)
        self.quality.measure.connect(self.measure)
        self.quality.compare_frequencies.connect(self.compare_frequencies)
        self.quality.cut.wanted.connect(self._export_cut)
        self.people = ResultPeopleTab(context)
        self.suspects = SuspectsTab(context)
        self.suspects.leave_out.connect(self.leave_out)
        self.ledger = LedgerTab(context)
        self.ledger.count_again.connect(self._count_again)
        self.files = FilesTab(context)
        self.files.priced.connect(self._note_price)
        self.files.linked.connect(self._link)
        self.exports = ExportsTab(context)
        self.report = ReportTab(context)
        for widget, title in (
            (self.quality, self.tr("Quality")),
            (self.people, self.tr("People")),
            (self.suspects, self.tr("Suspects")),
            (self.ledger, self.tr("Ledger")),
            (self.files, self.tr("Files")),
            (self.exports, self.tr("Exports")),
            (self.report, self.tr("Report")),
        ):
            tabs.addPage(widget, title)
        return tabs

    def _scrolling(self) -> QScrollArea:
        """In a low window the page scrolls instead of pressing its pictures together."""
        inside = QWidget()
        inside.setObjectName("page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._verdict())
        for widget in (self.tasks, self.problem):
            column.addWidget(widget)
        column.addWidget(self.tabs, 1)
        self.page = scrolling(inside)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return self.page

    # Shown anew.

    def show_facts(self, facts: ResultFacts) -> None:
        """Show a result; its figures follow when they are read."""
        if facts == self.facts:
            return
        before, self.facts = self.facts, facts
        result = facts.result
        other = before is None or before.result.id != result.id
        self.name.setText(words.name_of(result, facts.job))
        self.badge.show_status(result_state(result.state))
        self.job.setVisible(facts.job is not None)
        self.verdict.setText(words.verdict_words(result))
        self._show_complete(facts)
        self._show_problem(result)
        self.quality.show_quality(result.quality)
        self.ledger.show_ledger(facts.ledger)
        pairs = words.provenance_pairs(result, facts.job, facts.service)
        self.files.show_files(result, facts.ledger, pairs)
        self.files.show_sent(facts.datasets, result.dataset_id, asked=not result.job_id)
        self.exports.show_result(result)
        self._settle_suspects()
        self.report.show_result(result)
        self.tabs.setTabText(self.tabs.indexOf(self.files), self.tr("Files ({0})").format(len(result.files)))
        self._offer()
        self.tick()
        self.show_tasks()
        if other or before is None or before.result.files != result.files:
            self._take_measured(None)
            self.read_figures()

    def _offer(self) -> None:
        assert self.facts is not None
        has_files = self.facts.result.quality is not None
        for widget, on in (
            (self.people, self.measured is not None and bool(self.measured.tables.people)),
            (self.suspects, self.measured is not None),
            (self.exports, has_files),
            (self.report, self.facts.result.state is not ResultState.FETCHING),
        ):
            self.tabs.setTabVisible(self.tabs.indexOf(widget), on)

    def _show_complete(self, facts: ResultFacts) -> None:
        """By the books where there are any, else by chromosomes and people."""
        said = words.complete_words(completeness(facts.result.quality, facts.dataset))
        if facts.ledger is not None:
            from app.ui.views.results.ledger_tab import sample_words, total_words

            booked = f"{total_words(facts.ledger)} {sample_words(facts.ledger.samples)}"
            said = (ledger_shown(facts.ledger), said[1] if said is not None else booked)
        self.complete_badge.setVisible(said is not None)
        self.complete_words.setVisible(said is not None)
        if said is not None:
            self.complete_badge.show_status(said[0])
            self.complete_words.setText(said[1])

    def _show_problem(self, result: Result) -> None:
        if result.state not in BROKEN:
            self.problem.clear()
            return
        job = self.facts is not None and self.facts.job is not None
        advice = self.tr(
            "What came so far is kept. Fetching goes on where it ended; "
            "other ways are on the page of the job."
        )
        self.problem.show_problem(
            Problem(
                kind=Kind.DISK,
                title=self.tr("The result is not complete"),
                what_happened=result.problem or self.tr("Fetching ended early."),
                what_you_can_do=advice
                if job
                else self.tr("Copy the files again and take them in once more."),
            ),
            None,
            self.tr("Fetch what is missing"),
            (lambda: self._run("result.mend")) if job else None,
        )

    # Figures.

    def read_figures(self) -> None:
        """Read what was measured; little is measured at once, much when it is asked for."""
        if self.facts is None:
            return
        result_id = self.facts.result.id
        if self._read is not None:
            self._read.cancel()
        work = self.context.library.quality(result_id, self._panels.get(result_id, ()))
        self._read = self.context.bridge.run(
            work, self, lambda found: self._figures_read(result_id, found), self._no_figures
        )

    def _figures_read(self, result_id: str, found: Measured | None) -> None:
        if self.facts is None or self.facts.result.id != result_id:
            return
        self._take_measured(found)
        small = 0 < self._size() <= AT_ONCE
        if found is None and small and self.facts.result.state is ResultState.VERIFIED:
            self.measure()

    def _no_figures(self, problem: Problem) -> None:
        self._take_measured(None)
        self.show_problem(problem)

    def _size(self) -> int:
        assert self.facts is not None
        held = self.facts.result
        return sum(f.size for f in held.files) if held.quality is not None else 0

    def _take_measured(self, found: Measured | None) -> None:
        self.measured = found
        assert self.facts is not None
        running = self.facts.result.id in self._works
        self.quality.show_measured(found, text.size(self._size()), running)
        self._offer()
        self._draw()

    def _draw(self) -> None:
        """What is behind a tab is made when it is looked at."""
        tab = self.tabs.currentWidget()
        if tab is self.people:
            self.people.show_measured(self.measured)
        elif tab is self.suspects and self.measured is not None:
            self.suspects.show_figures(self.measured.figures)
        elif tab is self.report:
            self.report.look()
        self.show_tasks()

    def measure(self) -> None:
        """Measure the result; other pages can be looked at meanwhile."""
        if self.facts is None or self.facts.result.id in self._works:
            return
        result_id = self.facts.result.id
        panel: Sequence[Path] = self._panels.get(result_id, ())

        def ended() -> bool:
            self._works.pop(result_id, None)
            return self.facts is not None and self.facts.result.id == result_id

        def done(_changes: object) -> None:
            if ended():
                work = self.context.library.quality(result_id, panel)
                self.context.bridge.run(work, self, lambda found: self._measured_now(result_id, found))

        def failed(problem: Problem) -> None:
            if ended():
                self._take_measured(self.measured)
                self.show_problem(problem)
            else:
                self.context.notices.problem(problem)

        work = self.context.operations.measure_quality(result_id, panel)
        self._works[result_id] = self.context.bridge.run(work, self, done, failed)
        self._take_measured(self.measured)

    def _measured_now(self, result_id: str, found: Measured | None) -> None:
        if self.facts is not None and self.facts.result.id == result_id:
            self._take_measured(found)

    def compare_frequencies(self, paths: Sequence[Path]) -> None:
        """Measure again with the frequencies of a panel."""
        if self.facts is not None:
            self._panels[self.facts.result.id] = tuple(paths)
            self.quality.switcher.show_number(FREQUENCY)
            self.measure()

    def _export_cut(self, cut: Cut) -> None:
        if self.measured is not None:
            edges = tuple(each.maf_from for each in self.measured.figures.by_maf)
            self.exports.take_cut(cut, edges)
            self.tabs.setCurrentWidget(self.exports)

    def show_cut(self) -> None:
        """Go to the cut-off."""
        self.tabs.setCurrentWidget(self.quality)
        if self.measured is not None:
            self.quality.switcher.show_number(CUT)

    def _count_again(self) -> None:
        if self.facts is None:
            return
        result_id = self.facts.result.id

        def counted(ledger: ResultLedger) -> None:
            if self.facts is not None and self.facts.result.id == result_id:
                self.ledger.show_ledger(ledger)

        work = self.context.operations.make_ledger(result_id)
        self.context.bridge.run(work, self, counted, self.show_problem)

    # Suspects, price.

    def leave_out(self, sites: Sequence[tuple[str, int]]) -> None:
        """Write the dataset without these sites; then the page of a new job shows it."""
        if self.facts is None or not sites or self.facts.result.id in self._without:
            return
        result_id, job = self.facts.result.id, self.facts.job

        def done(changes: Changes) -> None:
            self._without.pop(result_id, None)
            self._settle_suspects()
            made = changes.ids(Noun.DATASET)
            if made:
                like = f" like {job.id}" if job is not None else ""
                self.context.navigate("new_job", f"{made[0]}{like}")

        def failed(problem: Problem) -> None:
            self._without.pop(result_id, None)
            self._settle_suspects()
            if self.facts is not None and self.facts.result.id == result_id:
                self.show_problem(problem)
            else:
                self.context.notices.problem(problem)

        work = self.context.operations.leave_out_suspects(result_id, tuple(sites))
        self._without[result_id] = self.context.bridge.run(work, self, done, failed)
        self._settle_suspects()

    def _settle_suspects(self) -> None:
        if self.facts is not None:
            self.suspects.show_origin(self.facts.dataset is not None, self.facts.result.id in self._without)

    def _note_price(self, price: str) -> None:
        if self.facts is not None and self.facts.result.price != price.strip():
            work = self.context.operations.note_price(self.facts.result.id, price)
            self.context.bridge.run(work, self, None, self.show_problem)

    def _link(self, dataset_id: str) -> None:
        if self.facts is not None and (self.facts.result.dataset_id or "") != dataset_id:
            work = self.context.operations.link_result(self.facts.result.id, dataset_id or None)
            self.context.bridge.run(work, self, None, self.show_problem)

    # Running work.

    def show_problem(self, problem: Problem) -> None:
        """Something that was just tried did not work."""
        self.problem.show_problem(problem)

    def show_tasks(self) -> None:
        """Its downloads, decryptions, measuring, exports."""
        if self.facts is not None:
            result = self.facts.result
            mine = [t for t in self.context.library.tasks() if _is_of(t, result)]
            exports = [t for t in mine if t.kind is TaskKind.EXPORT]
            self.exports.tasks.show_tasks(exports)
            there = self.tabs.currentWidget() is self.exports
            self.tasks.show_tasks([t for t in mine if not there or t not in exports])

    def tick(self) -> None:
        """Relative times."""
        if self.facts is not None:
            facts = self.facts
            now = self.context.now()
            self.line.setText(words.heading_words(facts.result, facts.job, facts.service, now))

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.result.id,))


def _is_of(task: Task, result: Result) -> bool:
    """By its job, else by the name in the title: tasks know no results."""
    if task.state is not TaskState.RUNNING:
        return False
    if result.job_id and task.job_id == result.job_id:
        return True
    names = {result.name, Path(result.folder).name} - {""}
    return task.job_id is None and any(name in task.title for name in names)
