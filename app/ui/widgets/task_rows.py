"""The running tasks of one thing, a row each, updated in place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.operations.tasks import Task
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.progress import ProgressRow


class TaskRows(QWidget):
    """Hidden while there is none."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.rows: dict[str, ProgressRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID // 2)
        self.hide()

    def show_tasks(self, tasks: Sequence[Task]) -> None:
        """Show these tasks and no others."""
        wanted = {t.id for t in tasks}
        for gone in [each for each in self.rows if each not in wanted]:
            row = self.rows.pop(gone)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for task in tasks:
            if task.id not in self.rows:
                self.rows[task.id] = self._row(task.id)
            self.rows[task.id].show_progress(task.title, task.progress)
        self.setVisible(bool(tasks))

    def _row(self, task_id: str) -> ProgressRow:
        row = ProgressRow(self.context.theme, lambda: self.context.cancel_task(task_id))
        self._column.addWidget(row)
        return row
