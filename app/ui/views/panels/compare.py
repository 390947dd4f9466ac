"""Two to four panels side by side, what is not the same in all of them in bold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.panel import Panel
from app.domain.panel_fit import PanelFit
from app.domain.panel_overlap import PanelOverlap
from app.domain.service import Service
from app.ui import text
from app.ui.theme import GRID
from app.ui.views.panels.fit_words import fit_sentences, fit_shown, overlap_sentence
from app.ui.widgets.basics import Text
from app.ui.widgets.table_texts import copy_to_clipboard

LEAST, MOST = 2, 4
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Line = tuple[str, tuple[str, ...]]


def comparable(ids: Sequence[str]) -> bool:
    """Whether so many panels go side by side."""
    return LEAST <= len(ids) <= MOST


def compared(
    widget: QWidget,
    panels: Sequence[Panel],
    services: Mapping[str, Service],
    fits: Sequence[PanelFit | None],
    overlaps: Sequence[PanelOverlap | None],
) -> list[Line]:
    """A fact a line, with its value in each panel; facts that none of them has are left out."""
    names = [services[p.service_id].name if p.service_id in services else p.service_id for p in panels]
    places = [services[p.service_id].country if p.service_id in services else "" for p in panels]
    lines = (
        (widget.tr("Service"), names),
        (widget.tr("Country"), places),
        (widget.tr("Build"), [p.build or "" for p in panels]),
        (widget.tr("Samples"), [_number(p.samples) for p in panels]),
        (widget.tr("Variants"), [_number(p.variants) for p in panels]),
        (widget.tr("Chromosomes"), [", ".join(p.chromosomes) for p in panels]),
        (widget.tr("Ancestry"), [", ".join(p.ancestry) for p in panels]),
        (widget.tr("Access"), [p.access for p in panels]),
        (widget.tr("Populations"), [", ".join(each.name for each in p.populations) for p in panels]),
        (widget.tr("Version"), [p.version for p in panels]),
        (widget.tr("Cite"), [p.citation for p in panels]),
        (widget.tr("The catalogue says otherwise"), ["; ".join(p.differs) for p in panels]),
        (widget.tr("Fit"), [fit_shown(each).word if each is not None else "" for each in fits]),
        (widget.tr("Why"), [fit_sentences(each) for each in fits]),
        (widget.tr("Sites in the panel"), [overlap_sentence(each) for each in overlaps]),
    )
    return [(name, tuple(values)) for name, values in lines if any(values)]


def differs(line: Line) -> bool:
    """Whether the panels are not the same in this."""
    return len(set(line[1])) > 1


def _number(value: int | None) -> str:
    return text.number(value) if value is not None else ""


class ComparePanels(QDialog):
    """A table of facts; the last column says in words which of them differ."""

    def __init__(self, panels: Sequence[Panel], lines: Sequence[Line], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare panels"))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        different = sum(map(differs, lines))
        column.addWidget(
            Text(self.tr("{0} of {1} facts are not the same.").format(different, len(lines)), muted=True)
        )
        self.titles = [*(p.name for p in panels), ""]
        self.table = QTableWidget(len(lines), len(self.titles))
        self.table.setAccessibleName(self.windowTitle())
        self.table.setHorizontalHeaderLabels(self.titles)
        self.table.setVerticalHeaderLabels([name for name, _ in lines])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        for row, line in enumerate(lines):
            self._fill(row, line)
        self._rows_later = QTimer(self, singleShot=True, interval=0)
        self._rows_later.timeout.connect(self._fit_rows)
        self._settle()
        column.addWidget(self.table, 1)
        column.addWidget(self._copy_button(), 0, Qt.AlignmentFlag.AlignRight)
        self.resize(GRID * 125, GRID * 75)
        self.finished.connect(self.deleteLater)

    def _fill(self, row: int, line: Line) -> None:
        marked = differs(line)
        for place, value in enumerate((*line[1], self.tr("differs") if marked else "")):
            cell = QTableWidgetItem(value)
            cell.setTextAlignment(_LEFT)
            if marked:
                strong = cell.font()
                strong.setBold(True)
                cell.setFont(strong)
            self.table.setItem(row, place, cell)

    def _settle(self) -> None:
        across = self.table.horizontalHeader()
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setSectionResizeMode(len(self.titles) - 1, QHeaderView.ResizeMode.ResizeToContents)
        across.setDefaultAlignment(_LEFT | Qt.AlignmentFlag(Qt.TextFlag.TextWordWrap))
        across.sectionResized.connect(lambda *_: self._rows_later.start())

    def _fit_rows(self) -> None:
        """Rows are as high as the words need in the columns as they are now.

        Qt's own way does not know of the room that the style sheet keeps free in cells.
        """
        places = range(self.table.columnCount())
        for row in range(self.table.rowCount()):
            cells = ((place, self.table.item(row, place)) for place in places)
            lines = (self._height(place, cell.text(), cell.font()) for place, cell in cells if cell)
            self.table.setRowHeight(row, max(lines))
        across = self.table.horizontalHeader()
        across.setFixedHeight(max(self._height(n, name, across.font()) for n, name in enumerate(self.titles)))

    def _height(self, place: int, words: str, font: QFont) -> int:
        room = QRect(0, 0, max(1, self.table.columnWidth(place) - 3 * GRID), 10_000)
        wrapped = QFontMetrics(font).boundingRect(room, Qt.TextFlag.TextWordWrap, words)
        return wrapped.height() + 2 * GRID

    def _copy_button(self) -> QPushButton:
        button = QPushButton(self.tr("Copy"))
        button.clicked.connect(self.copy)
        return button

    def copy(self) -> None:
        """The whole table to the clipboard, with its titles."""
        rows = []
        for row in range(self.table.rowCount()):
            name = self.table.verticalHeaderItem(row)
            cells = (self.table.item(row, place) for place in range(self.table.columnCount()))
            rows.append([name.text() if name else "", *(cell.text() if cell else "" for cell in cells)])
        copy_to_clipboard(rows, ["", *self.titles])
