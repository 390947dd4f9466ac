"""Notices: bottom right, stacked, closing by themselves, with a button that does something about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QCursor, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.domain.problem import Problem
from app.ui.colours import Status
from app.ui.theme import GRID, Theme
from app.ui.widgets.basics import Text, link

SHOWN_MS = 7000
SHOWN_WITH_BUTTON_MS = 12000
MOST = 4
WIDTH = 380


class NoticeBox(QFrame):
    """One notice; stays as long as somebody who moved the pointer onto it reads it."""

    def __init__(self, notices: Notices, theme: Theme, status: Status, title: str, body: str) -> None:
        super().__init__(notices.window)
        self.setObjectName("popup")
        self.setFixedWidth(WIDTH)
        self.about = ""
        self._notices = notices
        self._rested: QPoint | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._end)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 3 // 2, GRID * 3 // 2, GRID, GRID * 3 // 2)
        row.setSpacing(GRID * 3 // 2)
        picture = QLabel()
        theme.bind(
            picture,
            lambda label: label.setPixmap(
                theme.icon(status.value, theme.colours.status[status]).pixmap(20, 20)
            ),
        )
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        self.words = QVBoxLayout()
        self.words.setSpacing(GRID // 2)
        self.words.addWidget(Text(title, bold=True))
        if body:
            self.words.addWidget(Text(body, muted=True))
        row.addLayout(self.words, 1)
        close = QToolButton()
        theme.bind_icon(close, "close")
        close.setAccessibleName(self.tr("Close this notice"))
        close.clicked.connect(lambda: notices.close(self))
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def add_button(self, words: str, on_click: Callable[[], object]) -> None:
        """One button below the words."""
        self.words.addWidget(link(words, on_click), 0, Qt.AlignmentFlag.AlignLeft)

    def fit(self) -> None:
        """Take the height that the wrapped words need."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(WIDTH))

    def start(self, milliseconds: int) -> None:
        """Begin to count; 0 means that it stays."""
        self._timer.setInterval(milliseconds)
        if milliseconds:
            self._timer.start()

    def _end(self) -> None:
        """Close, unless somebody reads; a pointer that only rests where the box came up is nobody."""
        if self._rested is None or QCursor.pos() == self._rested:
            self._notices.close(self)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """The pointer is on it; whether it moves is seen at the end of the time."""
        self._rested = event.globalPosition().toPoint()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nobody reads it any more."""
        self._rested = None
        if self._timer.interval() and not self._timer.isActive():
            self._timer.start(SHOWN_MS)


class Notices(QObject):
    """The stack of notices of a window."""

    def __init__(self, theme: Theme, window: QWidget | None = None) -> None:
        super().__init__(window)
        self._theme = theme
        self._boxes: list[NoticeBox] = []
        self.window: QWidget | None = None
        self.bottom: Callable[[], int] = lambda: 0
        """How much of the lower edge of the window stays free of notices, pixels."""
        if window is not None:
            self.attach(window)

    def attach(self, window: QWidget) -> None:
        """Show the notices in this window."""
        self.window = window
        window.installEventFilter(self)

    def say(
        self,
        title: str,
        body: str = "",
        status: Status = Status.DONE,
        button: str = "",
        on_click: Callable[[], object] | None = None,
        stay: bool = False,
        about: str = "",
    ) -> NoticeBox:
        """Show a notice; with a button it stays longer, with `stay` until it is closed.

        `about` is the id of a job: what was said of it before is old now and closes.
        """
        for older in [each for each in self._boxes if about and each.about == about]:
            self.close(older)
        box = NoticeBox(self, self._theme, status, title, body)
        if button and on_click is not None:
            box.add_button(button, lambda: self._act(box, on_click))
        box.about = about
        self._boxes.append(box)
        while len(self._boxes) > MOST:
            self.close(self._boxes[0])
        box.fit()
        box.show()
        self.place()
        box.start(0 if stay else SHOWN_WITH_BUTTON_MS if button else SHOWN_MS)
        announcement = QAccessibleAnnouncementEvent(box, f"{title}. {body}")
        QAccessible.updateAccessibility(announcement)
        return box

    def problem(self, problem: Problem, retry: Callable[[], object] | None = None) -> NoticeBox:
        """Tell a problem that has no place of its own in a view."""
        body = " ".join(part for part in (problem.what_happened, problem.what_you_can_do) if part)
        again = retry if problem.retry else None
        return self.say(problem.title, body, Status.FAILED, self.tr("Try again") if again else "", again)

    def _act(self, box: NoticeBox, on_click: Callable[[], object]) -> None:
        self.close(box)
        on_click()

    def boxes(self) -> tuple[NoticeBox, ...]:
        """The notices on screen, oldest first."""
        return tuple(self._boxes)

    def close(self, box: NoticeBox) -> None:
        """Take a notice away."""
        if box in self._boxes:
            self._boxes.remove(box)
            box.hide()
            box.deleteLater()
            self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay in the corner when the window changes its size."""
        if event.type() == QEvent.Type.Resize:
            self.place()
        return super().eventFilter(watched, event)

    def place(self) -> None:
        """Stack the notices above what must stay free."""
        if self.window is None:
            return
        y = self.window.height() - min(self.bottom(), self.window.height() // 2) - GRID * 2
        for box in reversed(self._boxes):
            y -= box.height()
            box.move(self.window.width() - box.width() - GRID * 2, y)
            box.raise_()
            y -= GRID
