"""How a service answered over a day, a week or a month: how fast, from below, and what failed, from above."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.domain.standing import LookPoint, SpanBin, binned, usual_top
from app.ui import text
from app.ui.colours import Status, mixed
from app.ui.theme import GRID, Theme, small

BINS = 60
_LABEL_WIDTH, _FOOT = 64, 16


class SpanPlot(QWidget):
    """A bar for each sixtieth of the span; where nobody looked there is none."""

    def __init__(self, theme: Theme, span: timedelta, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self.span = theme, span
        self.bins: tuple[SpanBin, ...] = ()
        small(self)
        self.setMinimumHeight(GRID * 9)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_points(self, points: Sequence[LookPoint], now: datetime) -> None:
        """Looks in any order; those before the span are left out."""
        self.bins = binned(points, now, self.span, BINS)
        self.setAccessibleName(self.summary())
        self.update()

    def summary(self) -> str:
        """The plot in words."""
        looks = sum(each.looks for each in self.bins)
        if not looks:
            return self.tr("No looks in this time")
        failed = sum(each.failed for each in self.bins)
        said = self.tr("answered at {0} of {1} looks").format(
            text.percent((looks - failed) / looks), text.number(looks)
        )
        times = [each.median_ms for each in self.bins if each.median_ms is not None]
        if times:
            said += " · " + self.tr("medians from {0} to {1} ms").format(
                text.number(min(times)), text.number(max(times))
            )
        return said

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide and low."""
        return QSize(GRID * 50, GRID * 10)

    def _top(self) -> float:
        return usual_top([each.median_ms for each in self.bins if each.median_ms is not None])

    def box(self, number: int) -> QRectF:
        """Where the bar of a bin may be."""
        width = (self.width() - _LABEL_WIDTH) / BINS
        return QRectF(number * width, 2, max(1.5, width - 1), self.height() - _FOOT - 2)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Bars, a base line, labels."""
        colours, painter = self._theme.colours, QPainter(self)
        painter.setFont(self.font())
        if not any(each.looks for each in self.bins):
            painter.setPen(QColor(colours.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.summary())
            return
        top, good = self._top(), QColor(mixed(colours.status[Status.DONE], colours.base, 0.45))
        for number, each in enumerate(self.bins):
            box = self.box(number)
            if each.median_ms is not None:
                tall = max(2.0, min(1.0, each.median_ms / top) * box.height())
                painter.fillRect(QRectF(box.x(), box.bottom() - tall, box.width(), tall), good)
            if each.failed:
                deep = max(4.0, each.failed / each.looks * box.height())
                failed = QColor(colours.status[Status.FAILED])
                painter.fillRect(QRectF(box.x(), box.y(), box.width(), deep), failed)
        self._paint_labels(painter, top)

    def _paint_labels(self, painter: QPainter, top: float) -> None:
        base, wide = self.height() - _FOOT, self.width() - _LABEL_WIDTH
        painter.setPen(QColor(self._theme.colours.line))
        painter.drawLine(0, base, wide, base)
        painter.setPen(QColor(self._theme.colours.muted))
        right = QRectF(wide + 6, 0, _LABEL_WIDTH - 6, 16)
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft, f"{text.number(top)} ms")
        painter.drawText(right.translated(0, base - 10), Qt.AlignmentFlag.AlignLeft, "0 ms")
        foot = QRectF(0, base + 1, wide, _FOOT - 1)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, self.summary())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The bin under the pointer."""
        width = (self.width() - _LABEL_WIDTH) / BINS
        number = int(event.position().x() // width) if width > 0 else -1
        if 0 <= number < len(self.bins) and self.bins[number].looks:
            QToolTip.showText(event.globalPosition().toPoint(), self.words(number), self)
        else:
            QToolTip.hideText()

    def words(self, number: int) -> str:
        """A bin in words."""
        each = self.bins[number]
        said = [text.exact(each.start)]
        said.append(
            self.tr("{0} looks, {1} failed").format(text.number(each.looks), text.number(each.failed))
        )
        if each.median_ms is not None:
            said.append(self.tr("half within {0} ms").format(text.number(each.median_ms)))
        return "\n".join(said)
