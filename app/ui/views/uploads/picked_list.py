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
from app.ui.widgets.table_texts import write_table


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
        self.copy = self._button(self.tr("Copy"), "copy", lambda: self.table.copy(True))
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

    def export_to(self, path: Path) -> None:
        """Write all rows in a thread."""
        model = self.table.short_model
        rows = [[model.text_of(c, v) for c, v in zip(model.columns, r, strict=True)] for r in model.rows]
        titles = [c.title for c in model.columns]

        def done(_nothing: object) -> None:
            said = plural(self.tr("%Ln row(s) exported", "", len(rows)), len(rows))
            self._context.notices.say(said, self.tr("To {0}").format(path.name))

        work = asyncio.to_thread(write_table, path, rows, titles)
        self._context.bridge.run(work, self, done, self._context.notices.problem)
