"""The people of a result: a table of their figures, those that stand out first, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.ui import text
from app.ui.context import Context
from app.ui.models.listed import Listed
from app.ui.models.table import Column, TableModel
from app.ui.theme import GRID
from app.ui.widgets.basics import EmptyState, Text, link
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Dots, Drawing, Layer, Stops
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView

if TYPE_CHECKING:
    from app.results.figures.measuring import Measured

FIGURES = ("het_rate", "fuzziness", "certainty", "concordance", "nonref_concordance")
KEYS = ("id", "name", *FIGURES, "stands_out")
GRID_CELLS = 120


def _t(words: str) -> str:
    return QCoreApplication.translate("ResultPeople", words)


def figure_words() -> dict[str, str]:
    """The figures of a person, in words."""
    return {
        "het_rate": _t("Heterozygosity"),
        "fuzziness": _t("Fuzziness"),
        "certainty": _t("Certainty"),
        "concordance": _t("Concordance"),
        "nonref_concordance": _t("Non-ref. conc."),
    }


def person_columns() -> tuple[Column, ...]:
    """A figure each."""
    said = figure_words()

    def show(value: Any) -> str:
        return "" if value is None or value != value else text.number(value, 4)

    return (
        Column("name", _t("Person"), 100),
        Column("stands_out", _t("Stands out by"), 160),
        *(
            Column(key, said[key], 100, show=show, numeric=True, hidden=key == "concordance")
            for key in FIGURES
        ),
    )


def person_rows(measured: Measured) -> list[tuple[Any, ...]]:
    """Everybody; those who stand out first."""
    tables, said = measured.tables, figure_words()
    out: dict[int, list[str]] = {}
    for each in measured.figures.people:
        word = said.get(each.figure, each.figure).lower()
        out.setdefault(each.sample, []).append(f"{word} ({each.z:+.1f} σ)")
    columns = [tables.people.get(key) for key in FIGURES]
    order = [*out, *(n for n in range(len(tables.samples)) if n not in out)]
    return [
        (
            str(n),
            tables.samples[n],
            *(None if c is None or n >= len(c) or c[n] != c[n] else float(c[n]) for c in columns),
            ", ".join(out.get(n, ())),
        )
        for n in order
    ]


def people_picture(measured: Measured, across: str, up: str) -> Drawing:
    """Two figures against each other; people are put into cells, so that 100,000 are as quick as 100."""
    tables, said = measured.tables, figure_words()
    x, y = np.asarray(tables.people[across], float), np.asarray(tables.people[up], float)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(known):
        return Drawing(_t("Nothing is known of both figures"))
    far = np.unique([each.sample for each in measured.figures.people]).astype(np.int64)
    far = far[np.isin(far, known)]
    near = np.setdiff1d(known, far)
    places = [_cells(x, y, near), [np.asarray([n], np.int64) for n in far.tolist()]]
    members = [*places[0], *places[1]]
    sx = np.asarray([x[m].mean() for m in members])
    sy = np.asarray([y[m].mean() for m in members])
    cut = len(places[0])
    layers: list[Layer] = [Dots(sx[:cut], sy[:cut], "accent", size=6.0, strength=0.6)]
    if len(far):
        layers.append(Dots(sx[cut:], sy[cut:], "failed", _t("stands out"), size=8.0, ringed=True))

    def words(stop: int) -> str:
        mine = members[stop]
        who = tables.samples[int(mine[0])] if len(mine) == 1 else _t("{0} people").format(len(mine))
        return f"{who}: {said[across]} {text.number(sx[stop], 4)}, {said[up]} {text.number(sy[stop], 4)}"

    summary = _t("{0} people, {1} stand out (more than 5 robust deviations)").format(
        text.number(len(known)), text.number(len(far))
    )
    return Drawing(
        summary, tuple(layers), said[across], said[up], Stops(sx, sy, words, members), legend=bool(len(far))
    )


def _cells(x: Any, y: Any, people: Any) -> list[Any]:
    """People by cell of a fine grid."""
    if not len(people):
        return []
    key = np.zeros(len(people), np.int64)
    for values in (x[people], y[people]):
        low, span = values.min(), max(float(np.ptp(values)), 1e-12)
        key = key * (GRID_CELLS + 1) + ((values - low) / span * GRID_CELLS).astype(np.int64)
    order = np.argsort(key, kind="stable")
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    return [np.asarray(part, np.int64) for part in np.split(people[order], cuts)]


class ResultPeopleTab(QWidget):
    """A pick in the chart shows these people only."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._measured: Measured | None = None
        self.source = Listed(KEYS)
        self.model = TableModel(context.bridge, self.source, person_columns())
        hint = self.tr("Filter, for example certainty<0.9")
        self.table = TableView(context, self.model, "result_person", "result_people", hint)
        self.table.set_empty(
            EmptyState(
                context.theme, "people", self.tr("Figures of people need dose files that were measured.")
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID // 2)
        row = QHBoxLayout()
        self.picked = Text(muted=True)
        self.all = link(self.tr("Show all people"), self.show_all)
        self.all.hide()
        row.addWidget(self.picked, 1)
        row.addWidget(self.all)
        column.addLayout(row)
        self.side = self._side()
        self.splitter = RememberedSplitter(
            context.layout, "result_people", self.table, self.side, (3, 2), Qt.Orientation.Horizontal
        )
        column.addWidget(self.splitter, 1)

    def _side(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        self.across, self.up = QComboBox(), QComboBox()
        self.across.setAccessibleName(self.tr("Figure across"))
        self.up.setAccessibleName(self.tr("Figure upwards"))
        row.addWidget(self.up)
        row.addWidget(Text(self.tr("by"), muted=True, wrap=False))
        row.addWidget(self.across)
        row.addStretch(1)
        self.chart = Chart(self._context, self.tr("People"))
        self.chart.picked.connect(self.pick)
        for box in (self.across, self.up):
            box.currentIndexChanged.connect(lambda _: self._draw())
        column.addLayout(row)
        column.addWidget(self.chart, 1)
        return holder

    def show_measured(self, measured: Measured | None) -> None:
        """Other people."""
        if measured is self._measured:
            return
        self._measured = measured
        said = figure_words()
        have = [key for key in FIGURES if measured is not None and key in measured.tables.people]
        for box, first in ((self.across, 0), (self.up, 1)):
            box.blockSignals(True)
            box.clear()
            for key in have:
                box.addItem(said[key], key)
            box.setCurrentIndex(min(first, len(have) - 1))
            box.blockSignals(False)
        self.side.setVisible(bool(have))
        self.show_all()
        if measured is None:
            self._take([])
        else:
            self._context.bridge.run(_made(measured), self, self._take)
        self._draw()

    def _take(self, rows: list[tuple[Any, ...]]) -> None:
        self.source.set_rows(rows)
        self.model.reload()

    def _draw(self) -> None:
        across, up = self.across.currentData(), self.up.currentData()
        if self._measured is not None and across and up:
            self.chart.show_drawing(people_picture(self._measured, across, up))

    def pick(self, people: Any, words: str) -> None:
        """Show these people only."""
        self.source.only = {str(int(n)) for n in people}
        self.picked.setText(words or self.tr("{0} people picked").format(len(people)))
        self.all.show()
        self.model.reload()

    def show_all(self) -> None:
        """Let go of a pick."""
        self.picked.setText("")
        self.all.hide()
        if self.source.only is not None:
            self.source.only = None
            self.model.reload()


async def _made(measured: Measured) -> list[tuple[Any, ...]]:
    import asyncio

    return await asyncio.to_thread(person_rows, measured)
