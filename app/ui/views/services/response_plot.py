"""How fast a service answered at the last looks: a small bar for each look, failed ones marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.domain.service import Health, HealthState
from app.domain.standing import usual_top
from app.ui import text
from app.ui.colours import Colours, Status, mixed
from app.ui.status import health_state
from app.ui.theme import GRID, Theme, small

SHOWN = 120
_LABEL_WIDTH = 64


class ResponsePlot(QWidget):
    """Painted by hand: a plotting library would take longer to import than this takes to draw."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.looks: tuple[Health, ...] = ()
        small(self)
        self.setMinimumHeight(GRID * 9)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_looks(self, looks: Sequence[Health]) -> None:
        """Looks, newest first, as the library gives them."""
        self.looks = tuple(reversed(looks[:SHOWN]))
        self.setAccessibleName(self.summary())
        self.update()

    def summary(self) -> str:
        """The plot in words."""
        times = sorted(h.phases.total for h in self.looks if h.phases.total is not None)
        if not times:
            return self.tr("No answers yet")
        failed = sum(h.state == HealthState.DOWN for h in self.looks)
        looks = text.plural(self.tr("%Ln look(s)", "", len(self.looks)), len(self.looks))
        words = self.tr("{0}, median {1} ms, slowest {2} ms, {3} failed")
        return words.format(looks, text.number(times[len(times) // 2]), text.number(times[-1]), failed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide and low."""
        return QSize(GRID * 50, GRID * 10)

    def _top(self) -> float:
        return usual_top([h.phases.total for h in self.looks if h.phases.total is not None])

    def _bars(self) -> list[tuple[QRectF, Health]]:
        if not self.looks:
            return []
        width = (self.width() - _LABEL_WIDTH) / SHOWN
        height, top = self.height() - 18, self._top()
        left = self.width() - _LABEL_WIDTH - width * len(self.looks)
        bars = []
        for n, look in enumerate(self.looks):
            share = 1.0 if look.state == HealthState.DOWN else min(1.0, (look.phases.total or 0) / top)
            tall = max(2.0, share * height)
            bars.append((QRectF(left + n * width, height - tall + 2, max(1.5, width - 1), tall), look))
        return bars

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Bars, a base line, two labels."""
        colours = self._theme.colours
        painter = QPainter(self)
        base = self.height() - 16
        painter.setPen(QColor(colours.line))
        painter.drawLine(0, base, self.width() - _LABEL_WIDTH, base)
        for box, look in self._bars():
            painter.fillRect(box, QColor(_bar_colour(colours, look)))
        painter.setPen(QColor(colours.muted))
        painter.setFont(self.font())
        right = QRectF(self.width() - _LABEL_WIDTH + 6, 0, _LABEL_WIDTH - 6, 16)
        start = QRectF(0, base + 1, self.width() - _LABEL_WIDTH, 15)
        if not self.looks:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("No looks yet"))
            return
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft, f"{text.number(self._top())} ms")
        right.moveBottom(base + 6)
        painter.drawText(right, Qt.AlignmentFlag.AlignLeft, "0 ms")
        first, last = self.looks[0].at, self.looks[-1].at
        painter.drawText(
            start,
            Qt.AlignmentFlag.AlignRight,
            self.tr("looks: {0} in {1}").format(
                len(self.looks), text.duration((last - first).total_seconds())
            ),
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The look under the pointer."""
        for box, look in self._bars():
            if box.left() <= event.position().x() < box.right() + 1:
                QToolTip.showText(event.globalPosition().toPoint(), _words(look), self)
                return
        QToolTip.hideText()


def _bar_colour(colours: Colours, look: Health) -> str:
    """Good looks are pale, so that the others stand out."""
    tone = _tone(look)
    return mixed(colours.status[tone], colours.base, 0.45) if tone == Status.DONE else colours.status[tone]


def _tone(look: Health) -> Status:
    if look.state == HealthState.DOWN:
        return Status.FAILED
    return Status.WARNING if look.state == HealthState.MAINTENANCE else Status.DONE


def _words(look: Health) -> str:
    total = look.phases.total
    parts = [text.exact(look.at), health_state(look.state).word]
    if total is not None:
        parts.append(f"{text.number(total)} ms")
    if look.detail:
        parts.append(look.detail)
    return "\n".join(parts)
