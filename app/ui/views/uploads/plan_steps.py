"""The steps of a plan of repairs, each with its box, its counts, its reason and its places."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.repair import RepairCode, RepairStep
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.views.uploads.plan_words import step_counts
from app.ui.widgets.basics import StatusBadge, Text, clear, link

INDENT = GRID * 3


class StepRow(QWidget):
    """One step; those that are needed are ticked for good."""

    toggled = Signal()

    def __init__(self, context: Context, step: RepairStep) -> None:
        super().__init__()
        self.step = step
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        self.box = QCheckBox(step.title)
        self.box.setChecked(step.chosen or not step.optional)
        self.box.setEnabled(step.optional)
        self.box.toggled.connect(lambda _: self.toggled.emit())
        top.addWidget(self.box)
        counts = step_counts(step)
        if counts:
            top.addWidget(Text(counts, muted=True, wrap=False))
        top.addStretch(1)
        self.unfold = link(self.tr("Places"), self._toggle)
        self.unfold.setAccessibleName(self.tr("Places: {0}").format(step.title))
        self.unfold.setVisible(bool(step.examples))
        top.addWidget(self.unfold)
        column.addLayout(top)
        self._words(context, column)

    def _words(self, context: Context, column: QVBoxLayout) -> None:
        inside = QVBoxLayout()
        inside.setContentsMargins(INDENT, 0, 0, 0)
        inside.setSpacing(2)
        why = self.step.why
        if not self.step.optional:
            why = f"{why} {self.tr('The service needs it.')}".strip()
        if why:
            inside.addWidget(Text(why, muted=True, minor=True))
        if self.step.caution:
            row = QHBoxLayout()
            row.setSpacing(GRID)
            row.addWidget(StatusBadge(context.theme, Shown(Status.WARNING, self.tr("Caution"))))
            row.addWidget(Text(self.step.caution), 1)
            inside.addLayout(row)
        self.places = Text("\n".join(self.step.examples), minor=True)
        self.places.setAccessibleName(self.tr("Places"))
        self.places.hide()
        inside.addWidget(self.places)
        column.addLayout(inside)

    def _toggle(self) -> None:
        self.places.setVisible(self.places.isHidden())


class PlanSteps(QWidget):
    """All steps, in the order in which they are made."""

    changed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.rows: list[StepRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)

    def show_steps(self, steps: Sequence[RepairStep], before: QWidget) -> None:
        """Show other steps; Tab goes through them after `before`."""
        clear(self._column)
        self.rows = []
        last = before
        for step in steps:
            row = StepRow(self._context, step)
            row.toggled.connect(self.changed)
            self.rows.append(row)
            self._column.addWidget(row)
            for widget in (row.box, row.unfold):
                QWidget.setTabOrder(last, widget)
                last = widget

    def chosen(self) -> tuple[RepairStep, ...]:
        """The ticked steps."""
        return tuple(row.step for row in self.rows if row.box.isChecked())

    def tick(self, code: RepairCode) -> StepRow | None:
        """Tick a step and give its row; None when the plan has no such step."""
        row = next((each for each in self.rows if each.step.code == code), None)
        if row is not None:
            row.box.setChecked(True)
            row.box.setFocus()
        return row
