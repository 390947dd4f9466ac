"""What was picked in a chart or a finding: a short table that can be copied and exported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Text
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.table_texts import copy_to_clipboard, write_table

AT_ONCE = 2000


class PickedList(QWidget):
    """Says how many and of what, lists them; `hint` stands there while nothing is picked."""

    cleared = Signal()

    def __init__(
        self,
        context: Context,
        name: str,
        columns: Sequence[Column],
        hint: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._hint = hint
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.words = Text(muted=True)
        self.table = ShortTable(context.theme, name, columns, most=0)
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        self.copy = self._button(self.tr("Copy"), "copy", self._copy)
        self.export = self._button(self.tr("Export…"), "export", self._ask)
        bar.addWidget(self.words, 1)
        for button in (self.copy, self.export):
            bar.addWidget(button)
        column.addLayout(bar)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        self.show_rows((), "")

    def _button(self, words: str, icon: str, on_click: Any) -> QPushButton:
        button = QPushButton(words)
        self._context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: on_click())
        return button

    def show_rows(self, rows: Sequence[tuple[Any, ...]], words: str) -> None:
        """Show other rows; none at all brings the hint back."""
        self.table.show_rows(rows)
        self.words.setText(words or self._hint)
        for widget in (self.table, self.copy, self.export):
            widget.setVisible(bool(rows))

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Export this list"), "", self.tr("CSV (*.csv);;TSV (*.tsv)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _copy(self) -> None:
        """At once when there are few; the texts of many rows are made in a thread."""
        model = self.table.short_model
        numbers = self.table.chosen() or range(len(model.rows))
        if len(numbers) <= AT_ONCE:
            self.table.copy(True)
            return
        titles, rows = [c.title for c in model.columns], [model.rows[n] for n in numbers]

        def done(texts: list[list[str]]) -> None:
            copy_to_clipboard(texts, titles)
            self._context.notices.say(plural(self.tr("%Ln row(s) copied", "", len(texts)), len(texts)))

        self._context.bridge.run(asyncio.to_thread(model.texts_of, rows), self, done)

    def export_to(self, path: Path) -> None:
        """Write all rows in a thread."""
        model = self.table.short_model
        rows, n = model.rows, len(model.rows)
        titles = [c.title for c in model.columns]

        def done(_nothing: object) -> None:
            said = plural(self.tr("%Ln row(s) exported", "", n), n)
            self._context.notices.say(said, self.tr("To {0}").format(path.name))

        def write() -> None:
            write_table(path, model.texts_of(rows), titles)

        self._context.bridge.run(asyncio.to_thread(write), self, done, self._context.notices.problem)
