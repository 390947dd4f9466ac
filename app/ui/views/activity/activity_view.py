"""Activity: the tasks of this program as they run, and the timeline of everything that mattered."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.domain.changes import Noun
from app.operations.tasks import Task
from app.ui.context import Context
from app.ui.models.table import Column, TableModel, time_column
from app.ui.status import task_state
from app.ui.theme import GRID
from app.ui.views.view import View
from app.ui.widgets.basics import Card, EmptyState, SectionHeading, StatusBadge, Text, clear
from app.ui.widgets.progress import ProgressRow
from app.ui.widgets.table_view import TableView

ENDED_SHOWN = 4


class ActivityView(View):
    """Running tasks above, the timeline below."""

    nouns = frozenset({Noun.TASK})
    tick_ms = 1000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        column.addWidget(SectionHeading(self.tr("Tasks on this computer")))
        self.card = Card(context.theme)
        self.rows: dict[str, ProgressRow] = {}
        self.running = QVBoxLayout()
        self.running.setSpacing(GRID)
        self.ended = QVBoxLayout()
        self.ended.setSpacing(GRID // 2)
        self.nothing = Text(self.tr("Nothing is running."), muted=True)
        self.card.body.addWidget(self.nothing)
        self.card.body.addLayout(self.running)
        self.card.body.addLayout(self.ended)
        column.addWidget(self.card)
        column.addWidget(SectionHeading(self.tr("What happened")))
        self.table = self._make_table()
        column.addWidget(self.table, 1)
        self._ended_shown: tuple[str, ...] | None = None
        self._first = True

    def _make_table(self) -> TableView:
        columns = (
            time_column("at", self.tr("When"), self.context.now, width=120),
            Column("kind", self.tr("Kind"), 90),
            Column("text", self.tr("What"), 420),
            Column("job", self.tr("Job"), 160),
            Column("service", self.tr("Service"), 160),
        )
        model = TableModel(self.context.bridge, self.context.library.pages("event"), columns, Noun.EVENT)
        table = TableView(
            self.context,
            model,
            "event",
            "activity",
            self.tr("Filter, for example kind:request"),
        )
        table.set_empty(
            EmptyState(
                self.context.theme,
                "activity",
                self.tr("Everything that is sent, received or decided is written down here."),
            )
        )
        return table

    def refresh(self) -> None:
        """Show the tasks; the table follows by itself after the first time."""
        if self._first:
            self._first = False
            self.table.refresh()
        self._show_tasks(self.context.library.tasks())

    def tick(self) -> None:
        """Relative times."""
        self.table.grid.viewport().update()

    def _show_tasks(self, tasks: tuple[Task, ...]) -> None:
        running = [t for t in tasks if t.ended is None]
        ended = [t for t in tasks if t.ended is not None][-ENDED_SHOWN:]
        self.nothing.setVisible(not running)
        for gone in set(self.rows) - {t.id for t in running}:
            row = self.rows.pop(gone)
            row.hide()
            row.deleteLater()
        for task in running:
            if task.id not in self.rows:
                self.rows[task.id] = self._add_row(task.id)
            self.rows[task.id].show_progress(task.title, task.progress)
        if tuple(t.id for t in ended) != self._ended_shown:
            self._ended_shown = tuple(t.id for t in ended)
            self._show_ended(ended)

    def _add_row(self, task_id: str) -> ProgressRow:
        row = ProgressRow(self.context.theme, lambda: self.context.cancel_task(task_id))
        self.running.addWidget(row)
        return row

    def _show_ended(self, ended: list[Task]) -> None:
        clear(self.ended)
        for task in reversed(ended):
            line = QWidget()
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(GRID)
            row.addWidget(StatusBadge(self.context.theme, task_state(task.state)))
            title = QLabel(task.title)
            title.setTextFormat(Qt.TextFormat.PlainText)
            row.addWidget(title)
            if task.problem is not None:
                row.addWidget(Text(task.problem.what_happened, muted=True), 1)
            row.addStretch(1)
            self.ended.addWidget(line)
