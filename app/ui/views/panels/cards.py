"""Panels as cards: painted, so that 10,000 of them cost no more than those that are seen."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.models.table import SHOWN_ROLE
from app.ui.status import Shown
from app.ui.theme import GRID, Theme
from app.ui.widgets.table_view import TableView

AnyIndex = QModelIndex | QPersistentModelIndex
WIDTH, LINES, PAD = GRID * 40, 6, GRID * 3 // 2


class CardDelegate(QStyledItemDelegate):
    """Name and star, service, numbers, ancestry, access, fit; the cells of the row that the table shows."""

    def __init__(self, theme: Theme, table: TableView) -> None:
        super().__init__(table)
        self._theme = theme
        self._model = table.model
        self._places = {column.key: number for number, column in enumerate(table.model.columns)}
        self.fitted = False
        self.size = QSize(WIDTH, card_height(table.fontMetrics().height()))

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        """The same for all."""
        return self.size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """A rounded box; the chosen one is tinted, the current one has the frame of the accent."""
        colours = self._theme.colours
        box = option.rect.adjusted(GRID // 2, GRID // 2, -GRID // 2, -GRID // 2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(option.palette.highlight() if chosen else QColor(colours.base))
        painter.setPen(QPen(QColor(colours.accent if focused else colours.line), 2 if focused else 1))
        painter.drawRoundedRect(box, 6, 6)
        self._paint_words(painter, box.adjusted(PAD, PAD, -PAD, -PAD), index, option.font)
        painter.restore()

    def _paint_words(self, painter: QPainter, box: QRect, index: AnyIndex, font: QFont) -> None:
        bold = QFont(font)
        bold.setBold(True)
        painter.setPen(QColor(self._theme.colours.text))
        painter.setFont(bold)
        step = painter.fontMetrics().height() + 2
        star = self._cell(index, "favourite")
        _line(painter, box, 0, step, f"{star} {self._cell(index, 'name')}".strip())
        painter.setFont(font)
        painter.setPen(QColor(self._theme.colours.muted))
        for number, words in enumerate(self.lines(index), start=1):
            _line(painter, box, number, step, words)
        if self.fitted:
            self._paint_fit(painter, box, index)

    def lines(self, index: AnyIndex) -> tuple[str, ...]:
        """The lines below the name."""
        samples, variants = self._cell(index, "samples"), self._cell(index, "variants")
        numbers = (
            self.tr("{0} people").format(samples) if samples else "",
            self.tr("{0} variants").format(variants) if variants else "",
            self._cell(index, "build"),
        )
        place = (self._cell(index, "service"), self._cell(index, "country"))
        terms = (self._cell(index, "added"), self._cell(index, "access"))
        return (
            " · ".join(filter(None, place)),
            " · ".join(filter(None, numbers)),
            self._cell(index, "ancestry"),
            " · ".join(filter(None, terms)),
        )

    def _cell(self, index: AnyIndex, key: str) -> str:
        words = str(index.sibling(index.row(), self._places[key]).data() or "")
        return "" if words == "–" else words

    def _paint_fit(self, painter: QPainter, box: QRect, index: AnyIndex) -> None:
        shown = index.sibling(index.row(), self._places["fit"]).data(SHOWN_ROLE)
        if not isinstance(shown, Shown):
            return
        colour = self._theme.colours.status[shown.status]
        step = painter.fontMetrics().height() + 2
        line = QRect(box.x(), box.bottom() - step, box.width(), step)
        self._theme.icon(shown.icon_name, colour).paint(painter, line.x(), line.y(), 16, step)
        painter.setPen(QColor(colour))
        share = self._cell(index, "overlap")
        words = self.tr("{0} · in panel (%): {1}").format(shown.word, share) if share else shown.word
        painter.drawText(line.adjusted(GRID * 3, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)


def card_height(line: int) -> int:
    """Pixels for all lines of a card."""
    return LINES * (line + 2) + 2 * PAD + GRID


def _line(painter: QPainter, box: QRect, number: int, step: int, words: str) -> None:
    cut = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    line = QRect(box.x(), box.y() + number * step, box.width(), step)
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, cut)


class PanelCards(QListView):
    """The rows of a table as cards, with the same selection; arrows walk, the menu is the table's."""

    def __init__(self, theme: Theme, table: TableView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self.cards = CardDelegate(theme, table)
        self.setModel(table.model)
        self.setSelectionModel(table.grid.selectionModel())
        self.setItemDelegate(self.cards)
        self.setAccessibleName(self.tr("Panels as cards"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: table.context_menu().popup(self.viewport().mapToGlobal(at))
        )
        theme.changed.connect(self.viewport().update)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """As many cards in a row as there is room for, which they fill."""
        super().resizeEvent(event)
        room = self.viewport().width() - 1
        size = QSize(room // max(1, room // WIDTH), card_height(self.fontMetrics().height()))
        if size != self.cards.size:
            self.cards.size = size
            self.setGridSize(size)

    def set_fitted(self, fitted: bool) -> None:
        """Whether cards tell a fit."""
        self.cards.fitted = fitted
        self.viewport().update()
