"""The services that the same data go to besides the one in the form: each with what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

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
        self.others = QCheckBox(self.tr("Send the others where one cannot be sent"))
        self.others.toggled.connect(self.settled)
        self.body.addWidget(self.others)
        self.hide()

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
