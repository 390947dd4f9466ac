"""The activity strip below: the transfer or task of the moment, and when the program looks next."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Job
from app.operations.tasks import Task
from app.ui import text
from app.ui.attention import is_lost
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text
from app.ui.widgets.progress import ProgressRow


class Strip(QFrame):
    """One line; a click opens Activity."""

    clicked = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.context = context
        self._task_id: str | None = None
        self._next_look: datetime | None = None
        self._at_services = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, GRID // 2, GRID * 2, GRID // 2)
        row.setSpacing(GRID * 2)
        self.idle = Text(muted=True, wrap=False)
        self.task_row = ProgressRow(context.theme, self._cancel)
        self.more = Text(muted=True, wrap=False)
        self.look = Text(muted=True, wrap=False)
        self.look_icon = QLabel()
        context.theme.bind(
            self.look_icon,
            lambda label: label.setPixmap(
                context.theme.icon("waiting", context.theme.colours.muted).pixmap(16, 16)
            ),
        )
        self.open_button = QToolButton()
        context.theme.bind_icon(self.open_button, "activity")
        self.open_button.setAccessibleName(self.tr("Open Activity"))
        self.open_button.setToolTip(self.tr("Open Activity"))
        self.open_button.clicked.connect(self.clicked)
        for label in (self.idle, self.more, self.look):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        row.addWidget(self.idle, 1)
        row.addWidget(self.task_row, 1)
        row.addWidget(self.more)
        row.addWidget(self.look_icon)
        row.addWidget(self.look)
        row.addWidget(self.open_button)
        self.setFixedHeight(GRID * 5)
        self._ticker = QTimer(self, interval=1000)
        self._ticker.timeout.connect(self._say_look)
        context.bridge.changed.connect(self._on_changes)
        self.show_tasks()
        self.show_look(None)

    def start(self) -> None:
        """Read for the first time."""
        self._read_look()
        self.show_tasks()
        self._ticker.start()

    def _on_changes(self, changes: Changes) -> None:
        nouns = changes.nouns()
        if Noun.TASK in nouns:
            self.show_tasks()
        if Noun.JOB in nouns:
            self._read_look()

    def show_tasks(self) -> None:
        """Show the oldest running task, and how many others there are."""
        running = [t for t in self.context.library.tasks() if t.ended is None]
        self.idle.setVisible(not running)
        self.task_row.setVisible(bool(running))
        others = len(running) - 1
        self.more.setVisible(others > 0)
        self.more.setText(text.plural(self.tr("and %Ln other(s)", "", others), others))
        if running:
            self._show(running[0])

    def _show(self, task: Task) -> None:
        self._task_id = task.id
        self.task_row.show_progress(task.title, task.progress)

    def _cancel(self) -> None:
        if self._task_id is not None:
            self.context.cancel_task(self._task_id)

    def _read_look(self) -> None:
        self.context.bridge.run(self.context.library.jobs(OPEN_STATES), self, self._take_jobs)

    def _take_jobs(self, jobs: tuple[Job, ...]) -> None:
        self._at_services = sum(j.remote_id is not None and not is_lost(j) for j in jobs)
        self.show_look(_earliest(jobs))

    def show_look(self, at: datetime | None) -> None:
        """When the next visit to a service is due."""
        self._next_look = at
        self._say_look()

    def _say_look(self) -> None:
        self._say_idle()
        looks = self.context.library.looks()
        at = looks.next_at or self._next_look
        for widget in (self.look, self.look_icon):
            widget.setVisible(at is not None or bool(looks.paused))
        if looks.paused:
            self.look.setText(self.tr("paused: {0}").format(looks.paused))
            self.look.setToolTip("")
        elif at is not None:
            left = (at - self.context.now()).total_seconds()
            words = self.tr("next look in {0}").format(text.duration(left))
            self.look.setText(words if left > 0 else self.tr("looking now"))
            self.look.setToolTip(text.exact(at))

    def _say_idle(self) -> None:
        words, n = self.tr("Nothing is being sent or checked"), self._at_services
        if n:
            words += " · " + text.plural(self.tr("%Ln job(s) at services", "", n), n)
        self.idle.setText(words)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Open the full list."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()


def _earliest(jobs: tuple[Job, ...]) -> datetime | None:
    return min((j.next_visit for j in jobs if j.next_visit is not None), default=None)
