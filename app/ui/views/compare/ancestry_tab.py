"""How well results meet a truth file in each group of people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.accuracy import AncestrySource, TruthScore
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.compare.compare_drawings import R2_TICKS, SYMBOLS, colour_of, short
from app.ui.widgets.basics import Text
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Dots, Drawing, Layer, Line, Stops
from app.ui.widgets.short_table import ShortTable

Row = tuple[Any, ...]


def _t(words: str) -> str:
    return QCoreApplication.translate("Ancestry", words)


def _three(value: float | None) -> str:
    return text.number(value, 3)


def labels_of(scores: Sequence[TruthScore]) -> list[str]:
    """The groups of any result, by name."""
    return sorted({each.label for score in scores for each in score.by_ancestry})


def group_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """A group a row, two columns a result."""
    columns = [Column("label", _t("Group"), 110), Column("people", _t("People"), 70, numeric=True)]
    for number, name in enumerate(names):
        columns.append(Column(f"r2_{number}", _t("r2: {0}").format(name), 120, show=_three, numeric=True))
        columns.append(Column(f"iqs_{number}", _t("IQS: {0}").format(name), 120, show=_three, numeric=True))
    return tuple(columns)


def group_rows(scores: Sequence[TruthScore]) -> list[Row]:
    """r2 and IQS of each result over all sites of the truth that vary in the group; everybody first."""
    everybody = (part for each in scores for part in (each.whole.r2, each.whole.iqs))
    rows: list[Row] = [(_t("everybody"), max((each.people for each in scores), default=0), *everybody)]
    for label in labels_of(scores):
        groups = [next((g for g in each.by_ancestry if g.label == label), None) for each in scores]
        people = max(g.people for g in groups if g is not None)
        bins = (g.whole if g is not None else None for g in groups)
        cells = (part for b in bins for part in ((b.r2, b.iqs) if b is not None else (None, None)))
        rows.append((label, people, *cells))
    return rows


def group_picture(scores: Sequence[TruthScore]) -> Drawing:
    """r2 against the truth by group, a line a result."""
    labels = labels_of(scores)
    layers: list[Layer] = []
    stops: list[tuple[float, float, str]] = []
    for number, score in enumerate(scores):
        groups = {each.label: each for each in score.by_ancestry}
        known = [
            (float(n), groups[label].whole.r2 or 0.0, groups[label])
            for n, label in enumerate(labels)
            if label in groups and groups[label].whole.r2 is not None
        ]
        x, y = np.asarray([k[0] for k in known], float), np.asarray([k[1] for k in known], float)
        layers += [
            Line(x, y, colour_of(number), short(score.name), dashed=number >= 5),
            Dots(x, y, colour_of(number), size=8.0, symbol=SYMBOLS[number % 5], ringed=True),
        ]
        said = _t("{0}, {1}: r2 {2} of {3} people at {4} sites")
        stops += [
            (
                place,
                value,
                said.format(
                    score.name, g.label, _three(value), text.number(g.people), text.number(g.whole.sites)
                ),
            )
            for place, value, g in known
        ]
    return Drawing(
        _t("Squared correlation of dosages and true genotypes in each group of people"),
        tuple(layers) if stops else (),
        "",
        _t("r2 against truth"),
        Stops(
            np.asarray([s[0] for s in stops], float),
            np.asarray([s[1] for s in stops], float),
            lambda stop: stops[stop][2],
        ),
        (-0.4, max(1, len(labels) - 1) + 0.4),
        (0.0, 1.03),
        tuple((float(n), label) for n, label in enumerate(labels)),
        R2_TICKS,
        legend=True,
        legend_low=True,
    )


class AncestryTab(QWidget):
    """`wanted` asks to score again, after a table with the groups was chosen."""

    wanted = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.people: Path | None = None
        self.scores: tuple[TruthScore, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        self.words = Text(muted=True)
        self.choose = QPushButton(self.tr("Table of groups…"))
        self.choose.setToolTip(self.tr("A table with the name and the group of each person"))
        self.choose.clicked.connect(self.ask_people)
        row.addWidget(self.words, 1)
        row.addWidget(self.choose)
        column.addLayout(row)
        self._column = column
        self.table: ShortTable | None = None
        self.chart = Chart(context, self.tr("Accuracy by ancestry"))
        column.addWidget(self.chart, 1)
        self.clear()

    def clear(self) -> None:
        """Nothing is scored."""
        self.scores = ()
        self.words.setText("")
        self.chart.hide()
        if self.table is not None:
            self.table.hide()

    def show_running(self) -> None:
        """It is being worked out."""
        self.clear()
        self.words.setText(self.tr("Comparing with the truth, group by group…"))

    def show_scores(self, scores: tuple[TruthScore, ...]) -> None:
        """The scores of the results; the columns are the results, so the table is made anew."""
        self.scores = scores
        if self.table is not None:
            self._column.removeWidget(self.table)
            self.table.hide()
            self.table.deleteLater()
        columns = group_columns([each.name for each in scores])
        self.table = ShortTable(self._context.theme, self.tr("Accuracy by ancestry"), columns, most=8)
        self.table.show_rows(group_rows(scores))
        self._column.insertWidget(1, self.table)
        self.chart.setVisible(bool(labels_of(scores)))
        self.chart.show_drawing(group_picture(scores))
        self.words.setText(self._said(scores))

    def _said(self, scores: Sequence[TruthScore]) -> str:
        source = scores[0].ancestry_source if scores else AncestrySource.NONE
        if source is AncestrySource.TABLE:
            return self.tr("Groups as the table says.")
        if source is AncestrySource.PROJECTION:
            return self.tr("People are grouped by projection on known populations.")
        return self.tr("Nobody knows the groups of these people: choose a table with name and group.")

    def ask_people(self) -> QFileDialog:
        """Ask for the table of groups."""
        dialog = QFileDialog(self.window(), self.tr("Table of groups"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.use_people(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def use_people(self, path: Path) -> None:
        """Score again with these groups."""
        self.people = path
        self.wanted.emit()
