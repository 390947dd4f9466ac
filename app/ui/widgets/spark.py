"""The last day of a service as a small drawing with its count in words beside it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLineF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from app.domain.standing import DayCell, day_cells
from app.ui import text
from app.ui.colours import Colours, Status, mixed

STEP, BAR, HIGH = 6, 4, 18
"""Pixels from one bar to the next, of a bar, and of the highest one."""


def spark_words(line: str | None) -> str:
    """How many of the spans with looks had no failed one: “11 of 12”; a dash where nobody looked."""
    cells = _looked_at(line)
    if not cells:
        return "–"
    good = sum(not each.failed for each in cells)
    return _t("{0} of {1}").format(text.number(good), text.number(len(cells)))


def spark_sentence(line: str | None) -> str:
    """The drawing in words, for tooltips and for people who do not see it."""
    cells = _looked_at(line)
    if not cells:
        return _t("Nobody looked in the last 24 hours.")
    failed = sum(each.failed for each in cells)
    said = _t("The last 24 hours, a bar for two hours; the higher, the slower the answers.")
    if not failed:
        return said + " " + _t("No look failed.")
    spans = _t("In {0} of {1} spans a look failed (×).").format(text.number(failed), text.number(len(cells)))
    return f"{said} {spans}"


def paint_spark(painter: QPainter, box: QRect, line: str, colours: Colours) -> int:
    """Draw it at the left of a cell; the pixels it takes."""
    cells = day_cells(line)
    left, bottom = box.x() + 6, box.y() + (box.height() + HIGH) // 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, cell in enumerate(cells):
        _paint_cell(painter, QRectF(left + number * STEP, bottom - HIGH, BAR, HIGH), cell, colours)
    painter.restore()
    return 6 + len(cells) * STEP


def _paint_cell(painter: QPainter, box: QRectF, cell: DayCell, colours: Colours) -> None:
    if cell.failed:
        middle, arm = box.center(), BAR * 0.75
        painter.setPen(QPen(QColor(colours.status[Status.FAILED]), 1.5))
        for turn in (1, -1):
            painter.drawLine(
                QLineF(middle.x() - arm, middle.y() - turn * arm, middle.x() + arm, middle.y() + turn * arm)
            )
    elif cell.slowness is None:
        painter.fillRect(QRectF(box.x(), box.bottom() - 1, BAR, 1), QColor(colours.muted))
    else:
        box.setTop(box.bottom() - max(2.0, cell.slowness * box.height()))
        painter.fillRect(box, QColor(mixed(colours.status[Status.DONE], colours.base, 0.7)))


def _looked_at(line: str | None) -> list[DayCell]:
    return [each for each in day_cells(line or "") if each.failed or each.slowness is not None]


def _t(words: str) -> str:
    return QCoreApplication.translate("Spark", words)
