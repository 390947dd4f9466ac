"""The steps of a plan of repairs, each with its box, its counts, its reason and its places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.repair import RepairCode, RepairStep
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.views.uploads.plan_words import step_counts
from app.ui.widgets.basics import StatusBadge, Text, clear, link
from app.ui.widgets.stale import set_stale

INDENT = GRID * 3
Key = tuple[RepairCode, bool, int]


def keyed(steps: Sequence[RepairStep]) -> dict[Key, RepairStep]:
    """Steps by code, whether they are needed, and their number among those of the same kind."""
    met: Counter[tuple[RepairCode, bool]] = Counter()
    found: dict[Key, RepairStep] = {}
    for step in steps:
        kind = (step.code, step.optional)
        found[(*kind, met[kind])] = step
        met[kind] += 1
    return found


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
        self.counts = Text(muted=True)
        self.counts.setMinimumWidth(GRID * 12)
        self.unfold = link(self.tr("Places"), self._toggle)
        self.unfold.setAccessibleName(self.tr("Places: {0}").format(step.title))
        top.addWidget(self.box)
        top.addWidget(self.counts, 1)
        top.addWidget(self.unfold, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(top)
        column.addLayout(self._words(context))
        self.show_step(step)

    def _words(self, context: Context) -> QVBoxLayout:
        inside = QVBoxLayout()
        inside.setContentsMargins(INDENT, 0, 0, 0)
        inside.setSpacing(2)
        self.why = Text(muted=True, minor=True)
        self.caution = QWidget()
        row = QHBoxLayout(self.caution)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        sign = StatusBadge(context.theme, Shown(Status.WARNING, self.tr("Caution")))
        self.caution_words = Text()
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.caution_words, 1)
        self.places = Text(minor=True)
        self.places.setAccessibleName(self.tr("Places"))
        self.places.hide()
        for widget in (self.why, self.caution, self.places):
            inside.addWidget(widget)
        return inside

    def show_step(self, step: RepairStep | None) -> None:
        """The step as it is with the other ones that are ticked; None: they leave it nothing to do."""
        if step is None:
            names = ("sites", "samples", "lost_sites", "lost_samples")
            nothing = dict.fromkeys(names, 0) | {"examples": (), "caution": ""}
            self.step = self.step.model_copy(update=nothing)
            self.counts.setText(self.tr("nothing to do after the other steps"))
        else:
            self.step = step
            self.counts.setText(step_counts(step))
        needed = "" if self.step.optional else self.tr("The service needs it.")
        self.why.setText(f"{self.step.why} {needed}".strip())
        self.why.setVisible(bool(self.why.text()))
        self.caution_words.setText(self.step.caution)
        self.caution.setVisible(bool(self.step.caution))
        self.places.setText("\n".join(self.step.examples))
        self.unfold.setVisible(bool(self.step.examples))
        if not self.step.examples:
            self.places.hide()

    def set_stale(self, stale: bool) -> None:
        """The counts are those of other steps than are ticked now."""
        set_stale(self.counts, stale)

    def _toggle(self) -> None:
        self.places.setVisible(self.places.isHidden())


class PlanSteps(QWidget):
    """All steps, in the order in which they are made."""

    changed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.rows: list[StepRow] = []
        self._before: QWidget | None = None
        self._proposed: dict[Key, RepairStep] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)

    def show_steps(self, steps: Sequence[RepairStep], before: QWidget) -> None:
        """Show other steps; Tab goes through them after `before`."""
        clear(self._column)
        self._before = before
        self._proposed = keyed(steps)
        self.rows = [self._row(step) for step in steps]
        for row in self.rows:
            self._column.addWidget(row)
        self._settle_tabs()

    def recount(self, steps: Sequence[RepairStep]) -> None:
        """The steps as they are with those that are ticked now; boxes and focus stay as they are.

        One that was proposed and has nothing to do any more stays, so that it can be unticked.
        """
        fresh = keyed(steps)
        mine = dict(zip(keyed([row.step for row in self.rows]), self.rows, strict=True))
        for key, row in mine.items():
            if key in fresh or key in self._proposed or row.box.isChecked():
                row.show_step(fresh.get(key))
            else:
                self.rows.remove(row)
                self._column.removeWidget(row)
                row.hide()
                row.deleteLater()
        place = 0
        for key, step in fresh.items():
            if key in mine:
                place = self.rows.index(mine[key]) + 1
                continue
            row = self._row(step)
            self.rows.insert(place, row)
            self._column.insertWidget(place, row)
            place += 1
        self._settle_tabs()
        self.set_stale(False)

    def set_stale(self, stale: bool) -> None:
        """Whether the counts are those of other steps than are ticked now."""
        for row in self.rows:
            row.set_stale(stale)

    def _row(self, step: RepairStep) -> StepRow:
        row = StepRow(self._context, step)
        row.toggled.connect(self.changed)
        return row

    def _settle_tabs(self) -> None:
        last = self._before
        for widget in (each for row in self.rows for each in (row.box, row.unfold)):
            if last is not None:
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
