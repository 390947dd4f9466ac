"""The selected job: stages, trouble and its remedy, messages, files, timeline, what was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.domain.guided import GuidedSheet
from app.domain.job import Consent, Event, Job, SendPhase
from app.domain.parameter import Form
from app.domain.problem import Kind, Problem
from app.domain.result import Result
from app.domain.service import HealthState, Service
from app.operations.tasks import TaskState
from app.ui import text
from app.ui.context import Context
from app.ui.status import job_shown
from app.ui.theme import GRID
from app.ui.views.jobs import job_words as words
from app.ui.views.jobs.by_hand_card import ByHandCard
from app.ui.views.jobs.group_card import GroupCard
from app.ui.views.jobs.messages import Messages
from app.ui.views.jobs.remedies import (
    Remedy,
    can_cancel,
    can_fetch,
    can_send_again,
    tries_now,
    trouble_of,
)
from app.ui.views.jobs.run_log import RunLogCard
from app.ui.views.jobs.stages import stages_of
from app.ui.widgets.basics import Card, KeyValues, SectionHeading, StatusBadge, Text, primary
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.progress import StepsBar
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.task_rows import TaskRows

EVENTS_SHOWN = 200


@dataclass(frozen=True)
class JobFacts:
    """Everything that the page of a job shows. `cannot_cancel` is why its service can stop no job."""

    job: Job
    service: Service | None
    result: Result | None
    events: tuple[Event, ...]
    consents: tuple[Consent, ...]
    form: Form | None = None
    cannot_cancel: str = ""
    sheet: GuidedSheet | None = None
    group: tuple[Job, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    mirror: Service | None = None
    """The best service that could take the job now, while its own does not answer."""
    packs: bool = True
    """Whether its service packs results with a password."""

    @property
    def service_name(self) -> str:
        """The service, by its id when it was removed."""
        return self.service.name if self.service is not None else self.job.service_id


class JobDetail(QWidget):
    """Below the table. `only_group` wants the table to show the jobs of a group alone.

    `send_rest` wants those of a group sent again that have no result.
    """

    only_group = Signal(str)
    send_rest = Signal(tuple)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: JobFacts | None = None
        self._pairs: dict[KeyValues, words.Pairs] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.page = ScrollPage(width=GRID * 200, margin=0)
        column.addWidget(self.page, 1)
        self.stages = StepsBar(context.theme, context.now)
        card = Card(context.theme)
        card.body.setContentsMargins(GRID, GRID * 3 // 2, GRID, GRID // 2)
        card.body.addWidget(self.stages)
        self.tasks = TaskRows(context)
        card.body.addWidget(self.tasks)
        self.page.column.addWidget(card)
        self.problem = ProblemPanel(context.theme)
        self.page.column.addWidget(self.problem)
        self.by_hand = ByHandCard(context, self.show_problem)
        self.page.column.addWidget(self.by_hand)
        self.group = GroupCard(context, self.only_group.emit, self.send_rest.emit)
        self.page.column.addWidget(self.group)
        self.page.column.addLayout(self._cards())

    async def facts_of(self, job_id: str) -> JobFacts | None:
        """Read it; None when the job is gone."""
        library = self.context.library
        job = await library.job(job_id)
        if job is None:
            return None
        stored = await library.form(job.service_id, job.app_id)
        cannot = await library.why_not(job.service_id)
        service = await library.service(job.service_id)
        group = await library.group_jobs(job.group) if job.group is not None else ()
        names = tuple((s.id, s.name) for s in await library.services()) if group else ()
        return JobFacts(
            job,
            service,
            await library.result_of_job(job_id),
            await library.events(job_id=job_id, limit=EVENTS_SHOWN),
            await library.consents(job_id),
            stored.form if stored is not None else None,
            cannot.get("cancel", ""),
            await library.guided_sheet(job_id),
            group,
            names,
            await self._mirror(job, service),
            "passwords" not in cannot,
        )

    async def _mirror(self, job: Job, service: Service | None) -> Service | None:
        """Asked for only while the job waits for a service that is down."""
        if not job.is_to_send or service is None or service.state is not HealthState.DOWN:
            return None
        found = await self.context.library.mirrors(job.id)
        return found[0].service if found else None

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
        self.result_button = primary(self._button("job.result"))
        self.fetch = primary(self._button("job.fetch"))
        self.again = self._button("job.again")
        self.cancel = self._button("job.cancel")
        self.elsewhere = QPushButton()
        self.elsewhere.clicked.connect(self._send_elsewhere)
        for button in (self.result_button, self.fetch, self.elsewhere, self.again, self.cancel):
            row.addWidget(button)
        self.more = QToolButton()
        self.context.theme.bind_icon(self.more, "more")
        self.more.setAccessibleName(self.tr("More to do with this job"))
        self.more.setToolTip(self.tr("More to do with this job"))
        self.more.clicked.connect(self._show_more)
        row.addWidget(self.more)
        return row

    def _button(self, command_id: str) -> QPushButton:
        button = QPushButton(self.context.commands.get(command_id).text)
        button.clicked.connect(lambda: self._run(command_id))
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """In a narrow window the cards stand below one another: beside one another they would be cut."""
        super().resizeEvent(event)
        way = QBoxLayout.Direction
        self.cards.setDirection(way.TopToBottom if event.size().width() < GRID * 90 else way.LeftToRight)

    def _cards(self) -> QBoxLayout:
        theme = self.context.theme
        self.cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.cards.setSpacing(GRID * 2)
        self.messages = Messages(self.context)
        self.files = ShortTable(theme, self.tr("Result files"), words.file_columns())
        self.no_files = Text(self.tr("The service has no result files yet."), muted=True)
        self.events = ShortTable(theme, self.tr("Timeline"), words.event_columns(), most=14)
        self.now = KeyValues()
        self.sent = KeyValues()
        left = self._column(
            (self.tr("What the service says"), (self.messages,)),
            (self.tr("Result files"), (self.no_files, self.files)),
            (self.tr("Timeline"), (self.events,)),
        )
        right = self._column(
            (self.tr("Where it stands"), (self.now,)),
            (self.tr("What was sent"), (self.sent,)),
        )
        self.log = RunLogCard(self.context)
        left.insertWidget(1, self.log)
        self.cards.addLayout(left, 3)
        self.cards.addLayout(right, 2)
        return self.cards

    def _column(self, *blocks: tuple[str, tuple[QWidget, ...]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GRID * 2)
        for title, widgets in blocks:
            card = Card(self.context.theme)
            card.body.addWidget(SectionHeading(title))
            for widget in widgets:
                card.body.addWidget(widget)
            column.addWidget(card)
        column.addStretch(1)
        return column

    # Shown anew.

    def show_facts(self, facts: JobFacts) -> None:
        """Show a job."""
        if facts == self.facts:
            return
        other = self.facts is None or self.facts.job.id != facts.job.id
        self.facts = facts
        job = facts.job
        self.name.setText(job.name)
        self.badge.show_status(job_shown(job))
        self._show_buttons(facts)
        self._show_trouble(facts)
        self.by_hand.show_sheet(job, facts.sheet)
        self.group.show_group(job, facts.group, dict(facts.names))
        # The steps of the sheet are shown by it, with their boxes.
        self.messages.show_steps(job.steps[len(facts.sheet.steps) :] if facts.sheet else job.steps)
        self.log.show_job(job, facts.service is not None and facts.service.keeps_logs)
        self.files.setVisible(bool(job.remote_files))
        self.no_files.setVisible(not job.remote_files)
        self.files.show_rows([words.file_row(f) for f in job.remote_files])
        self.events.show_rows([words.event_row(e) for e in facts.events])
        self.tick()
        self.show_tasks()
        self._show_pairs()
        if other:
            self.page.verticalScrollBar().setValue(0)

    def _show_buttons(self, facts: JobFacts) -> None:
        job = facts.job
        self.result_button.setVisible(facts.result is not None and bool(facts.result.files))
        missing = facts.result is None or facts.result.verified is None
        self.fetch.setVisible(can_fetch(job) and missing)
        self.elsewhere.setVisible(facts.mirror is not None)
        if facts.mirror is not None:
            self.elsewhere.setText(self.tr("Send to {0} instead…").format(facts.mirror.name))
        self.again.setVisible(can_send_again(job))
        self.again.setText(words.remedy_words(Remedy.AGAIN, job, tries_now(job)))
        self.cancel.setVisible(can_cancel(job))
        beyond = facts.cannot_cancel if job.phase is SendPhase.ANSWERED else ""
        self.cancel.setEnabled(not beyond)
        self.cancel.setToolTip(text.tooltip(beyond) if beyond else "")

    def _show_trouble(self, facts: JobFacts) -> None:
        trouble = trouble_of(facts.job, facts.result)
        if trouble is None:
            self.problem.clear()
            return
        shown = words.trouble_problem(trouble, facts.job, facts.service_name)
        best = trouble.remedies[0] if trouble.remedies else None
        label = words.remedy_words(best, facts.job, tries_now(facts.job)) if best else ""
        action: Callable[[], object] | None = (lambda: self._run(f"job.{best}")) if best else None
        if self._needs_practice(facts, shown):
            shown = shown.model_copy(update={"what_you_can_do": self.tr("The job goes on when it runs.")})
            label, action = self.tr("Start the practice server"), self._start_practice
        self.problem.show_problem(shown, None, label, action)

    def _needs_practice(self, facts: JobFacts, shown: Problem) -> bool:
        """A practice server has no profile page: starting it gives it a token too."""
        if facts.service is None or not facts.service.practice:
            return False
        return shown.kind is Kind.SIGN_IN or self.context.library.practice_url() is None

    def _start_practice(self) -> None:
        self.context.bridge.run(self.context.operations.start_practice(), self, None, self.show_problem)

    def show_problem(self, problem: Problem) -> None:
        """Something that was just tried did not work."""
        self.problem.show_problem(problem)
        self.page.verticalScrollBar().setValue(0)

    def _show_pairs(self) -> None:
        facts, now = self.facts, self.context.now()
        if facts is None:
            return
        stands = words.fact_pairs(facts.job, facts.result, now, facts.cannot_cancel)
        sent = words.sent_pairs(
            facts.job, facts.service_name, facts.consents, now, facts.form, packs=facts.packs
        )
        for place, pairs in ((self.now, stands), (self.sent, sent)):
            if self._pairs.get(place) != pairs:
                self._pairs[place] = pairs
                place.show_pairs(list(pairs))

    def show_tasks(self) -> None:
        """Transfers of this job, and the stages that they move."""
        facts = self.facts
        if facts is None:
            return
        tasks = [t for t in self.context.library.tasks() if t.job_id == facts.job.id]
        running = [t for t in tasks if t.state is TaskState.RUNNING]
        self.tasks.show_tasks(running)
        found = stages_of(facts.job, facts.result, running)
        self.stages.show_stages([words.stage_words(s) for s in found])

    def tick(self) -> None:
        """The countdown."""
        facts = self.facts
        if facts is not None:
            line = words.heading_words(facts.job, facts.service_name, facts.result, self.context.now())
            if line != self.line.text():
                self.line.setText(line)

    def tick_slowly(self) -> None:
        """Relative times."""
        self._show_pairs()
        self.stages.update()

    # Done.

    def _send_elsewhere(self) -> None:
        """The form for the mirror, filled with these data; what becomes of this job is asked at the end."""
        facts = self.facts
        if facts is not None and facts.mirror is not None:
            self.context.navigate("new_job", f"{facts.mirror.id} instead of {facts.job.id}")

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.job.id,))

    def _show_more(self) -> None:
        self.more_menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def more_menu(self) -> QMenu:
        """Everything that can be done with this job."""
        menu = QMenu(self)
        if self.facts is not None:
            self.context.commands.fill_menu(menu, "job", (self.facts.job.id,))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu
