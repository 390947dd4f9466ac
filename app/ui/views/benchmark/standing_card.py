"""How a benchmark stands: who is best and how sure that is, each panel's figures, groups, warnings."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton

from app.domain.benchmark import Benchmark
from app.ui.context import Context
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.benchmark.standing_words import (
    group_columns,
    group_rows,
    group_words,
    headline,
    hidden_words,
    standing_columns,
    standing_rows,
)
from app.ui.widgets.basics import Card, Text, primary
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.short_table import ShortTable


class StandingCard(Card):
    """`again` and `remove` are connected by the page; `everything` asks to send all, True: once more."""

    everything = Signal(bool)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.words = Text(bold=True)
        self.words.setAccessibleName(self.tr("What came out"))
        self.hidden = Text(muted=True)
        self.cautions = CautionLines(context.theme, self.tr("Careful"))
        self.table = ShortTable(context.theme, self.tr("Panels by their score"), standing_columns())
        self.meaning = Text(
            self.tr(
                "Score: r² times the share of sites that are present, the mean over the ranges of frequency. "
                "r² is that at the hidden sites, carried over to all untyped sites that the result has; the "
                "share is that of the common untyped sites which the most accurate results have."
            ),
            muted=True,
        )
        self.groups_title = Text(bold=True)
        self.groups = ShortTable(context.theme, self.tr("Panels by groups of people"), group_columns())
        widgets = (self.words, self.hidden, self.cautions, self.table, self.meaning)
        for widget in (*widgets, self.groups_title, self.groups):
            self.body.addWidget(widget)
        self.sent = Text()
        self.body.addWidget(self.sent)
        for row in self._buttons(context):
            self.body.addLayout(row)
        self._job_id: str | None = None
        self._whole: str | None = None

    def _buttons(self, context: Context) -> tuple[QHBoxLayout, QHBoxLayout]:
        """Two rows, so that they find room in a small window."""
        self.remove = QPushButton(self.tr("Remove…"))
        self.jobs = QPushButton(self.tr("See the jobs"))
        self.jobs.clicked.connect(lambda: context.navigate("jobs", self._job_id))
        self.again = QPushButton()
        self.twice = QPushButton(self.tr("Send everything once more…"))
        self.twice.clicked.connect(lambda: self.everything.emit(True))
        self.whole = primary(QPushButton(self.tr("See the job with everything")))
        self.whole.clicked.connect(lambda: context.navigate("jobs", self._whole))
        self.winner = primary(QPushButton())
        self.winner.clicked.connect(lambda: self.everything.emit(False))
        rows = QHBoxLayout(), QHBoxLayout()
        kept = (self.jobs, self.remove), (self.again, self.twice, self.whole, self.winner)
        for row, buttons in zip(rows, kept, strict=True):
            row.setSpacing(GRID)
            row.addStretch(1)
            for button in buttons:
                row.addWidget(button)
        return rows

    def show_benchmark(self, made: Benchmark, missing: int) -> None:
        """Show it; `missing` is the number of panels that could be sent to again."""
        self.words.setText(headline(made))
        self.hidden.setText(hidden_words(made))
        self.cautions.show_lines(made.warnings)
        self.table.show_rows(standing_rows(made))
        self._show_groups(made)
        self._job_id = next((each.job_id for each in made.entries if each.job_id), None)
        self.jobs.setVisible(self._job_id is not None)
        self.again.setText(plural(self.tr("Send to %Ln panel(s) without a result…", "", missing), missing))
        self.again.setVisible(missing > 0)
        self._show_whole(made)

    def _show_groups(self, made: Benchmark) -> None:
        rows = group_rows(made)
        self.groups.show_rows(rows)
        self.groups_title.setText(group_words(made))
        for widget in (self.groups, self.groups_title):
            widget.setVisible(bool(rows))

    def _show_whole(self, made: Benchmark) -> None:
        """Who has everything; nobody sends it twice without seeing that."""
        best, sent = made.winner, made.full_job_id is not None
        self._whole = made.full_job_id
        self.sent.setText(self.tr("The whole dataset was sent already.") if sent else "")
        self.sent.setVisible(sent)
        self.whole.setVisible(sent)
        self.twice.setVisible(sent and best is not None)
        self.winner.setVisible(best is not None and not sent)
        if best is not None:
            self.winner.setText(self.tr("Send everything to {0}").format(best.panel_name))
