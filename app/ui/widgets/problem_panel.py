"""A Problem shown in place: what happened, what to do, and the way to try again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.problem import Problem
from app.ui.colours import Status
from app.ui.theme import GRID, Theme
from app.ui.widgets.basics import Card, Text, link


class ProblemPanel(Card):
    """Hidden until `show_problem`; `clear` hides it again."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.problem: Problem | None = None
        self._retry: Callable[[], object] | None = None
        self._on_action: Callable[[], object] | None = None
        row = QHBoxLayout()
        row.setSpacing(GRID * 3 // 2)
        picture = QLabel()
        theme.bind(picture, lambda label: label.setPixmap(_sign(theme)))
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(GRID // 2)
        self.title = Text(bold=True)
        self.happened = Text()
        self.remedy = Text(muted=True)
        for label in (self.title, self.happened, self.remedy):
            words.addWidget(label)
        words.addLayout(self._buttons())
        row.addLayout(words, 1)
        self.body.addLayout(row)
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setAccessibleName(self.tr("Details"))
        self.details.setMaximumHeight(GRID * 18)
        self.details.hide()
        self.body.addWidget(self.details)
        self.hide()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.retry = QPushButton(self.tr("Try again"))
        self.retry.clicked.connect(self._again)
        self.action = QPushButton()
        self.action.clicked.connect(self._act)
        self.unfold = link(self.tr("Details"), self._toggle)
        self.copy = link(self.tr("Copy"), self._copy)
        for button in (self.action, self.retry, self.unfold, self.copy):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def show_problem(
        self,
        problem: Problem,
        retry: Callable[[], object] | None = None,
        action: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> None:
        """Show it; `action` is the button that mends it, if there is one."""
        self.problem = problem
        self._retry = retry
        self.title.setText(problem.title)
        self.happened.setText(problem.what_happened)
        self.happened.setVisible(bool(problem.what_happened))
        self.remedy.setText(problem.what_you_can_do)
        self.remedy.setVisible(bool(problem.what_you_can_do))
        self.retry.setVisible(retry is not None and problem.retry)
        self.unfold.setVisible(bool(problem.details))
        self.details.setPlainText(problem.details)
        self.details.hide()
        self._set_action(action, on_action)
        self.show()

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self.problem = None
        self.hide()

    def _set_action(self, words: str, on_action: Callable[[], object] | None) -> None:
        self.action.setVisible(on_action is not None)
        self.action.setText(words)
        self._on_action = on_action

    def _act(self) -> None:
        if self._on_action is not None:
            self._on_action()

    def _again(self) -> None:
        if self._retry is not None:
            self.clear()
            self._retry()

    def _toggle(self) -> None:
        self.details.setVisible(self.details.isHidden())

    def _copy(self) -> None:
        if self.problem is not None:
            QGuiApplication.clipboard().setText(f"{self.problem.sentence()}\n{self.problem.details}".strip())


def _sign(theme: Theme) -> QPixmap:
    return theme.icon("failed", theme.colours.status[Status.FAILED]).pixmap(20, 20)
