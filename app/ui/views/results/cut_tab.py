"""Where to cut: the picture with the line to drag, what stays at every cut-off, and the ranges as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.quality import Kept
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.results.cut_off import NAMED, START, Cut, CutChart
from app.ui.views.results.quality_drawings import cut_picture, kept_picture, kept_words, r2
from app.ui.views.results.result_words import maf
from app.ui.widgets.basics import Text
from app.ui.widgets.chart import Chart
from app.ui.widgets.short_table import ShortTable

if TYPE_CHECKING:
    from app.results.figures.measuring import Measured

FRAME_MS = 30


class CutTab(QWidget):
    """`wanted` tells that the cut-off is to be used for an export."""

    wanted = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._measured: Measured | None = None
        self.cut = Cut(())
        self.kept: Kept | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._controls())
        self.words = Text(bold=True)
        self.words.setAccessibleName(self.tr("What stays"))
        column.addWidget(self.words)
        column.addLayout(self._pictures(), 1)
        self._redraw = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._redraw.timeout.connect(self._draw_kept)

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.how = QComboBox()
        self.how.setAccessibleName(self.tr("Kind of cut-off"))
        self.how.addItem(self.tr("Same for all"), True)
        self.how.addItem(self.tr("By frequency"), False)
        self.how.currentIndexChanged.connect(lambda _: self._take(self.cut.levelled(self.how.currentData())))
        self.value = QDoubleSpinBox()
        self.value.setRange(0, 1)
        self.value.setSingleStep(0.05)
        self.value.setDecimals(2)
        self.value.setPrefix("R2 ≥ ")
        self.value.setAccessibleName(self.tr("Cut-off of R2"))
        self.value.valueChanged.connect(lambda value: self._move(self.chart.place, value))
        self.least = QComboBox()
        self.least.setAccessibleName(self.tr("Least minor allele frequency"))
        self.least.currentIndexChanged.connect(lambda _: self._least_chosen())
        row.addWidget(self.how)
        row.addWidget(self.value)
        row.addWidget(self.least)
        for each in NAMED:
            button = QPushButton(text.number(each, 1))
            button.setProperty("switch", True)
            button.setAccessibleName(self.tr("Cut at R2 {0}").format(text.number(each, 1)))
            button.clicked.connect(lambda _=False, value=each: self._named(value))
            row.addWidget(button)
        row.addStretch(1)
        self.export = QPushButton(self.tr("Export…"))
        self.export.setToolTip(self.tr("Write what stays for another program"))
        self._context.theme.bind_icon(self.export, "export")
        self.export.clicked.connect(lambda: self.wanted.emit(self.cut))
        row.addWidget(self.export)
        return row

    def _pictures(self) -> QHBoxLayout:
        self.chart = CutChart(self._context, self.tr("R2 by frequency with the cut-off"))
        self.chart.moved.connect(self._move)
        self.curve = Chart(self._context, self.tr("Variants kept by cut-off"))
        self.curve.picked.connect(self._picked)
        self.table = ShortTable(
            self._context.theme, self.tr("What stays by frequency"), kept_columns(), most=11
        )
        side = QVBoxLayout()
        side.setSpacing(GRID)
        side.addWidget(self.curve, 1)
        side.addWidget(self.table)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.chart, 1)
        row.addLayout(side, 1)
        return row

    # Shown.

    def show_measured(self, measured: Measured | None) -> None:
        """Another result; the cut-off begins anew."""
        if measured is self._measured:
            return
        self._measured = measured
        if measured is None:
            return
        bins = measured.figures.by_maf
        self.chart.show_drawing(cut_picture(measured.figures, measured.tables))
        self.least.blockSignals(True)
        self.least.clear()
        for each in bins[:-1]:
            words = self.tr("MAF ≥ {0}").format(maf(each.maf_from)) if each.maf_from else self.tr("any MAF")
            self.least.addItem(words, each.maf_from)
        self.least.blockSignals(False)
        self._take(Cut((START,) * len(bins), self.how.currentData()))

    def _take(self, cut: Cut) -> None:
        if self._measured is None:
            return
        self.cut = cut
        self.kept = self._measured.tables.kept(cut.cuts, cut.least_maf)
        self.chart.show_cut(cut, self.kept)
        self.words.setText(kept_words(self.kept, self._measured.figures.whole.typed))
        self.value.blockSignals(True)
        self.value.setValue(cut.cuts[self.chart.place])
        self.value.blockSignals(False)
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw_kept(self) -> None:
        """The curve and the table follow some thirty times a second at most."""
        if self._measured is None or self.kept is None:
            return
        self.curve.show_drawing(
            kept_picture(self._measured.tables, self.cut.cuts[0] if self.cut.flat else None)
        )
        self.table.show_rows(kept_rows(self.kept))

    def _move(self, place: int, value: float) -> None:
        self._take(self.cut.moved(place, value))

    def _named(self, value: float) -> None:
        cuts = (value,) * len(self.cut.cuts)
        self._take(Cut(cuts, self.cut.flat, self.cut.least_maf))

    def _least_chosen(self) -> None:
        least = self.least.currentData()
        self._take(Cut(self.cut.cuts, self.cut.flat, float(least or 0.0)))

    def _picked(self, stops: Any, _words: str) -> None:
        """A place of the curve is a cut-off for all."""
        if len(stops):
            self._named(float(self.curve.drawing.stops.x[int(stops[0])]))


def kept_columns() -> tuple[Column, ...]:
    """By range of frequency."""
    return (
        Column("maf", _t("MAF"), 100),
        Column("cut", _t("R2 ≥"), 60, show=r2, numeric=True),
        Column("before", _t("Imputed"), 80, show=text.number, numeric=True),
        Column("after", _t("Stay"), 80, show=text.number, numeric=True),
        Column("share", _t("Stay (%)"), 75, show=lambda v: text.number(v, 1), numeric=True),
        Column("mean", _t("Expected R2"), 95, show=r2, numeric=True),
    )


def kept_rows(kept: Kept) -> list[tuple[Any, ...]]:
    """Rare to common; ranges without variants are left out."""
    return [
        (
            f"< {maf(b.maf_to)}" if b.maf_from <= 0 else f"{maf(b.maf_from)}–{maf(b.maf_to)}",
            b.cut if b.cut <= 1 else None,
            b.before,
            b.after,
            100 * b.after / b.before,
            b.mean_r2,
        )
        for b in kept.by_maf
        if b.before
    ]


def _t(words: str) -> str:
    return QCoreApplication.translate("Quality", words)
