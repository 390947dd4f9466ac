"""The verdict on a dataset: on the files themselves, and service by service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset, DatasetState
from app.domain.service import Service
from app.domain.verdict import Outcome, Verdict
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import fit_shown, fit_words, verdict_words
from app.ui.views.uploads.service_fit import Fit, ServiceFit, Why
from app.ui.views.uploads.verdict_details import VerdictDetails
from app.ui.views.uploads.verdict_words import outcome_shown, repairable, verdict_name
from app.ui.widgets.basics import Card, StatusBadge, Text, link
from app.ui.widgets.elided import ElidedLabel

SHOWN = 4
ONE_ROW = GRID * 100
"""Pixels from which the verdict and the choice of a service fit side by side."""
MENDABLE = frozenset({Why.FILE_NAME, Why.MANY_SAMPLES})
"""Reasons of a refusal, before a prediction, that the plan of repairs deals with."""


class VerdictActions(Protocol):
    """What the buttons of the verdict do."""

    def check(self, service_id: str | None) -> object:
        """Check the files, for a service if one is named."""

    def predict(self, service_id: str) -> object:
        """Ask which panel is meant, if need be, and predict what the server would say."""

    def show_plan(self, service_id: str, panel_id: str | None) -> object:
        """Open the plan of repairs for a service."""

    def add_sites(self) -> object:
        """Ask for a site list and add it."""


@dataclass(frozen=True)
class Said:
    """What is known of a service: a prediction, or how the files fit by its rules."""

    service_id: str
    verdict: Verdict | None = None
    fit: ServiceFit | None = None


def said_of(dataset: Dataset, found: Sequence[ServiceFit]) -> tuple[Said, ...]:
    """Predictions first, refusals at the top; then the services that were not asked."""
    order = {Outcome.REFUSES: 0, Outcome.PARTLY: 1, Outcome.ACCEPTS: 2, Outcome.UNKNOWN: 3}
    verdicts = sorted(dataset.verdicts, key=lambda v: order[v.outcome])
    asked = {v.service_id for v in verdicts}
    rest = (Said(f.service.id, fit=f) for f in found if f.service.id not in asked)
    return (*(Said(v.service_id, verdict=v) for v in verdicts), *rest)


class FitLine(QWidget):
    """One service: badge, name, words and buttons; a prediction has a line of its own for its words."""

    def __init__(
        self, context: Context, actions: VerdictActions, unfold: Callable[[Verdict], object]
    ) -> None:
        super().__init__()
        self.said: Said | None = None
        self._actions = actions
        self._unfold = unfold
        self.badge = StatusBadge(context.theme)
        self.name = ElidedLabel()
        self.short = ElidedLabel(muted=True)
        self.words = Text()
        self.plan = QPushButton(self.tr("Show plan"))
        self.plan.clicked.connect(lambda: self._show_plan())
        self.ask = link(self.tr("What the server would write"), self._ask)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.badge)
        top.addWidget(self.name)
        top.addWidget(self.short, 1)
        top.addWidget(self.plan)
        top.addWidget(self.ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.words)

    def show_said(self, said: Said) -> None:
        """Show another service."""
        self.said = said
        verdict, fit = said.verdict, said.fit
        self.words.setVisible(verdict is not None)
        self.plan.setVisible(verdict is not None and repairable(verdict))
        if verdict is not None:
            self.badge.show_status(outcome_shown(verdict.outcome))
            self.name.setText(verdict_name(verdict))
            self.short.setText("")
            self.words.setText(" ".join(part for part in (verdict.headline, verdict.remedy) if part))
            self.ask.setVisible(True)
        elif fit is not None:
            self.badge.show_status(fit_shown(fit))
            self.name.setText(fit.service.name)
            mendable = any(r.why in MENDABLE for r in fit.reasons)
            can = self.tr("Haplodesk can prepare it.") if mendable else ""
            self.short.setText(f"{fit_words(fit)} {can}".strip())
            self.plan.setVisible(mendable)
            self.ask.setVisible(fit.fit is not Fit.UNKNOWN)
        for button in (self.plan, self.ask):
            button.setAccessibleName(f"{button.text()}: {self.name.text()}")

    def _show_plan(self) -> None:
        if self.said is not None:
            verdict = self.said.verdict
            self._actions.show_plan(self.said.service_id, verdict.panel_id if verdict is not None else None)

    def _ask(self) -> None:
        if self.said is None:
            return
        if self.said.verdict is not None:
            self._unfold(self.said.verdict)
        else:
            self._actions.predict(self.said.service_id)


class VerdictPanel(Card):
    """A line on the files, a choice of the service to check for, and a line a service."""

    def __init__(self, context: Context, actions: VerdictActions, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, parent)
        self._context = context
        self._actions = actions
        self._said: tuple[Said, ...] = ()
        self._all = False
        self._unfolded: tuple[str, str | None] | None = None
        self.lines: list[FitLine] = []
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        self.body.addLayout(self._top())
        self.rows = QVBoxLayout()
        self.rows.setSpacing(GRID // 2)
        self.body.addLayout(self.rows)
        self.more = link("", self._show_all)
        self.more.hide()
        self.body.addWidget(self.more)
        self.details = VerdictDetails(context, actions.add_sites, actions.predict)

    def _top(self) -> QBoxLayout:
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Check for"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(18)
        self.choice.currentIndexChanged.connect(lambda _: self._show_lines())
        self.check = QPushButton(self.tr("Check again"))
        self._context.theme.bind_icon(self.check, "refresh")
        self.check.clicked.connect(lambda: self._actions.check(self.service_id()))
        says, asks = QHBoxLayout(), QHBoxLayout()
        says.addWidget(self.badge)
        says.addWidget(self.words, 1)
        asks.addStretch(1)
        label = Text(self.tr("Check for"), muted=True, wrap=False)
        for widget in (label, self.choice, self.check):
            asks.addWidget(widget)
        self.top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for row, stretch in ((says, 1), (asks, 0)):
            row.setSpacing(GRID)
            self.top.addLayout(row, stretch)
        self.top.setSpacing(GRID)
        return self.top

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """In a narrow window the choice stands below the words, which would be a column of a word a line."""
        super().resizeEvent(event)
        narrow = event.size().width() < ONE_ROW
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self.top.direction() != direction:
            self.top.setDirection(direction)

    def service_id(self) -> str | None:
        """The service that is checked for, None for any."""
        chosen = self.choice.currentData()
        return chosen if isinstance(chosen, str) and chosen else None

    def show_services(self, services: Sequence[Service], chosen: str | None) -> None:
        """Fill the choice; the chosen one stays."""
        wanted = [("", self.tr("any service")), *((s.id, s.name) for s in services)]
        if wanted == [(self.choice.itemData(n), self.choice.itemText(n)) for n in range(self.choice.count())]:
            return
        self.choice.blockSignals(True)
        self.choice.clear()
        for key, name in wanted:
            self.choice.addItem(name, key)
        self.choice.setCurrentIndex(max(0, self.choice.findData(chosen or "")))
        self.choice.blockSignals(False)

    def show_verdict(self, dataset: Dataset, found: Sequence[ServiceFit]) -> None:
        """Show another verdict."""
        shown, words = verdict_words(dataset)
        self.badge.show_status(shown)
        self.words.setText(words)
        checking = dataset.state is DatasetState.CHECKING
        self.check.setEnabled(not checking)
        self.check.setText(self.tr("Check") if dataset.state is DatasetState.NEW else self.tr("Check again"))
        self._said = said_of(dataset, found)
        self._show_lines()

    def unfold(self, verdict: Verdict) -> None:
        """Show the details of a prediction below its line, or fold them up again."""
        key = (verdict.service_id, verdict.panel_id)
        self._unfolded = None if self._unfolded == key else key
        self._show_lines()

    def fold(self) -> None:
        """Hide the details; another dataset is shown."""
        self._unfolded = None
        self._all = False

    def unfold_service(self, service_id: str, panel_id: str | None) -> None:
        """Show the details of a prediction as soon as it is there."""
        self._unfolded = (service_id, panel_id)
        self._show_lines()

    def _show_all(self) -> None:
        self._all = True
        self._show_lines()

    def _show_lines(self) -> None:
        chosen = self.service_id()
        wanted = [s for s in self._said if chosen in (None, s.service_id)]
        shown = wanted if self._all else wanted[:SHOWN]
        while len(self.lines) < len(shown):
            line = FitLine(self._context, self._actions, self.unfold)
            self.lines.append(line)
            self.rows.addWidget(line)
        for number, line in enumerate(self.lines):
            line.setVisible(number < len(shown))
            if number < len(shown):
                line.show_said(shown[number])
        hidden = len(wanted) - len(shown)
        self.more.setVisible(hidden > 0)
        self.more.setText(self.tr("Show {0} more").format(hidden))
        self._show_details(shown)

    def _show_details(self, shown: Sequence[Said]) -> None:
        self.rows.removeWidget(self.details)
        for number, said in enumerate(shown):
            verdict = said.verdict
            if verdict is not None and (verdict.service_id, verdict.panel_id) == self._unfolded:
                self.rows.insertWidget(number + 1, self.details)
                self.details.show_verdict(verdict)
                return
        self.details.show_verdict(None)
