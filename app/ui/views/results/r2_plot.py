"""R2 by minor allele frequency, drawn by pyqtgraph.

The library takes seconds to import on a slow machine, so that happens in a thread, when the first result is
shown; until then there is the summary in words and the table.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.result import Quality
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.results.quality_curve import Curve, Curves, curves
from app.ui.views.results.result_words import curve_summary, maf
from app.ui.widgets.basics import Text


class R2Plot(QWidget):
    """A still picture: no zoom, no drag, no menu; the wheel scrolls the page."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._library: Any = None
        self._asked = False
        self._curves: Curves | None = None
        self.plot: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)
        self.setMinimumSize(GRID * 28, GRID * 32)
        self.summary = Text(muted=True)
        self._column.addStretch(1)
        self._column.addWidget(self.summary)
        context.theme.changed.connect(self._draw)

    def show_quality(self, quality: Quality) -> None:
        """Draw another result."""
        self._curves = curves(quality)
        words = curve_summary(quality)
        self.summary.setText(words)
        self.setAccessibleName(self.tr("R2 by minor allele frequency"))
        self.setAccessibleDescription(words)
        if self._library is None:
            self._import()
        else:
            self._draw()

    def _import(self) -> None:
        if not self._asked:
            self._asked = True
            work = asyncio.to_thread(importlib.import_module, "pyqtgraph")
            self._context.bridge.run(work, self, self._imported)

    def _imported(self, library: Any) -> None:
        self._library = library
        self.plot = self._make_plot()
        first = self._column.takeAt(0)
        assert first is not None
        self._column.insertWidget(0, self.plot, 1)
        self._draw()

    def _make_plot(self) -> Any:
        plot = self._library.PlotWidget(self)
        plot.enableMouse(False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setFrameShape(plot.Shape.NoFrame)
        plot.setAccessibleName(self.tr("R2 by minor allele frequency"))
        return plot

    # Drawn.

    def _draw(self) -> None:
        if self.plot is None or self._curves is None:
            return
        colours = self._context.theme.colours
        self.plot.clear()
        self.plot.setBackground(QColor(colours.base))
        item = self.plot.getPlotItem()
        self._draw_axes(item)
        legend = item.legend or item.addLegend(offset=(-8, -8), labelTextColor=colours.muted)
        legend.clear()
        legend.setLabelTextColor(colours.text)
        found, line = self._curves, Qt.PenStyle
        self._line(
            found.share_03, colours.status[Status.WAITING], self.tr("share with R2 ≥ 0.3"), line.DotLine
        )
        self._line(found.share_08, colours.status[Status.DONE], self.tr("share with R2 ≥ 0.8"), line.DashLine)
        self._line(found.mean, colours.accent, self.tr("mean R2"), line.SolidLine, "o")

    def _draw_axes(self, item: Any) -> None:
        colours = self._context.theme.colours
        assert self._curves is not None
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(self._library.mkPen(colours.line))
            axis.setTextPen(self._library.mkPen(colours.muted))
            axis.setStyle(tickFont=self.font(), tickLength=-4)
        bins = self._curves.bins
        item.getAxis("bottom").setTicks([[(n, maf(b.maf_to)) for n, b in enumerate(bins)]])
        item.getAxis("left").setTicks([[(n / 5, f"{n / 5:.1f}") for n in range(6)]])
        item.setLabel("bottom", self.tr("minor allele frequency up to"), color=colours.muted)
        item.showGrid(y=True, alpha=0.15)
        item.setXRange(-0.4, max(1, len(bins) - 1) + 0.4, padding=0)
        item.setYRange(0, 1.04, padding=0)

    def _line(
        self, curve: Curve, colour: str, name: str, style: Qt.PenStyle, symbol: str | None = None
    ) -> None:
        self.plot.plot(
            list(curve.places),
            list(curve.values),
            pen=self._library.mkPen(colour, width=2, style=style),
            symbol=symbol,
            symbolSize=7,
            symbolBrush=colour,
            symbolPen=None,
            name=name,
            antialias=True,
        )
