"""A cut-off of R2, one for all or one for each range of frequency; and the chart in which it is dragged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent

from app.domain.export import Cutoffs, R2Step
from app.domain.quality import Kept
from app.ui.colours import Status
from app.ui.views.results.quality_drawings import maf_words, r2
from app.ui.widgets.chart import Chart

START = 0.3
STEP, BIG_STEP = 0.01, 0.05
NAMED = (0.3, 0.5, 0.8)


@dataclass(frozen=True)
class Cut:
    """`cuts` are R2 of each range of frequency; `flat`: they are one; `least_maf` drops rarer variants."""

    cuts: tuple[float, ...]
    flat: bool = True
    least_maf: float = 0.0

    def moved(self, place: int, value: float) -> Cut:
        """With another cut-off: of one range, or of all when it is flat."""
        value = round(min(1.0, max(0.0, value)), 3)
        if self.flat:
            return replace(self, cuts=(value,) * len(self.cuts))
        return replace(self, cuts=tuple(value if n == place else c for n, c in enumerate(self.cuts)))

    def levelled(self, flat: bool) -> Cut:
        """One for all is that of the most common variants."""
        return replace(self, flat=flat, cuts=(self.cuts[-1],) * len(self.cuts) if flat else self.cuts)

    def cutoffs(self, edges: tuple[float, ...]) -> Cutoffs:
        """For an export; `edges` are the lower ends of the ranges."""
        if self.flat:
            return Cutoffs(min_r2=self.cuts[0], min_maf=self.least_maf)
        steps = [R2Step(maf_from=low, min_r2=cut) for low, cut in zip(edges, self.cuts, strict=True)]
        kept = [s for n, s in enumerate(steps) if not n or s.min_r2 != steps[n - 1].min_r2]
        return Cutoffs(r2_steps=tuple(kept), min_maf=self.least_maf)


class CutChart(Chart):
    """The cut-off lies over the picture: dragged by the mouse, moved by arrows up and down (Shift: by more).

    Left and right go from range to range where each has its own.
    """

    moved = Signal(int, float)

    def __init__(self, context: Any, name: str, parent: Any = None) -> None:
        super().__init__(context, name, parent)
        self.cut = Cut(())
        self.kept: Kept | None = None
        self.place = 0
        self._line: Any = None
        self._shade: Any = None

    def show_cut(self, cut: Cut, kept: Kept | None) -> None:
        """Show another cut-off; cheap, so that it follows the mouse."""
        self.cut = cut
        self.kept = kept
        self.place = min(self.place, max(0, len(cut.cuts) - 1))
        self._draw_cut()

    def _draw(self) -> None:
        super()._draw()
        if self.plot is None:
            return
        colours = self._context.theme.colours
        item = self.plot.getPlotItem()
        line = self._library.mkPen(colours.status[Status.FAILED], width=2)
        shade = self.colour("failed")
        shade.setAlphaF(0.10)
        self._shade = self._library.BarGraphItem(x0=[0], x1=[0], height=[0], brush=shade, pen=None)
        self._line = self._library.PlotDataItem(pen=line, stepMode="center")
        item.addItem(self._shade)
        item.addItem(self._line)
        self._draw_cut()

    def _draw_cut(self) -> None:
        if self._line is None or not self.cut.cuts:
            return
        edges = np.arange(len(self.cut.cuts) + 1) - 0.5
        heights = np.asarray(self.cut.cuts)
        self._line.setData(edges, heights)
        self._shade.setOpts(x0=edges[:-1], x1=edges[1:], height=heights)

    def _say_cut(self) -> None:
        """What the moved cut-off means, for eyes and screen readers."""
        bins = self.kept.by_maf if self.kept is not None else ()
        value = self.cut.cuts[self.place] if self.cut.cuts else 0.0
        if self.cut.flat or not bins:
            self._say(self.tr("R2 ≥ {0} for all").format(r2(value)))
            return
        each = bins[self.place]
        said = self.tr("{0}: R2 ≥ {1}, {2} of {3} stay")
        self._say(said.format(maf_words(each.maf_from, each.maf_to), r2(value), each.after, each.before))

    # Mouse and keys.

    def _move_to(self, at: QPoint) -> None:
        if not self.cut.cuts:
            return
        place = self._place(at)
        self.place = int(np.clip(round(place.x()), 0, len(self.cut.cuts) - 1))
        self.moved.emit(self.place, float(np.clip(place.y(), 0, 1)))
        self._say_cut()

    def _moved(self, at: QPoint) -> None:
        if self._pressed is not None:
            self._move_to(at)
        else:
            super()._moved(at)

    def _released(self, at: QPoint) -> None:
        self._pressed = None
        self._move_to(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and down move the cut-off, left and right choose the range."""
        key = Qt.Key(event.key())
        if not self.cut.cuts or key not in (
            Qt.Key.Key_Up,
            Qt.Key.Key_Down,
            Qt.Key.Key_Left,
            Qt.Key.Key_Right,
        ):
            super().keyPressEvent(event)
            return
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            by = 1 if key == Qt.Key.Key_Right else -1
            self.place = int(np.clip(self.place + by, 0, len(self.cut.cuts) - 1))
        else:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            by_value = (BIG_STEP if shift else STEP) * (1 if key == Qt.Key.Key_Up else -1)
            self.moved.emit(self.place, self.cut.cuts[self.place] + by_value)
        self._say_cut()
