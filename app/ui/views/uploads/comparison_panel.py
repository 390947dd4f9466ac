"""A list of sites that a real job left out, against the prediction: where both differ and what was learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from app.domain.comparison import Comparison
from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.uploads.comparison_words import (
    agreement,
    count_words,
    difference_columns,
    difference_rows,
    learnt_words,
)
from app.ui.views.uploads.target_menu import Target
from app.ui.widgets.basics import Card, SectionHeading, StatusBadge, Text, primary
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.short_table import ShortTable


class ComparisonPanel(Card):
    """Hidden until a list was dropped; asks from where it is, waits, shows."""

    def __init__(
        self, context: Context, resubmit: Callable[[Target], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(context.theme, parent)
        self.target: Target | None = None
        self._then: Callable[[Target], object] | None = None
        self._resubmit = resubmit
        self.title = SectionHeading(self.tr("Sites that a job left out"))
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.clicked.connect(self.hide)
        self.title.add(self.close_button)
        self.body.addWidget(self.title)
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.badge)
        row.addWidget(self.words, 1)
        self.body.addLayout(row)
        self.body.addWidget(self._question())
        self.problem = ProblemPanel(context.theme)
        self.body.addWidget(self.problem)
        self.table = ShortTable(context.theme, self.tr("Prediction and server"), difference_columns(), most=8)
        self.learnt = Text(muted=True)
        self.body.addWidget(self.table)
        self.body.addWidget(self.learnt)
        row = QHBoxLayout()
        self.resubmit = primary(QPushButton(self.tr("Resubmit repaired")))
        self.resubmit.setToolTip(self.tr("Shows the plan of repairs first; then a new job"))
        self.resubmit.clicked.connect(self._go_on)
        row.addStretch(1)
        row.addWidget(self.resubmit)
        self.body.addLayout(row)
        self.hide()

    def _question(self) -> QWidget:
        self.question = QWidget()
        row = QHBoxLayout(self.question)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(Text(self.tr("It is from"), wrap=False))
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Service and panel of the list"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(24)
        self.compare = QPushButton(self.tr("Compare"))
        self.compare.clicked.connect(self._chosen)
        row.addWidget(self.choice, 1)
        row.addWidget(self.compare)
        row.addStretch(1)
        return self.question

    def ask(
        self, path: Path, dataset: str, wanted: Sequence[Target], then: Callable[[Target], object]
    ) -> None:
        """Ask from which service and panel a list is; the first is proposed."""
        self._then = then
        self._wanted = list(wanted)
        self.choice.clear()
        for each in self._wanted:
            self.choice.addItem(each.words)
        said = self.tr("{0} is compared with what Haplodesk predicts for {1}.")
        self._stage(said.format(path.name, dataset))
        self.question.show()
        self.show()
        self.compare.setFocus()

    def _chosen(self) -> None:
        number = self.choice.currentIndex()
        if self._then is not None and 0 <= number < len(self._wanted):
            self._then(self._wanted[number])

    def wait(self, path: Path) -> None:
        """The files are judged again and compared."""
        self._stage(self.tr("{0} is compared with the prediction…").format(path.name))
        self.show()

    def show_problem(self, problem: Problem) -> None:
        """It could not be compared."""
        self._stage("")
        self.problem.show_problem(problem)
        self.show()

    def show_comparison(self, found: Comparison, target: Target) -> None:
        """Show where both differ."""
        self._stage(f"{found.headline.rstrip('.')}. {count_words(found)}")
        self.badge.show_status(agreement(found))
        self.badge.show()
        self.target = target
        rows = difference_rows(found)
        self.table.show_rows(rows)
        self.table.setVisible(bool(rows))
        self.learnt.setText(learnt_words(found))
        self.learnt.setVisible(bool(self.learnt.text()))
        self.resubmit.show()
        self.show()

    def _stage(self, words: str) -> None:
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.problem.clear()
        for widget in (self.badge, self.question, self.table, self.learnt, self.resubmit):
            widget.hide()

    def _go_on(self) -> None:
        if self.target is not None:
            self._resubmit(self.target)
