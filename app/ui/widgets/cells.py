"""How a cell is painted: a badge where the column has a status, a sparkline, plain text elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.models.table import SHOWN_ROLE, SPARK_ROLE
from app.ui.status import Shown
from app.ui.theme import Theme
from app.ui.widgets.spark import paint_spark


class CellDelegate(QStyledItemDelegate):
    """Paints `Shown` values as icon and word in the colour of their status."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Selected text keeps its colour: the ground is only a tint."""
        super().initStyleOption(option, index)
        colour = QColor(self._theme.colours.text)
        option.palette.setColor(QPalette.ColorRole.HighlightedText, colour)
        shown = index.data(SHOWN_ROLE)
        if isinstance(shown, Shown):
            tone = QColor(self._theme.colours.status[shown.status])
            option.palette.setColor(QPalette.ColorRole.Text, tone)
            option.palette.setColor(QPalette.ColorRole.HighlightedText, tone)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Ground by the style, then icon and word."""
        shown, spark = index.data(SHOWN_ROLE), index.data(SPARK_ROLE)
        if not isinstance(shown, Shown) and not spark:
            super().paint(painter, option, index)
            return
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        words, cell.text = cell.text, ""
        style = cell.widget.style() if cell.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        if isinstance(shown, Shown):
            self._paint_shown(painter, cell.rect, shown)
        else:
            self._paint_spark(painter, cell.rect, str(spark), words)

    def _paint_spark(self, painter: QPainter, box: QRect, line: str, words: str) -> None:
        taken = paint_spark(painter, box, line, self._theme.colours)
        painter.save()
        painter.setPen(QColor(self._theme.colours.text))
        rest = box.adjusted(taken + 4, 0, -6, 0)
        painter.drawText(rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)
        painter.restore()

    def _paint_shown(self, painter: QPainter, box: QRect, shown: Shown) -> None:
        colour = self._theme.colours.status[shown.status]
        side = 16
        icon = self._theme.icon(shown.icon_name, colour)
        icon.paint(painter, box.x() + 8, box.y() + (box.height() - side) // 2, side, side)
        painter.save()
        painter.setPen(QColor(colour))
        words = box.adjusted(30, 0, -4, 0)
        word = painter.fontMetrics().elidedText(shown.word, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)
        painter.restore()
