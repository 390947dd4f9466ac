"""A table of a few rows inside a page: files of a job, findings, bins. It is as high as its rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QSizePolicy, QTableView, QWidget

from app.ui import text
from app.ui.models.table import SHOWN_ROLE, AnyIndex, Column
from app.ui.theme import GRID, Theme
from app.ui.widgets.cells import CellDelegate
from app.ui.widgets.table_texts import copy_to_clipboard

NARROWEST = 40
LEAST_WORDS = 64
NUMBERS_GIVE = 0.8
_NO_PARENT = QModelIndex()
Row = tuple[Any, ...]


class ShortModel(QAbstractTableModel):
    """Some hundred rows in memory, or a sequence that makes a row when it is looked at."""

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: Sequence[Row] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; tuples in the order of the columns. The same number keeps selection and place."""
        rows = tuple(rows) if isinstance(rows, list) else rows
        if rows == self.rows:
            return
        if len(rows) == len(self.rows):
            self.rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = _NO_PARENT) -> int:  # noqa: N802
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = _NO_PARENT) -> int:  # noqa: N802
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, badge, tooltip, alignment."""
        if not index.isValid():
            return None
        column, value = self.columns[index.column()], self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == SHOWN_ROLE:
            return column.status(value) if column.status else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text_of(column, value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return text.tooltip(column.tooltip(value) if column.tooltip else self.text_of(column, value))
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return _alignment(self.columns[section]) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def texts(self, numbers: Sequence[int]) -> list[list[str]]:
        """What the cells of rows say."""
        return self.texts_of([self.rows[n] for n in numbers])

    def texts_of(self, rows: Sequence[tuple[Any, ...]]) -> list[list[str]]:
        """What the cells of these rows say; in any thread, for the model may have others meanwhile."""
        return [[self.text_of(c, v) for c, v in zip(self.columns, row, strict=True)] for row in rows]

    @staticmethod
    def text_of(column: Column, value: Any) -> str:
        """What a cell says."""
        return column.status(value).word if column.status else column.show(value)


class ShortTable(QTableView):
    """Rows can be chosen and copied (Ctrl+C, with headers Ctrl+Shift+C).

    It scrolls beyond `most` rows; with `most` 0 it takes the room that there is.
    """

    def __init__(
        self,
        theme: Theme,
        name: str,
        columns: Sequence[Column],
        most: int = 12,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.short_model = ShortModel(columns, self)
        self._most = most
        self.setModel(self.short_model)
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(theme, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._fitting = False
        self._by_hand = False
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu().popup(self.viewport().mapToGlobal(at)))
        self._settle_headers(columns)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed if most else policy.Expanding)

    def _settle_headers(self, columns: Sequence[Column]) -> None:
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + GRID)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(NARROWEST)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        for number, column in enumerate(columns):
            self.setColumnWidth(number, column.width)
        header.sectionResized.connect(lambda *_: self._resized())

    def _resized(self) -> None:
        """Widths that a person chose are kept."""
        self._by_hand = self._by_hand or not self._fitting

    def _fit_columns(self) -> None:
        """Columns of words take the room that is over, or give way, so that no bar is needed below."""
        if self._by_hand:
            return
        columns = self.short_model.columns
        least = [self._least(n) if c.numeric else min(c.width, LEAST_WORDS) for n, c in enumerate(columns)]
        words = [not c.numeric for c in columns]
        widths = fitted([c.width for c in columns], least, words, self.viewport().width())
        self._fitting = True
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)
        self._fitting = False

    def _least(self, number: int) -> int:
        """Neither the title of a column of numbers is cut nor, most likely, the numbers."""
        column = self.short_model.columns[number]
        title = self.horizontalHeader().fontMetrics().horizontalAdvance(column.title)
        return min(column.width, max(title + 2 * GRID + 2, round(column.width * NUMBERS_GIVE)))

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        before = len(self.short_model.rows)
        self.short_model.show_rows(rows)
        if len(rows) != before:
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as the rows."""
        shown = max(1, min(self._most or 6, len(self.short_model.rows)))
        rows = shown * self.verticalHeader().defaultSectionSize()
        frame = 2 * self.frameWidth() + 2 + self._bar_height()
        return QSize(GRID * 40, rows + self.horizontalHeader().sizeHint().height() + frame)

    def _bar_height(self) -> int:
        """Room for the bar below, so that it does not hide the last row."""
        too_wide = self.horizontalHeader().length() > self.viewport().width()
        return self.horizontalScrollBar().sizeHint().height() if too_wide and self.isVisible() else 0

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The bar below comes and goes with the width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit_columns()
            self.updateGeometry()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Never lower than that."""
        return QSize(GRID * 20, self.sizeHint().height() if self._most else GRID * 10)

    def chosen(self) -> list[int]:
        """The numbers of the selected rows, in order."""
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    def copy(self, with_headers: bool = False) -> None:
        """The selected rows to the clipboard, all of them if none is selected."""
        model = self.short_model
        texts = model.texts(self.chosen() or range(len(model.rows)))
        copy_to_clipboard(texts, [c.title for c in model.columns] if with_headers else None)

    def menu(self) -> QMenu:
        """Copying."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Copy\tCtrl+C"), self.copy)
        menu.addAction(self.tr("Copy with headers\tCtrl+Shift+C"), lambda: self.copy(True))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Ctrl+C copies rows."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.matches(QKeySequence.StandardKey.Copy) or (event.key() == Qt.Key.Key_C and control):
            self.copy(shift)
        else:
            super().keyPressEvent(event)


def fitted(widths: Sequence[int], least: Sequence[int], words: Sequence[bool], room: int) -> list[int]:
    """Widths that fill `room` pixels: the widest column of words takes what is over; all give way.

    Columns of words do so first. None becomes narrower than its `least`, so it may not be enough.
    """
    found = list(widths)
    elastic = [number for number, is_words in enumerate(words) if is_words]
    _narrow(found, least, elastic, sum(found) - room)
    _narrow(found, least, range(len(found)), sum(found) - room)
    if elastic and sum(found) < room:
        found[max(elastic, key=lambda number: widths[number])] += room - sum(found)
    return found


def _narrow(found: list[int], least: Sequence[int], which: Sequence[int], by: int) -> None:
    """Take `by` pixels from some columns, from each in proportion to what it can spare."""
    spare = {number: max(0, found[number] - least[number]) for number in which}
    share = min(1.0, by / max(1, sum(spare.values())))
    for number in spare if share > 0 else ():
        found[number] -= math.ceil(spare[number] * share)


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
