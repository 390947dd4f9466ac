"""All about one prediction: reasons, the server's own words, its counters, the chunks it would lose."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.verdict import Verdict
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.uploads.verdict_words import (
    chunk_columns,
    chunk_rows,
    counter_rows,
    reason_columns,
    reason_rows,
)
from app.ui.widgets.basics import Text
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.switcher import Switcher

WORDS_HEIGHT = GRID * 14
ROWS = 8


class VerdictDetails(QWidget):
    """Hidden until a verdict is shown."""

    def __init__(
        self,
        context: Context,
        add_sites: Callable[[], object],
        predict: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.verdict: Verdict | None = None
        self._context = context
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID // 2)
        self._predict = predict
        column.addLayout(self._top(context))
        self.warnings = CautionLines(context.theme, self.tr("Caution"))
        column.addWidget(self.warnings)
        column.addLayout(self._not_judged(context, add_sites))
        self.parts = self._make_parts(context)
        self.parts.changed.connect(lambda _: self._fit_height())
        column.addWidget(self.parts)
        self.hide()

    def _make_parts(self, context: Context) -> Switcher:
        theme = context.theme
        self.reasons = ShortTable(theme, self.tr("Reasons"), reason_columns(), most=ROWS)
        self.words = QPlainTextEdit(readOnly=True)
        self.words.setAccessibleName(self.tr("The server's own words"))
        self.words.setTabChangesFocus(True)
        self.counters = ShortTable(
            theme,
            self.tr("Counters"),
            (Column("name", self.tr("Counter"), 260), Column("value", self.tr("Value"), 120, numeric=True)),
            most=ROWS,
        )
        self.chunks = ShortTable(theme, self.tr("Chunks it would leave out"), chunk_columns(), most=ROWS)
        parts = Switcher(self.tr("Details of the prediction"))
        for words, widget in (
            (self.tr("Reasons"), self.reasons),
            (self.tr("The server's own words"), self.words),
            (self.tr("Counters"), self.counters),
            (self.tr("Lost chunks"), self.chunks),
        ):
            parts.add(words, widget)
        return parts

    def _top(self, context: Context) -> QHBoxLayout:
        self.rules = Text(muted=True, minor=True)
        self.again = QPushButton(self.tr("Predict again…"))
        self.again.setToolTip(self.tr("For the same or another panel and population"))
        context.theme.bind_icon(self.again, "refresh")
        self.again.clicked.connect(self._ask_again)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.rules, 1)
        row.addWidget(self.again)
        return row

    def _not_judged(self, context: Context, add_sites: Callable[[], object]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.missing = Text()
        self.add_sites = QPushButton(self.tr("Add site list…"))
        context.theme.bind_icon(self.add_sites, "add")
        self.add_sites.clicked.connect(lambda: add_sites())
        self.read_panels = QPushButton(self.tr("Read its panels"))
        self.read_panels.setToolTip(self.tr("A site list is of a panel; this service has told none yet"))
        context.theme.bind_icon(self.read_panels, "refresh")
        self.read_panels.clicked.connect(self._ask_panels)
        row.addWidget(self.missing, 1)
        row.addWidget(self.add_sites)
        row.addWidget(self.read_panels)
        return row

    def _ask_panels(self) -> None:
        if self.verdict is not None:
            work = self._context.operations.sync_panels((self.verdict.service_id,))
            self._context.bridge.run(work, self, self._panels_read, self._context.notices.problem)

    def _panels_read(self, changes: Changes) -> None:
        n = len(changes.ids(Noun.PANEL))
        said = plural(self.tr("%Ln panel(s) changed", "", n), n) if n else self.tr("It tells none.")
        self._context.notices.say(self.tr("The panels are read"), said)

    def _ask_again(self) -> None:
        if self.verdict is not None:
            self._predict(self.verdict.service_id)

    def show_verdict(self, verdict: Verdict | None) -> None:
        """Show another one, or nothing."""
        changed = verdict != self.verdict
        self.verdict = verdict
        self.setVisible(verdict is not None)
        if verdict is None or not changed:
            return
        facts = [verdict.rules and self.tr("Rules: {0}").format(verdict.rules), verdict.lifted]
        if verdict.excluded:
            facts.append(self.tr("{0} sites would be left out").format(text.number(verdict.excluded)))
        self.rules.setText(" · ".join(f for f in facts if f))
        self.rules.setVisible(bool(self.rules.text()))
        missing = " ".join(verdict.not_judged)
        self.missing.setText(self.tr("Not judged: {0}").format(missing) if missing else "")
        self._offer_sites(verdict, missing)
        self.warnings.show_lines(verdict.warnings)
        self.reasons.show_rows(reason_rows(verdict.reasons))
        said = verdict.server_says
        self.words.setPlainText(said)
        self.counters.show_rows(counter_rows(verdict))
        self.chunks.show_rows(chunk_rows(verdict.lost_chunks))
        offered = [bool(verdict.reasons), bool(said), bool(verdict.counters), bool(verdict.lost_chunks)]
        self.parts.setVisible(any(offered))
        self.parts.offer(offered)
        self._fit_height()

    def _offer_sites(self, verdict: Verdict, missing: str) -> None:
        """A site list is of a panel: without one there is nothing that it could be used for."""
        of_panel = verdict.panel_id is not None
        if missing and not of_panel:
            said = self.tr("It was predicted for no panel of {0}, so no site list can be used.")
            self.missing.setText(f"{self.missing.text()} {said.format(verdict.service)}")
        self.missing.setVisible(bool(missing))
        self.add_sites.setVisible(bool(missing) and of_panel)
        self.read_panels.setVisible(bool(missing) and not of_panel)

    def _fit_height(self) -> None:
        """As high as what is shown needs: no empty rows below two reasons."""
        shown = self.parts.stack.currentWidget()
        if shown is not None:
            wanted = WORDS_HEIGHT if shown is self.words else shown.sizeHint().height()
            self.parts.stack.setFixedHeight(wanted)
