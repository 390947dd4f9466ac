"""Above the panels: the dataset they are fitted to, the filters, and whether they are a table or cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QWidget

from app.ui.theme import GRID
from app.ui.views.panels.filter_bar import FilterBar, FilterValues
from app.ui.views.panels.panel_rows import FitTo
from app.ui.widgets.basics import Text
from app.ui.widgets.choice_box import ChoiceBox

ONE_ROW = GRID * 108
"""Pixels from which dataset and filters fit side by side."""


class PanelBar(QWidget):
    """One row, or two; hidden while there is no panel."""

    def __init__(
        self,
        typed: Callable[[], str],
        write: Callable[[str], object],
        first: Callable[[bool], object],
        choose: Callable[[str], object],
        show_as: Callable[[bool], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._choose = choose
        self.rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(GRID)
        to, how = QHBoxLayout(), QHBoxLayout()
        self.filters = FilterBar(typed, write, first)
        for widget in (Text(self.tr("Fit to"), muted=True, wrap=False), self._dataset()):
            to.addWidget(widget)
        to.addStretch(1)
        how.addWidget(self.filters)
        how.addStretch(1)
        self._add_ways(how, show_as)
        self.rows.addLayout(to)
        self.rows.addLayout(how, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """In a narrow window the filters stand below the dataset."""
        super().resizeEvent(event)
        narrow = event.size().width() < ONE_ROW
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if self.rows.direction() != direction:
            self.rows.setDirection(direction)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """That of two rows: one row asks for more than a small window has."""
        wide = self.filters.minimumSizeHint().width() + sum(
            button.sizeHint().width() + GRID for button in self.ways.buttons()
        )
        return QSize(wide, super().minimumSizeHint().height())

    def _dataset(self) -> QComboBox:
        self.dataset = ChoiceBox()
        self.dataset.setAccessibleName(self.tr("Fit to"))
        self.dataset.setMinimumContentsLength(20)
        self.dataset.activated.connect(lambda _: self._choose(str(self.dataset.currentData() or "")))
        return self.dataset

    def _add_ways(self, row: QHBoxLayout, show_as: Callable[[bool], object]) -> None:
        self.ways = QButtonGroup(self)
        for number, words in enumerate((self.tr("Table"), self.tr("Cards"))):
            button = QPushButton(words)
            button.setCheckable(True)
            button.setProperty("switch", True)
            self.ways.addButton(button, number)
            row.addWidget(button)
        self.ways.button(0).setChecked(True)
        self.ways.idToggled.connect(lambda number, on: show_as(number == 1) if on else None)

    def show_as(self, cards: bool) -> None:
        """Choose cards or the table."""
        self.ways.button(int(cards)).setChecked(True)

    def offer(self, values: FilterValues, datasets: Sequence[tuple[str, str]], to: FitTo | None) -> None:
        """What there is to choose from; of the datasets names and ids."""
        self.setVisible(values.some)
        self.filters.offer(values, to is not None)
        names = [(self.tr("no dataset"), ""), *datasets]
        self.dataset.offer(names, to.dataset.id if to is not None else "")
        self.dataset.setEnabled(bool(datasets))
