"""How the dataset fits panels: what each service would keep, chromosome by chromosome, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.verdict import Verdict
from app.genotypes.figures import Figures
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.uploads.chunk_drawing import chromosome_rows, chunk_map, low_rows
from app.ui.views.uploads.people_drawings import people_words
from app.ui.views.uploads.picked_list import PickedList
from app.ui.views.uploads.verdict_words import outcome_shown
from app.ui.widgets.basics import Text
from app.ui.widgets.chart import Chart
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.switcher import Switcher


class PanelFitTab(QWidget):
    """Left tables, right the map of chunks and the people who would cost some."""

    def __init__(
        self,
        context: Context,
        show_people: Callable[[object, str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._figures: Figures | None = None
        page = ScrollPage(width=GRID * 200, margin=0)
        page.column.setSpacing(GRID)
        page.setMinimumWidth(GRID * 42)
        self.nothing = Text(
            self.tr("No service was asked yet: choose “What the server would write” above."), muted=True
        )
        page.column.addWidget(self.nothing)
        self.verdicts = ShortTable(context.theme, self.tr("Panels"), self._verdict_columns())
        page.column.addWidget(self.verdicts)
        self.chromosomes = ShortTable(
            context.theme, self.tr("Chromosomes"), self._chromosome_columns(), most=30
        )
        page.column.addWidget(self.chromosomes)
        self.map = Chart(context, self.tr("Map of chunks"))
        self.map.picked.connect(show_people)
        self.low = self._people_list(context)
        self.right = Switcher(self.tr("Chunks"))
        self.right.add(self.tr("Map of chunks"), self.map)
        self.right.add(self.tr("People who cost chunks"), self.low)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, GRID, 0, 0)
        shares = (1, 1)
        outer.addWidget(
            RememberedSplitter(
                context.layout, "panel_fit", page, self.right, shares, Qt.Orientation.Horizontal
            )
        )

    def _people_list(self, context: Context) -> PickedList:
        return PickedList(
            context,
            self.tr("People who would cost chunks"),
            (
                Column("name", self.tr("Person"), 130),
                Column("chunks", self.tr("Chunks"), 65, show=text.number, numeric=True),
                Column("where", self.tr("Where"), 240),
            ),
            self.tr("Nobody is below the limit in any chunk."),
        )

    def _verdict_columns(self) -> tuple[Column, ...]:
        return (
            Column("panel", self.tr("Service and panel"), 210),
            Column("outcome", self.tr("Would"), 120, status=outcome_shown),
            Column("chunks", self.tr("Chunks"), 75, numeric=True),
            Column("excluded", self.tr("Left out"), 80, show=text.number, numeric=True),
            Column("lifted", self.tr("Lift"), 60),
        )

    def _chromosome_columns(self) -> tuple[Column, ...]:
        return (
            Column("chromosome", self.tr("Chromosome"), 90),
            Column("chunks", self.tr("Chunks"), 65, show=text.number, numeric=True),
            Column("sites", self.tr("Sites"), 75, show=text.number, numeric=True),
            Column("overlap", self.tr("In the panel"), 90, show=lambda v: text.percent(v, 1), numeric=True),
            Column("low", self.tr("At risk"), 70, show=text.number, numeric=True),
        )

    def show_verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Show other predictions."""
        self.nothing.setVisible(not verdicts)
        self.verdicts.setVisible(bool(verdicts))
        self.verdicts.show_rows([_row(v) for v in verdicts])

    def show_figures(self, figures: Figures | None) -> None:
        """Show other chunks."""
        if figures is self._figures:
            return
        self._figures = figures
        rows = chromosome_rows(figures) if figures is not None else []
        self.chromosomes.setVisible(bool(rows))
        self.right.setVisible(bool(rows))
        self.chromosomes.show_rows(rows)
        if figures is not None and rows:
            self.map.show_drawing(chunk_map(figures))
            low = low_rows(figures)
            self.low.show_rows(low, people_words(len(low)) if low else "")
            self.right.offer([True, bool(low)])


def _row(verdict: Verdict) -> tuple[object, ...]:
    name = " · ".join(part for part in (verdict.service, verdict.panel) if part)
    kept = "–"
    if verdict.chunks is not None:
        left = verdict.chunks_left if verdict.chunks_left is not None else verdict.chunks
        kept = f"{text.number(left)} / {text.number(verdict.chunks)}"
    return (name, verdict.outcome, kept, verdict.excluded, verdict.lifted or "–")
