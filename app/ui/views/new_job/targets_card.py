"""The services that the same data go to besides the one in the form: each with what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, Text, clear


@dataclass(frozen=True)
class TargetRow:
    """A service and panel in words; `trouble` says why nothing can be sent there, `limits` what it allows."""

    name: str
    trouble: str = ""
    limits: str = ""


class TargetsCard(Card):
    """Shown from the second service on. `change` and `remove` give the number of the row."""

    change = Signal(int)
    remove = Signal(int)
    settled = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.body.addWidget(SectionHeading(self.tr("And to these services")))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID // 2)
        self.body.addLayout(self._rows)
        self._shown: tuple[TargetRow, ...] = ()
        self.buttons: list[tuple[QPushButton, QPushButton]] = []
        self.phase = QCheckBox(
            self.tr("Phase once on this computer, and send the same haplotypes to all "
                    "(needed for meta-imputation)")
        )  # fmt: skip
        self.phase.toggled.connect(self.settled)
        self.phase_with = QComboBox()
        self.phase_with.setAccessibleName(self.tr("Panel of this computer to phase with"))
        self.phase_with.currentIndexChanged.connect(self.settled)
        self.phase_by = QComboBox()
        self.phase_by.setAccessibleName(self.tr("Program that phases"))
        self.phase_by.addItem(self.tr("by the built-in program"), "builtin")
        self.phase_by.addItem(self.tr("by Beagle"), "beagle")
        self.others = QCheckBox(self.tr("Send the others where one cannot be sent"))
        self.others.toggled.connect(self.settled)
        line = QHBoxLayout()
        line.addWidget(self.phase)
        line.addWidget(self.phase_with)
        line.addWidget(self.phase_by)
        line.addStretch(1)
        self.body.addLayout(line)
        self.body.addWidget(self.others)
        self.offer_phasing(())
        self.hide()

    def phasing_panel(self) -> str:
        """The panel of this computer to phase with; empty where that is not wanted."""
        wanted = self.phase.isVisibleTo(self) and self.phase.isChecked()
        return str(self.phase_with.currentData() or "") if wanted else ""

    def phasing_program(self) -> str:
        """Who phases; empty where that is not wanted."""
        return str(self.phase_by.currentData()) if self.phasing_panel() else ""

    def offer_phasing(self, panels: Sequence[tuple[str, str]]) -> None:
        """Panels (id, name) of this computer that fit the data; without one there is nothing to offer."""
        known = [self.phase_with.itemData(n) for n in range(self.phase_with.count())]
        if known != [each for each, _ in panels]:
            self.phase_with.blockSignals(True)
            self.phase_with.clear()
            for panel_id, name in panels:
                self.phase_with.addItem(name, panel_id)
            self.phase_with.blockSignals(False)
        for widget in (self.phase, self.phase_with, self.phase_by):
            widget.setVisible(bool(panels))

    def show_targets(self, rows: Sequence[TargetRow], *, blocked: bool) -> None:
        """Show these; `blocked`: one of all cannot be sent, so a person may want to send the others."""
        self.setVisible(bool(rows))
        self.others.setVisible(blocked or self.others.isChecked())
        if tuple(rows) == self._shown:
            return
        self._shown = tuple(rows)
        clear(self._rows)
        self.buttons = []
        for number, row in enumerate(rows):
            self._rows.addWidget(self._line(number, row))

    def _line(self, number: int, row: TargetRow) -> QWidget:
        widget = QWidget()
        line = QHBoxLayout(widget)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(GRID)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Text(row.name))
        if row.limits:
            words.addWidget(Text(row.limits, muted=True, minor=True))
        trouble = Text(row.trouble, minor=True)
        trouble.setProperty("bad", True)
        trouble.setVisible(bool(row.trouble))
        words.addWidget(trouble)
        line.addLayout(words, 1)
        change = QPushButton(self.tr("Change"))
        change.setAccessibleName(self.tr("Change {0}").format(row.name))
        change.clicked.connect(lambda: self.change.emit(number))
        remove = QPushButton(self.tr("Remove"))
        remove.setAccessibleName(self.tr("Remove {0}").format(row.name))
        remove.clicked.connect(lambda: self.remove.emit(number))
        for button in (change, remove):
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.buttons.append((change, remove))
        return widget
