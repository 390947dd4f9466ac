"""Work that runs: one row a task, and the stages of a job in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from app.domain.progress import Progress
from app.ui import text
from app.ui.colours import Status
from app.ui.status import Shown
from app.ui.theme import GRID, Theme
from app.ui.widgets.basics import ElidedText


def progress_words(progress: Progress) -> str:
    """`62 % · 48 MB/s · 4 min left`, as far as it is known; else the step and the counts."""
    parts: list[str] = []
    if progress.fraction is not None:
        parts.append(text.percent(progress.fraction))
    elif progress.done:
        amount = text.size(progress.done) if progress.unit == "bytes" else text.number(progress.done)
        parts.append(amount if progress.unit == "bytes" else f"{amount} {progress.unit}")
    if progress.rate:
        parts.append(text.rate(progress.rate, progress.unit))
    if progress.left_s is not None:
        parts.append(_left(progress.left_s))
    parts += [f"{text.number(count)} {name}" for name, count in progress.counts.items()]
    return " · ".join(parts)


def _left(seconds: float) -> str:
    from PySide6.QtCore import QCoreApplication

    return QCoreApplication.translate("Progress", "{0} left").format(text.duration(seconds))


class ProgressRow(QWidget):
    """Title, bar, rate and time left, and a button that stops it."""

    def __init__(
        self, theme: Theme, on_cancel: Callable[[], object] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID * 3 // 2)
        self.title = ElidedText()
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(GRID * 18)
        self.bar.setRange(0, 1000)
        self.words = ElidedText(muted=True)
        self.cancel = QToolButton()
        theme.bind_icon(self.cancel, "close")
        if on_cancel is not None:
            self.cancel.clicked.connect(lambda: on_cancel())
        row.addWidget(self.title)
        row.addWidget(self.bar)
        row.addWidget(self.words, 1)
        row.addWidget(self.cancel)
        self.cancel.setVisible(on_cancel is not None)

    def show_progress(self, title: str, progress: Progress) -> None:
        """Show a reading; the bar runs to and fro while the total is unknown."""
        self.title.setText(title)
        self.bar.setAccessibleName(title)
        self.cancel.setAccessibleName(self.tr("Stop: {0}").format(title))
        self.cancel.setToolTip(self.tr("Stop"))
        fraction = progress.fraction
        self.bar.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.bar.setValue(round(fraction * 1000))
        words = progress_words(progress)
        self.words.setText(
            f"{progress.step} · {words}" if progress.step and words else progress.step or words
        )


@dataclass(frozen=True)
class Stage:
    """A stage of a job; `progress` between 0 and 1 while it runs; `note` is a word below the time."""

    name: str
    shown: Shown
    at: datetime | None = None
    progress: float | None = None
    note: str = ""


class StepsBar(QWidget):
    """The stages of a job in a row: sign, name, time; the line between them is filled as far as it got."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self.stages: tuple[Stage, ...] = ()
        theme.changed.connect(self.update)

    def show_stages(self, stages: Sequence[Stage]) -> None:
        """Show other stages."""
        self.stages = tuple(stages)
        self.setAccessibleName(", ".join(f"{s.name}: {s.shown.word}" for s in self.stages))
        self.setToolTip("\n".join(self._line(s) for s in self.stages))
        self.updateGeometry()
        self.update()

    def _line(self, stage: Stage) -> str:
        return " · ".join(p for p in (stage.name, stage.shown.word, text.exact(stage.at), stage.note) if p)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for short names."""
        return QSize(max(1, len(self.stages)) * GRID * 12, self._height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Names are cut before the page is."""
        return QSize(max(1, len(self.stages)) * GRID * 8, self._height())

    def _height(self) -> int:
        return 36 + 3 * self.fontMetrics().height()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Lines first, then the signs and words over them."""
        if not self.stages:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width() / len(self.stages)
        for n in range(len(self.stages) - 1):
            self._paint_line(painter, n, width)
        for n, stage in enumerate(self.stages):
            self._paint_stage(painter, stage, QRectF(n * width, 0, width, self.height()))

    def _paint_line(self, painter: QPainter, n: int, width: float) -> None:
        left, right, y = (n + 0.5) * width + 16, (n + 1.5) * width - 16, 14.0
        colours = self._theme.colours
        painter.setPen(QPen(QColor(colours.line), 2))
        painter.drawLine(int(left), int(y), int(right), int(y))
        share = self._reached(n)
        if share > 0:
            painter.setPen(QPen(QColor(colours.status[Status.DONE]), 2))
            painter.drawLine(int(left), int(y), int(left + (right - left) * share), int(y))

    def _reached(self, n: int) -> float:
        """How much of the line after stage n is behind us."""
        if self.stages[n].shown.status not in (Status.DONE, Status.WARNING):
            return 0.0
        after = self.stages[n + 1]
        if after.shown.status == Status.WAITING:
            return 0.0
        return 1.0 if after.progress is None else after.progress

    def _paint_stage(self, painter: QPainter, stage: Stage, box: QRectF) -> None:
        colours = self._theme.colours
        colour = colours.status[stage.shown.status]
        waiting = stage.shown.status == Status.WAITING
        self._theme.icon(stage.shown.icon_name, colour).paint(painter, int(box.center().x()) - 12, 2, 24, 24)
        painter.setFont(self.font())
        painter.setPen(QColor(colours.muted if waiting else colours.text))
        metrics = painter.fontMetrics()
        top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        room = QRectF(box.x() + 3, 30, box.width() - 6, 2 * metrics.height())
        flags = int(top) | int(Qt.TextFlag.TextWordWrap)
        used = painter.boundingRect(room, flags, stage.name)
        painter.drawText(room, flags, stage.name)
        painter.setPen(QColor(colours.muted))
        below = metrics.elidedText(self._below(stage), Qt.TextElideMode.ElideRight, int(room.width()))
        lines = min(used.height(), room.height())
        painter.drawText(QRectF(room.x(), 32 + lines, room.width(), metrics.height()), top, below)

    def _below(self, stage: Stage) -> str:
        if stage.note:
            return stage.note
        if stage.shown.status == Status.RUNNING and stage.progress is not None:
            return text.percent(stage.progress)
        return text.relative(stage.at, self._now()) if stage.at else ""
