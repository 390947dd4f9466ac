"""The people of a dataset: a table of them all, and charts whose picks are shown in the table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.context import Context
from app.ui.models.listed import Listed
from app.ui.models.table import Column, TableModel
from app.ui.theme import GRID
from app.ui.views.uploads.people_drawings import (
    call_rate_curve,
    heterozygosity,
    pair_rows,
    pairs_words,
    people_words,
    sex,
)
from app.ui.views.uploads.people_rows import KEYS, people_columns, people_rows
from app.ui.views.uploads.picked_list import PickedList
from app.ui.widgets.basics import EmptyState, Text, link
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Drawing
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.switcher import Switcher
from app.ui.widgets.table_view import TableView


class SamplesTab(QWidget):
    """Left the table, right the charts; a pick hides all other rows until they are asked for again."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._figures: Figures | None = None
        self.source = Listed(KEYS)
        self.model = TableModel(context.bridge, self.source, people_columns())
        hint = self.tr("Filter, for example ancestry:AFR call_rate<95")
        self.table = TableView(context, self.model, "person", "people", hint)
        self.table.set_empty(
            EmptyState(
                context.theme, "people", self.tr("The people are listed after a check of the dataset.")
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(self._picked_bar())
        self.charts = self._charts()
        shares = (3, 2)
        self.splitter = RememberedSplitter(
            context.layout, "people", self.table, self.charts, shares, Qt.Orientation.Horizontal
        )
        column.addWidget(self.splitter, 1)
        self.charts.changed.connect(lambda _: self._draw())

    def _picked_bar(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.picked = Text()
        self.all = link(self.tr("Show all people"), self.show_all)
        row.addWidget(self.picked)
        row.addWidget(self.all)
        row.addStretch(1)
        self.picked.hide()
        self.all.hide()
        return row

    def _charts(self) -> Switcher:
        charts = Switcher(self.tr("Charts of people"))
        self.call_rate = self._chart(self.tr("Call rate of people"))
        self.het = self._chart(self.tr("Heterozygosity by call rate"))
        self.sex = self._chart(self.tr("Sex by the X chromosome"))
        self.related = PickedList(
            self._context,
            self.tr("Related pairs"),
            (
                Column("one", self.tr("Person"), 110),
                Column("other", self.tr("and"), 110),
                Column("kinship", self.tr("Kinship"), 70, show=lambda v: text.number(v, 3), numeric=True),
                Column("degree", self.tr("Looks like"), 160),
            ),
            self.tr("No two people are related."),
        )
        self.related.table.selectionModel().selectionChanged.connect(lambda *_: self._pick_pairs())
        for words, widget in (
            (self.tr("Call rate"), self.call_rate),
            (self.tr("Heterozygosity"), self.het),
            (self.tr("Sex"), self.sex),
            (self.tr("Related"), self.related),
        ):
            charts.add(words, widget)
        return charts

    def _chart(self, name: str) -> Chart:
        chart = Chart(self._context, name)
        chart.picked.connect(self.pick)
        return chart

    def show_figures(self, figures: Figures | None) -> None:
        """Show other people."""
        if figures is self._figures:
            return
        self._figures = figures
        self.show_all()
        if figures is None:
            self._take([])
        else:
            self._context.bridge.run(_made(figures), self, self._take)
        self._draw()

    def _take(self, rows: list[tuple[object, ...]]) -> None:
        self.source.set_rows(rows)
        self.charts.setVisible(bool(rows))
        self.model.reload()

    def _draw(self) -> None:
        """Only what is seen is made."""
        figures = self._figures
        if figures is None:
            return
        pairs = pair_rows(figures)
        makes: tuple[tuple[Chart, Callable[[Figures], Drawing]], ...] = (
            (self.call_rate, call_rate_curve),
            (self.het, heterozygosity),
            (self.sex, sex),
        )
        current = self.charts.stack.currentIndex()
        if current < len(makes):
            chart, make = makes[current]
            if getattr(chart, "figures", None) is not figures:
                chart.figures = figures  # type: ignore[attr-defined]
                chart.show_drawing(make(figures))
        else:
            self.related.show_rows(pairs, pairs_words(len(figures.pairs)) if pairs else "")

    # Picks.

    def pick(self, people: object, words: str) -> None:
        """Show these people only; `words` say why."""
        numbers = np.asarray(people, np.int64)
        if not len(numbers):
            return
        self.source.only = {str(int(n)) for n in numbers}
        said = people_words(len(numbers))
        self.picked.setText(f"{said}: {words}" if words else self.tr("{0} picked").format(said))
        self.picked.show()
        self.all.show()
        self.model.reload()

    def pick_names(self, names: frozenset[str], words: str) -> bool:
        """Show people by name; False when none of them is known."""
        if self._figures is None:
            return False
        found = [n for n, name in enumerate(self._figures.samples) if str(name) in names]
        self.pick(found, words)
        return bool(found)

    def show_all(self) -> None:
        """Let go of a pick."""
        self.picked.hide()
        self.all.hide()
        if self.source.only is not None:
            self.source.only = None
            self.model.reload()

    def _pick_pairs(self) -> None:
        rows = self.related.table.chosen()
        if rows and self._figures is not None:
            model = self.related.table.short_model
            names = frozenset(name for n in rows for name in model.rows[n][:2])
            self.pick_names(names, self.tr("related"))


async def _made(figures: Figures) -> list[tuple[object, ...]]:
    import asyncio

    return await asyncio.to_thread(people_rows, figures)
