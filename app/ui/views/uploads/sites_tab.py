"""The sites of a dataset: histograms, and frequencies against a reference with the flips in sight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.genotypes.figures import Figures
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.uploads.picked_list import PickedList
from app.ui.views.uploads.site_drawings import (
    call_rates,
    cells_count,
    flip_cells,
    frequencies,
    frequency_plane,
)
from app.ui.views.uploads.site_rows import listed_words, site_columns, sites_in_cells
from app.ui.widgets.basics import link
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Drawing
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.switcher import Switcher


class SitesTab(QWidget):
    """Left a chart, right what was picked in it."""

    def __init__(
        self, context: Context, show_plan: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._figures: Figures | None = None
        self.charts = Switcher(self.tr("Charts of sites"))
        self.plane = Chart(context, self.tr("Frequency against the reference"))
        self.rates = Chart(context, self.tr("Call rate of sites"))
        self.alleles = Chart(context, self.tr("Frequency of ALT"))
        for words, chart in (
            (self.tr("Against the reference"), self.plane),
            (self.tr("Call rate"), self.rates),
            (self.tr("Frequency"), self.alleles),
        ):
            self.charts.add(words, chart)
        self.plane.picked.connect(self._pick_cells)
        self.charts.changed.connect(lambda _: self._clear())
        self.list = PickedList(
            context,
            self.tr("Picked sites"),
            site_columns(),
            self.tr("Drag a frame over the plane, or press Enter on a place, to list the sites there."),
        )
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(self._links(show_plan))
        column.addWidget(self.list, 1)
        self.side = side
        row = QVBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, 0)
        row.addWidget(
            RememberedSplitter(context.layout, "sites", self.charts, side, (3, 2), Qt.Orientation.Horizontal)
        )

    def _links(self, show_plan: Callable[[], object]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.flips = link(self.tr("List the flips"), self._pick_flips)
        self.plan = link(self.tr("Show plan"), show_plan)
        for each in (self.flips, self.plan):
            row.addWidget(each)
        row.addStretch(1)
        return row

    def show_figures(self, figures: Figures | None) -> None:
        """Show other sites."""
        if figures is self._figures:
            return
        self._figures = figures
        if figures is None:
            return
        drawings = (frequency_plane(figures), call_rates(figures), frequencies(figures))
        for chart, drawing in zip((self.plane, self.rates, self.alleles), drawings, strict=True):
            chart.show_drawing(drawing)
        self.charts.offer([_worth(drawings[0], True), *(_worth(d, False) for d in drawings[1:])])
        flips = len(flip_cells(figures))
        self.flips.setVisible(flips > 0)
        self.plan.setVisible(flips > 0)
        self._clear()

    def _clear(self) -> None:
        self.list.show_rows((), "")
        self.side.setVisible(self.charts.stack.currentIndex() == 0 and not self.plane.drawing.empty)

    def _pick_flips(self) -> None:
        if self._figures is not None:
            self._pick_cells(flip_cells(self._figures), self.tr("on the anti-diagonal"))

    def _pick_cells(self, cells: object, words: str) -> None:
        if self._figures is None:
            return
        chosen = np.asarray(cells, np.int64)
        rows = sites_in_cells(self._figures, chosen)
        said = listed_words(len(rows), cells_count(self._figures, chosen))
        self.list.show_rows(rows, self.tr("{0}, {1}").format(said, words) if words else said)


def _worth(drawing: Drawing, always: bool) -> bool:
    return always or not drawing.empty
