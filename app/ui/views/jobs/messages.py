"""What the server says, step by step, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.domain.job import JobStep, StepMessage
from app.ui import text
from app.ui.context import Context
from app.ui.status import step_state
from app.ui.theme import GRID
from app.ui.views.jobs.job_words import message_shown
from app.ui.widgets.basics import StatusBadge, Text, clear


class Messages(QWidget):
    """Rebuilt only when the server says something new."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = context.theme
        self.steps: tuple[JobStep, ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)

    def show_steps(self, steps: Sequence[JobStep]) -> None:
        """Show other messages."""
        if tuple(steps) == self.steps:
            return
        self.steps = tuple(steps)
        clear(self._column)
        for step in self.steps:
            self._column.addWidget(self._step(step))
        if not self.steps:
            self._column.addWidget(Text(self.tr("The service has not said anything yet."), muted=True))

    def _step(self, step: JobStep) -> QWidget:
        block = QWidget()
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(self._title(step))
        for message in step.messages:
            column.addLayout(self._message(message))
        return block

    def _title(self, step: JobStep) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(Text(step.name, bold=True, wrap=False))
        row.addWidget(StatusBadge(self._theme, step_state(step.state)))
        if step.progress is not None:
            row.addWidget(Text(text.percent(step.progress), muted=True, wrap=False))
        row.addStretch(1)
        return row

    def _message(self, message: StepMessage) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        shown = message_shown(message.kind)
        if shown is not None:
            row.addWidget(StatusBadge(self._theme, shown), 0, Qt.AlignmentFlag.AlignTop)
        words = Text(message.text)
        words.setToolTip(text.exact(message.at))
        row.addWidget(words, 1)
        return row
