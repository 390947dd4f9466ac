"""What is to be read before anything else: a line each, with a sign."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.colours import Status
from app.ui.status import Shown
from app.ui.theme import GRID, Theme
from app.ui.widgets.basics import StatusBadge, Text, clear


class CautionLines(QWidget):
    """Hidden while there is nothing to be careful about; `word` is what the signs say."""

    def __init__(
        self, theme: Theme, word: str, status: Status = Status.WARNING, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = Shown(status, word)
        self.lines: tuple[str, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID // 2)
        self.hide()

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show other sentences; the same ones again leave a selection in place."""
        wanted = tuple(line for line in lines if line)
        self.setVisible(bool(wanted))
        if wanted == self.lines:
            return
        self.lines = wanted
        clear(self._column)
        for line in wanted:
            self._column.addWidget(self._row(line))

    def _row(self, line: str) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(StatusBadge(self._theme, self._shown), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Text(line), 1)
        return holder
