"""Panels as cards: painted, so that 10,000 of them cost no more than those that are seen."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QRegion, QResizeEvent
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
from app.ui.widgets.table_view import TableView, runs

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
    """The rows of a table as cards, with the same selection; arrows walk, the menu is the table's.

    All cards are of one size, so that places are counted. Qt's own way asks for each of them at each change
    of the width or of the style: a third of a second for 10,000.
    """

    def __init__(self, theme: Theme, table: TableView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._across = 1
        self.cards = CardDelegate(theme, table)
        self.setModel(table.model)
        self.setSelectionModel(table.grid.selectionModel())
        self.setItemDelegate(self.cards)
        self.setAccessibleName(self.tr("Panels as cards"))
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

    def set_fitted(self, fitted: bool) -> None:
        """Whether cards tell a fit."""
        self.cards.fitted = fitted
        self.viewport().update()

    # Where cards are.

    def _count(self) -> int:
        return self._table.model.rowCount()

    def _top(self) -> int:
        return self.verticalScrollBar().value()

    def _rect(self, row: int) -> QRect:
        """Of a card in the viewport."""
        size = self.cards.size
        down, right = divmod(row, self._across)
        return QRect(QPoint(right * size.width(), down * size.height() - self._top()), size)

    def _row_at(self, at: QPoint) -> int:
        """The row of the card at a place of the viewport, -1 beside the cards."""
        size = self.cards.size
        right, down = at.x() // size.width(), (at.y() + self._top()) // size.height()
        row = down * self._across + right
        return row if 0 <= right < self._across and 0 <= row < self._count() else -1

    def _rows_within(self, box: QRect) -> range:
        """The rows of all lines of cards that a box of the viewport touches."""
        height = self.cards.size.height()
        first, last = (box.top() + self._top()) // height, (box.bottom() + self._top()) // height
        return range(max(0, first * self._across), min(self._count(), (last + 1) * self._across))

    def visualRect(self, index: AnyIndex) -> QRect:  # noqa: N802
        """See Qt."""
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, at: QPoint) -> QModelIndex:  # noqa: N802
        """See Qt."""
        row = self._row_at(at)
        return self._table.model.index(row, 0) if row >= 0 else QModelIndex()

    def horizontalOffset(self) -> int:  # noqa: N802
        """Cards never scroll sideways."""
        return 0

    def verticalOffset(self) -> int:  # noqa: N802
        """See Qt."""
        return self._top()

    def doItemsLayout(self) -> None:  # noqa: N802
        """There is nothing to lay out but the scroll bar."""
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:  # noqa: N802
        """As many cards in a row as there is room for, which they fill."""
        room = max(1, self.viewport().width() - 1)
        self._across = max(1, room // WIDTH)
        self.cards.size = QSize(room // self._across, card_height(self.fontMetrics().height()))
        lines = -(-self._count() // self._across)
        height, seen = self.cards.size.height(), self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setSingleStep(height)
        bar.setPageStep(seen)
        bar.setRange(0, max(0, lines * height - seen))
        QAbstractItemView.updateGeometries(self)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The card that was uppermost stays in sight."""
        across, first = self._across, self._top() // max(1, self.cards.size.height()) * self._across
        QAbstractItemView.resizeEvent(self, event)
        self.updateGeometries()
        if across != self._across:
            self.verticalScrollBar().setValue(first // self._across * self.cards.size.height())
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """See Qt."""
        self.scrollDirtyRegion(dx, dy)
        self.viewport().scroll(dx, dy)

    def scrollTo(  # noqa: N802
        self,
        index: AnyIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """As little as brings the card into sight, or as the hint says."""
        if not index.isValid():
            return
        box, seen, bar = self._rect(index.row()), self.viewport().height(), self.verticalScrollBar()
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtCenter:
            bar.setValue(bar.value() + box.center().y() - seen // 2)
        elif hint == hints.PositionAtTop or box.top() < 0:
            bar.setValue(bar.value() + box.top())
        elif hint == hints.PositionAtBottom or box.bottom() >= seen:
            bar.setValue(bar.value() + box.bottom() + 1 - seen)

    # Keys, mouse and painting.

    def moveCursor(  # noqa: N802
        self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """The card that a key leads to."""
        last, row = self._count() - 1, self.currentIndex().row()
        if last < 0:
            return QModelIndex()
        height = self.cards.size.height()
        page = max(1, (self.viewport().height() - height) // height) * self._across
        actions = QAbstractItemView.CursorAction
        steps = {
            actions.MoveLeft: -1,
            actions.MovePrevious: -1,
            actions.MoveRight: 1,
            actions.MoveNext: 1,
            actions.MoveUp: -self._across,
            actions.MoveDown: self._across,
            actions.MovePageUp: -page,
            actions.MovePageDown: page,
            actions.MoveHome: -row,
            actions.MoveEnd: last - row,
        }
        step = steps.get(action, 0) if row >= 0 else -row
        upright = action in (actions.MoveUp, actions.MoveDown)
        there = row + step
        there = row if upright and not 0 <= there <= last else min(max(0, there), last)
        return self._table.model.index(there, 0)

    def setSelection(  # noqa: N802
        self, box: QRect, command: QItemSelectionModel.SelectionFlag
    ) -> None:
        """The cards that a drawn box touches, else all from the one at its start to the one at its end."""
        selection = QItemSelection()
        if self.state() == QAbstractItemView.State.DragSelectingState:
            drawn = box.normalized()
            rows = [row for row in self._rows_within(drawn) if self._rect(row).intersects(drawn)]
        else:
            ends = sorted(row for row in map(self._row_at, (box.topLeft(), box.bottomRight())) if row >= 0)
            rows = ends and [*range(ends[0], ends[-1] + 1)]
        for first, last in runs(rows):
            selection.select(self._table.model.index(first, 0), self._table.model.index(last, 0))
        self.selectionModel().select(selection, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:  # noqa: N802
        """Of what can be seen."""
        region = QRegion()
        model = self._table.model
        for row in self._rows_within(self.viewport().rect()):
            if selection.contains(model.index(row, 0)):
                region += self._rect(row)
        return region

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Only the cards that can be seen."""
        painter, option = QPainter(self.viewport()), QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain, chosen, current = option.state, self.selectionModel(), self.currentIndex().row()
        for row in self._rows_within(event.rect()):
            index, option.rect, option.state = self._table.model.index(row, 0), self._rect(row), plain
            if chosen.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if row == current and self.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
            self.cards.paint(painter, option, index)
        painter.end()
