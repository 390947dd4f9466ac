"""How a benchmark stands: who is best and how sure that is, each panel's state and figures, the warnings."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from app.domain.benchmark import Benchmark
from app.ui.context import Context
from app.ui.text import plural
from app.ui.views.benchmark.standing_words import headline, hidden_words, standing_columns, standing_rows
from app.ui.widgets.basics import Card, Text, primary
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.short_table import ShortTable


class StandingCard(Card):
    """`winner` and `again` are connected by the page."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.words = Text(bold=True)
        self.words.setAccessibleName(self.tr("What came out"))
        self.hidden = Text(muted=True)
        self.cautions = CautionLines(context.theme, self.tr("Careful"))
        self.table = ShortTable(context.theme, self.tr("Panels by their score"), standing_columns())
        self.meaning = Text(
            self.tr(
                "Score: the mean r² over the ranges of frequency at the hidden sites; a site that is not in "
                "the result counts as 0."
            ),
            muted=True,
        )
        for widget in (self.words, self.hidden, self.cautions, self.table, self.meaning):
            self.body.addWidget(widget)
        row = QHBoxLayout()
        self.jobs = QPushButton(self.tr("See the jobs"))
        self.jobs.clicked.connect(lambda: context.navigate("jobs", self._job_id))
        self.again = QPushButton()
        self.winner = primary(QPushButton())
        row.addStretch(1)
        for button in (self.jobs, self.again, self.winner):
            row.addWidget(button)
        self.body.addLayout(row)
        self._job_id: str | None = None

    def show_benchmark(self, made: Benchmark, missing: int) -> None:
        """Show it; `missing` is the number of panels that could be sent to again."""
        self.words.setText(headline(made))
        self.hidden.setText(hidden_words(made))
        self.cautions.show_lines(made.warnings)
        self.table.show_rows(standing_rows(made))
        self._job_id = next((each.job_id for each in made.entries if each.job_id), None)
        self.jobs.setVisible(self._job_id is not None)
        self.again.setText(plural(self.tr("Send to %Ln panel(s) without a result…", "", missing), missing))
        self.again.setVisible(missing > 0)
        best = made.winner
        self.winner.setVisible(best is not None)
        if best is not None:
            self.winner.setText(self.tr("Send everything to {0}").format(best.panel_name))
