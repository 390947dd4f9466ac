"""Home: what needs you, what runs, what is ready, what you worked with last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Job
from app.domain.problem import Problem
from app.domain.result import Result
from app.ui.attention import is_lost
from app.ui.context import Context
from app.ui.overview import Overview, read_overview
from app.ui.text import plural
from app.ui.views.home.blocks import dataset_row, job_row, need_row, result_row
from app.ui.views.home.first_run import FirstRun
from app.ui.views.view import View
from app.ui.widgets.basics import Card, EmptyState, SectionHeading, Text, clear, link, primary, tab_after
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel

T = TypeVar("T")
MOST = 6


class HomeView(View):
    """Four quiet blocks, only when they have content; before that, the first three steps."""

    nouns = frozenset({Noun.SERVICE, Noun.DATASET, Noun.JOB, Noun.RESULT})
    tick_ms = 30_000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.page = ScrollPage()
        column.addWidget(self.page)
        self.problem = ProblemPanel(context.theme)
        self.first_run = FirstRun(context, self._practise)
        self.blocks = QVBoxLayout()
        self.blocks.setSpacing(16)
        self.page.column.addWidget(self.problem)
        self.page.column.addWidget(self.first_run)
        self.new_job = primary(QPushButton(self.tr("New job")))
        self.new_job.clicked.connect(lambda: context.navigate("new_job", None))
        self.new_job.hide()
        self.page.column.addWidget(self.new_job, 0, Qt.AlignmentFlag.AlignRight)
        self.page.column.addLayout(self.blocks)
        self.quiet = EmptyState(
            context.theme,
            "done",
            self.tr("Nothing needs you, and nothing is running."),
            self.tr("New job"),
            lambda: context.navigate("new_job", None),
        )
        self.page.column.addWidget(self.quiet, 1)
        self.first_run.hide()
        self.quiet.hide()
        self.overview: Overview | None = None

    def refresh(self) -> None:
        """Read all nouns once."""
        self.read(self._read_other(self.overview), self._show)

    async def _read_other(self, before: Overview | None) -> Overview | None:
        """What there is, None when it is as before; thousands of jobs are slow to compare."""
        found = await read_overview(self.context.library, self.context.now())
        return found if found != before else None

    def tick(self) -> None:
        """Times go on, and a token may come near its end."""
        self.overview = None
        self.refresh()

    def _show(self, overview: Overview | None) -> None:
        if overview is None:
            return
        self.overview = overview
        self.first_run.setVisible(not overview.any_job)
        self.first_run.show_progress(bool(overview.services), bool(overview.datasets))
        focused = self._focused()
        clear(self.blocks)
        self._needs(overview)
        self._running(overview)
        self._ready(overview)
        self._recent(overview)
        self.quiet.setVisible(overview.any_job and not self.blocks.count())
        self.new_job.setVisible(overview.any_job and bool(self.blocks.count()))
        tab_after(self.first_run.practice, self.blocks)
        QTimer.singleShot(0, self, lambda: self._focus_again(focused))

    def _focused(self) -> str:
        """The button of a row that has the keyboard, by its name."""
        widget = QApplication.focusWidget()
        inside = isinstance(widget, QPushButton) and self.page.content.isAncestorOf(widget)
        return widget.accessibleName() if widget is not None and inside else ""

    def _focus_again(self, name: str) -> None:
        """The rows are new; whoever walks by keyboard stays where they were."""
        if name:
            for button in self.page.content.findChildren(QPushButton):
                if button.accessibleName() == name and button.isVisible():
                    button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _block(
        self, title: str, things: Sequence[T], row: Callable[[T], QWidget], more: str = "", view: str = ""
    ) -> None:
        """The first few things; where the others are, or how many there are."""
        if not things:
            return
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        heading = SectionHeading(title)
        others = len(things) - MOST
        if others > 0 and view:
            heading.add(link(more, lambda: self.context.navigate(view, None)))
        elif others > 0:
            heading.add(Text(plural(self.tr("and %Ln more", "", others), others), muted=True, wrap=False))
        column.addWidget(heading)
        card = Card(self.context.theme)
        card.body.setSpacing(12)
        for each in things[:MOST]:
            card.body.addWidget(row(each))
        column.addWidget(card)
        self.blocks.addWidget(box)

    def _needs(self, overview: Overview) -> None:
        names = {s.id: s.name for s in overview.services}
        self._block(self.tr("Needs you"), overview.needs, lambda n: need_row(self.context, n, names))

    def _running(self, overview: Overview) -> None:
        services = {s.id: s.name for s in overview.services}
        running = [j for j in overview.jobs if j.state in OPEN_STATES and not is_lost(j)]

        def row(job: Job) -> QWidget:
            return job_row(self.context, job, services.get(job.service_id, ""))

        self._block(self.tr("Running"), running, row, self.tr("All jobs"), "jobs")

    def _ready(self, overview: Overview) -> None:
        jobs = {j.id: j for j in overview.jobs}
        fresh = [r for r in overview.results if not r.seen and r.verified is not None]

        def row(result: Result) -> QWidget:
            return result_row(self.context, result, jobs.get(result.job_id))

        self._block(self.tr("Ready"), fresh, row, self.tr("All results"), "results")

    def _recent(self, overview: Overview) -> None:
        self._block(
            self.tr("Recent datasets"),
            overview.datasets,
            lambda d: dataset_row(self.context, d),
            self.tr("All datasets"),
            "uploads",
        )

    # The first run.

    def _practise(self) -> None:
        self.first_run.busy(True)
        self.problem.clear()

        async def practise() -> Changes:
            started = await self.context.operations.start_practice()
            return started | await self.context.operations.add_practice_data()

        def failed(problem: Problem) -> None:
            self.first_run.busy(False)
            self.problem.show_problem(problem, self._practise)

        self.do(practise(), self._practised, failed)

    def _practised(self, changes: Changes) -> None:
        self.first_run.busy(False)
        ids = changes.ids(Noun.DATASET)
        if ids:
            self.do(self.context.operations.check_dataset(ids[0]))
            if self.isVisible():  # who looks at something else by now stays there
                self.context.navigate("uploads", ids[0])
