"""Where the people of a dataset stand among the populations of the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.uploads.people_drawings import ancestry, ancestry_of, people_words
from app.ui.views.uploads.picked_list import PickedList
from app.ui.widgets.basics import link
from app.ui.widgets.chart import Chart
from app.ui.widgets.splitter import RememberedSplitter

MOST_LISTED = 500


class AncestryTab(QWidget):
    """Left the map, right the people that were picked on it; `show_people` shows them among the samples."""

    def __init__(
        self,
        context: Context,
        show_people: Callable[[object, str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._figures: Figures | None = None
        self._picked: object = ()
        self._words = ""
        self.axes = QComboBox()
        self.axes.setAccessibleName(self.tr("Axes of the map"))
        self.axes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.axes.currentIndexChanged.connect(lambda _: self._draw())
        self.chart = Chart(context, self.tr("Map of ancestry"))
        self.chart.picked.connect(self.pick)
        self.list = PickedList(
            context,
            self.tr("Picked people"),
            (
                Column("name", self.tr("Person"), 130),
                Column("ancestry", self.tr("Ancestry"), 90),
                Column("sure", self.tr("Sure (%)"), 75, show=text.number, numeric=True),
            ),
            self.tr("Click on a point or drag a frame to list people. Pale points are the reference."),
        )
        self.more = link(
            self.tr("Show them among the samples"), lambda: show_people(self._picked, self._words)
        )
        self.more.hide()
        row = QVBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, 0)
        parts = self.chart, self._side(), (3, 2)
        row.addWidget(RememberedSplitter(context.layout, "ancestry", *parts, Qt.Orientation.Horizontal))

    def _side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.axes, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.list, 1)
        column.addWidget(self.more)
        return side

    def show_figures(self, figures: Figures | None) -> None:
        """Show other people."""
        if figures is self._figures:
            return
        self._figures = figures
        self.list.show_rows((), "")
        self.more.hide()
        axes = figures.pcs.shape[1] if figures is not None and figures.pcs.ndim == 2 else 0
        self.axes.blockSignals(True)
        self.axes.clear()
        for first in range(0, max(0, axes - 1), 2):
            self.axes.addItem(self.tr("Axes {0} and {1}").format(first + 1, first + 2), first)
        self.axes.blockSignals(False)
        self.axes.setVisible(self.axes.count() > 1)
        self._draw()

    def _draw(self) -> None:
        if self._figures is not None:
            self.chart.show_drawing(ancestry(self._figures, int(self.axes.currentData() or 0)))

    def pick(self, people: object, words: str) -> None:
        """List people."""
        figures = self._figures
        if figures is None:
            return
        numbers = np.asarray(people, np.int64)
        label, chance = ancestry_of(figures)
        names = [*(str(n) for n in figures.ancestry_labels), self.tr("uncertain")]
        rows = [
            (str(figures.samples[n]), names[label[n]], float(chance[n] * 100)) for n in numbers[:MOST_LISTED]
        ]
        self._picked, self._words = numbers, words or self.tr("on the map of ancestry")
        self.list.show_rows(rows, people_words(len(numbers)))
        self.more.setVisible(bool(rows))
