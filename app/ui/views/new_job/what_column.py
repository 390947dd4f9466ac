"""What: the datasets, one of them chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.ui import text
from app.ui.context import Context
from app.ui.status import Shown, dataset_state
from app.ui.theme import GRID
from app.ui.widgets.basics import SectionHeading, Text, link
from app.ui.widgets.slices import Slices

ID = Qt.ItemDataRole.UserRole


def dataset_shown(dataset: Dataset) -> Shown:
    """Sign and word of a dataset."""
    accepted = dataset.report.accepted if dataset.report else None
    return dataset_state(dataset.state, accepted, to_prepare=dataset.to_prepare)


class WhatColumn(QWidget):
    """A list of datasets with size and verdict, and what is wrong with the chosen one."""

    chosen = Signal(str)

    def __init__(
        self, context: Context, add_files: Callable[[], object], practise: Callable[[], object]
    ) -> None:
        super().__init__()
        self._context = context
        self._filling = False
        self._shown: Sequence[Dataset] = ()
        self._slices = Slices(self)
        context.theme.changed.connect(self._paint_again)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        title = SectionHeading(self.tr("What"))
        self.add = QPushButton(self.tr("Add files…"))
        self.add.clicked.connect(lambda: add_files())
        title.add(self.add)
        column.addWidget(title)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Datasets"))
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.currentItemChanged.connect(self._changed)
        column.addWidget(self.list, 1)
        self.empty = Text(
            self.tr("No data yet. Add genotype files, or learn with invented ones."), muted=True
        )
        self.practise = link(self.tr("Try it with practice data"), practise)
        column.addWidget(self.empty)
        column.addWidget(self.practise, 0, Qt.AlignmentFlag.AlignLeft)
        self.note = Text(muted=True)
        self.note.hide()
        column.addWidget(self.note)
        self.problems = Text(wrap=True)
        self.problems.setProperty("bad", True)
        column.addWidget(self.problems)
        column.addStretch()

    def show_datasets(self, datasets: Sequence[Dataset], current: str) -> None:
        """Show other datasets; the chosen one stays chosen."""
        self._shown = datasets
        self._slices.stop()
        self._filling = True
        self.list.clear()
        self._filling = False
        self.list.setVisible(bool(datasets))
        for widget in (self.empty, self.practise):
            widget.setVisible(not datasets)
        self._slices.begin(self._fill(datasets, current))

    def _fill(self, datasets: Sequence[Dataset], current: str) -> Iterator[None]:
        """One dataset a step: there may be thousands."""
        for dataset in datasets:
            self._filling = True
            self.list.addItem(self._item(dataset))
            if dataset.id == current and self.list.currentItem() is None:
                self.list.setCurrentRow(self.list.count() - 1)
            self._filling = False
            yield

    def _paint_again(self) -> None:
        """The signs take the colours of the scheme; what is still to come has them already."""
        if not self._slices.busy:
            self._slices.begin(self._paint_signs(self._shown))

    def _paint_signs(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        for number, dataset in enumerate(datasets):
            item = self.list.item(number)
            if item is not None:
                item.setIcon(self._sign(dataset_shown(dataset)))
            yield

    def _sign(self, shown: Shown) -> QIcon:
        theme = self._context.theme
        return theme.icon(shown.icon_name, theme.colours.status[shown.status])

    def _item(self, dataset: Dataset) -> QListWidgetItem:
        shown = dataset_shown(dataset)
        item = QListWidgetItem(f"{dataset.name}\n{self._facts(dataset)} · {shown.word}")
        item.setIcon(self._sign(shown))
        item.setData(ID, dataset.id)
        item.setToolTip(text.tooltip(dataset.name))
        item.setSizeHint(QSize(0, 2 * self.fontMetrics().height() + GRID * 2))
        return item

    def _facts(self, dataset: Dataset) -> str:
        if dataset.report is None:
            return text.size(dataset.size)
        people = text.number(dataset.report.samples)
        parts = [self.tr("{0} people").format(people), text.size(dataset.size)]
        if dataset.report.build.value:
            parts.append(dataset.report.build.value)
        return " · ".join(parts)

    def show_checking(self, name: str) -> None:
        """Say that these data are being checked; empty when none are."""
        self.note.setText(self.tr("{0} is being checked.").format(name) if name else "")
        self.note.setVisible(bool(name))

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Say what keeps these data from being sent."""
        self.problems.setText("\n".join(p.sentence() for p in problems))
        self.problems.setVisible(bool(problems))

    def _changed(self, current: QListWidgetItem | None) -> None:
        if current is not None and not self._filling:
            self.chosen.emit(str(current.data(ID)))
