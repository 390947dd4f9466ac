"""One of several widgets in the same room, chosen by words in a row above."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.ui.theme import GRID


class Switcher(QWidget):
    """Buttons that stay down; `changed` tells the number of the widget now shown."""

    changed = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self._row = QHBoxLayout()
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self.stack = QStackedWidget()
        self._group = QButtonGroup(self)
        self._group.idToggled.connect(self._toggled)
        self.setAccessibleName(name)
        column.addLayout(self._row)
        column.addWidget(self.stack, 1)

    def add(self, words: str, widget: QWidget) -> None:
        """One more; the first is shown."""
        number = self.stack.count()
        button = QPushButton(words)
        button.setCheckable(True)
        button.setProperty("switch", True)
        self._row.insertWidget(number, button)
        if number:  # Tab goes through all words before it goes into what they show
            self.setTabOrder(self._group.button(number - 1), button)
        self.stack.addWidget(widget)
        self._group.addButton(button, number)
        if number == 0:
            button.setChecked(True)

    def add_tool(self, widget: QWidget) -> None:
        """Something at the right end of the row of words."""
        self._row.addWidget(widget)
        words = self._group.buttons()
        if words:
            self.setTabOrder(words[-1], widget)

    def show_number(self, number: int) -> None:
        """Show one of them."""
        self._group.button(number).setChecked(True)

    def offer(self, shown: Sequence[bool]) -> None:
        """Hide the words of those that have nothing to show; with one left no words are needed."""
        for number, on in enumerate(shown):
            self._group.button(number).setVisible(on and sum(shown) > 1)
        current = self.stack.currentIndex()
        if any(shown) and not shown[current]:
            self.show_number(list(shown).index(True))

    def _toggled(self, number: int, on: bool) -> None:
        if on:
            self.stack.setCurrentIndex(number)
            self.changed.emit(number)
