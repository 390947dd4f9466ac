"""How good a result is: pictures side by side in one room, each of which can be saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.panel_sites import PanelSiteList
from app.domain.result import Quality
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.results import quality_drawings as pictures
from app.ui.views.results import result_words as words
from app.ui.views.results.cut_tab import CutTab
from app.ui.widgets.basics import Text, primary
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Drawing
from app.ui.widgets.drawing_file import SaveChartButton
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.switcher import Switcher

if TYPE_CHECKING:
    from app.results.figures.measuring import Measured

OVERVIEW, CUT, HEAT, HISTOGRAM, ER2, LEFT_OUT, CALIBRATION, FREQUENCY = range(8)
Make = Callable[["Measured"], Drawing]


class QualityTab(QWidget):
    """`measure` asks for the figures; `compare_frequencies` for those with the sites of a panel."""

    measure = Signal()
    compare_frequencies = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._measured: Measured | None = None
        self._drawn: dict[int, Measured] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._ask_row())
        self.switcher = Switcher(self.tr("Figures of quality"))
        self._add_pages()
        self.switcher.add_tool(self.save)
        column.addWidget(self.switcher, 1)
        self.switcher.changed.connect(lambda _: self._draw())
        self._offer()

    def _ask_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.ask_words = Text(muted=True)
        self.ask = primary(QPushButton(self.tr("Measure")))
        self.ask.clicked.connect(lambda: self.measure.emit())
        self.save = SaveChartButton(self._context)
        row.addWidget(self.ask_words, 1)
        row.addWidget(self.ask)
        return row

    def _add_pages(self) -> None:
        context = self._context
        self.plot = self._chart(self.tr("R2 by minor allele frequency"))
        self.bins = ShortTable(context.theme, self.tr("R2 by allele frequency"), words.bin_columns())
        self.chromosomes = ShortTable(
            context.theme, self.tr("By chromosome"), words.chromosome_columns(), most=24
        )
        self.cut = CutTab(context)
        self.charts: dict[int, tuple[Chart, Make]] = {
            HEAT: (self._chart(self.tr("R2 by chromosome and frequency")), _both(pictures.heat)),
            HISTOGRAM: (self._chart(self.tr("Histogram of R2")), _both(pictures.histogram)),
            ER2: (self._chart(self.tr("ER2 and R2")), _both(pictures.er2)),
            LEFT_OUT: (
                self._chart(self.tr("Leave-one-out agreement")),
                lambda m: pictures.left_out(m.figures.left_out, m.figures.left_out_whole),
            ),
            CALIBRATION: (
                self._chart(self.tr("Calibration of dosages")),
                lambda m: pictures.calibration(m.figures.calibration),
            ),
            FREQUENCY: (self._chart(self.tr("Frequency against panel")), _both(pictures.frequency)),
        }
        pages: tuple[tuple[str, QWidget], ...] = (
            (self.tr("Overview"), self._overview()),
            (self.tr("Cut-off"), self.cut),
            (self.tr("Heat map"), self.charts[HEAT][0]),
            (self.tr("Histogram"), self.charts[HISTOGRAM][0]),
            (self.tr("ER2"), self.charts[ER2][0]),
            (self.tr("Left out"), self.charts[LEFT_OUT][0]),
            (self.tr("Calibration"), self.charts[CALIBRATION][0]),
            (self.tr("Frequency"), self._frequency()),
        )
        for title, widget in pages:
            self.switcher.add(title, widget)

    def _chart(self, name: str) -> Chart:
        return Chart(self._context, name)

    def _overview(self) -> QWidget:
        side = QVBoxLayout()
        side.setSpacing(GRID)
        side.addWidget(self.bins)
        side.addWidget(self.chromosomes)
        side.addStretch(1)
        return _Beside(self.plot, side)

    def _frequency(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        said = self.tr("Frequencies are compared with a VCF, BCF or site table of the panel or a population.")
        row.addWidget(Text(said, muted=True), 1)
        self.choose_panel = QPushButton(self.tr("Compare with"))
        self.panels = QMenu(self.choose_panel)
        self._context.theme.dress(self.panels)
        self.choose_panel.setMenu(self.panels)
        self.show_lists(())
        row.addWidget(self.choose_panel)
        column.addLayout(row)
        column.addWidget(self.charts[FREQUENCY][0], 1)
        return holder

    def show_lists(self, lists: Sequence[PanelSiteList]) -> None:
        """Offer the site lists of this computer, and files."""
        self.panels.clear()
        usable = [each for each in lists if each.has_frequency and each.folder and not each.problem]
        for each in usable:
            action = self.panels.addAction(each.name)
            wanted = [Path(each.folder)]
            action.triggered.connect(lambda _=False, paths=wanted: self.compare_frequencies.emit(paths))
        if usable:
            self.panels.addSeparator()
        self.panels.addAction(self.tr("Sites from files…")).triggered.connect(lambda: self.ask_panel())

    def ask_panel(self) -> QFileDialog:
        """Ask for the files with the frequencies of a panel."""
        dialog = QFileDialog(self.window(), self.tr("Sites of the panel"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda found: self.compare_frequencies.emit([Path(f) for f in found]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    # Shown.

    def show_quality(self, quality: Quality | None) -> None:
        """What is known without measuring."""
        if quality is not None:
            self.plot.show_drawing(pictures.overview(quality))
            self.bins.show_rows(words.bin_rows(quality))
            self.chromosomes.show_rows(words.chromosome_rows(quality))
            self._draw()

    def show_measured(self, measured: Measured | None, size: str = "", running: bool = False) -> None:
        """The figures, or that there are none yet."""
        self._measured = measured
        self.ask.setVisible(measured is None and not running)
        said = ""
        if running:
            said = self.tr("Measuring; it goes on when you look at something else.")
        elif measured is None:
            said = self.tr("Not measured yet. It reads {0} once; all figures are kept.").format(size)
        elif not measured.figures.doses:
            said = self.tr("Only info files are here: figures of people and dosages need dose files.")
        self.ask_words.setText(said)
        self.ask_words.setVisible(bool(said))
        self._offer()
        self._draw()

    def _offer(self) -> None:
        found = self._measured
        figures = found.figures if found is not None else None
        has = figures is not None
        typed = figures is not None and figures.whole.mean_er2 is not None
        left = figures is not None and figures.left_out_whole is not None
        dosed = figures is not None and bool(figures.calibration)
        self.switcher.offer((True, has, has, has, typed, left, dosed, has))

    def _draw(self) -> None:
        """Only what is seen is made."""
        number = self.switcher.stack.currentIndex()
        found = self._measured
        self.save.setVisible(found is not None or number == OVERVIEW)
        if number == OVERVIEW:
            self.save.show_chart(None if self.plot.drawing.empty else self.plot)
        if found is None:
            return
        if number == FREQUENCY:
            self._context.bridge.run(self._context.library.panel_site_lists(), self, self.show_lists)
        if number == CUT:
            self.cut.show_measured(found)
            self.save.show_chart(self.cut.chart)
        elif number in self.charts:
            chart, make = self.charts[number]
            if self._drawn.get(number) is not found:
                self._drawn[number] = found
                chart.show_drawing(make(found))
            self.save.show_chart(None if chart.drawing.empty else chart)


class _Beside(QWidget):
    """A chart beside its tables, or above them where there is little room."""

    def __init__(self, chart: Chart, tables: QVBoxLayout) -> None:
        super().__init__()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID * 2)
        self._row.addWidget(chart, 1)
        self._row.addLayout(tables, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Turn."""
        super().resizeEvent(event)
        narrow = event.size().width() < GRID * 110
        way = QBoxLayout.Direction
        self._row.setDirection(way.TopToBottom if narrow else way.LeftToRight)


def _both(make: Callable[..., Drawing]) -> Make:
    return lambda measured: make(measured.figures, measured.tables)
