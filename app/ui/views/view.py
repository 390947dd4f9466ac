"""What every page of the window is, and how the window learns of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.domain.progress import Report
from app.ui.bridge import Task
from app.ui.context import Context

T = TypeVar("T")


class View(QWidget):
    """A page.

    It reads in `refresh`, which is called when it is first shown, when something of `nouns` changed while it
    was visible, and when it is shown again after such a change.
    """

    nouns: ClassVar[frozenset[Noun]] = frozenset()
    tick_ms: ClassVar[int] = 0
    """If not 0, `tick` is called that often while the page is visible; for relative times."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.context = context
        self._stale = True
        self._again = QTimer(self, singleShot=True, interval=60)
        self._again.timeout.connect(self._refresh_now)
        self._ticker = QTimer(self, interval=max(1, self.tick_ms))
        self._ticker.timeout.connect(self.tick)
        context.bridge.changed.connect(self._on_changes)

    def refresh(self) -> None:
        """Read everything that is shown. Asks by `self.read(...)`; never waits."""

    def tick(self) -> None:
        """Bring relative times up to date."""

    def reveal(self, item_id: str) -> None:
        """Show one thing: select its row, scroll to it."""

    def take_focus(self) -> None:
        """Give the keyboard to the first control of the page."""
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            tabbed = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if tabbed and widget.isVisibleTo(self) and widget.isEnabled() and self.isAncestorOf(widget):
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            widget = widget.nextInFocusChain()

    def foot_height(self) -> int:
        """Pixels at the lower edge that notices must not cover."""
        return 0

    claims_results = False
    """Whether files of a result that are dropped here belong to what it shows, where `drop_words` says so."""

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """What dropping these files here would do, in one sentence; None leaves it to the window."""
        return None

    def drop(self, paths: Sequence[Path]) -> None:
        """Do what `drop_words` said."""

    def read(self, coroutine: Coroutine[Any, Any, T], on_done: Callable[[T], object]) -> Task:
        """Read something for this page; problems go to `on_read_problem`."""
        return self.context.bridge.run(coroutine, self, on_done, self.on_read_problem)

    def on_read_problem(self, problem: Problem) -> None:
        """Where a failed read is shown."""
        self.context.notices.problem(problem, self.refresh)

    def do(
        self,
        work: Coroutine[Any, Any, T] | Callable[[Report], Coroutine[Any, Any, T]],
        on_done: Callable[[T], object] | None = None,
        on_problem: Callable[[Problem], object] | None = None,
        on_stopped: Callable[[], object] | None = None,
    ) -> Task:
        """Run an operation. Without `on_problem` its Problem is shown as a notice."""
        told = on_problem or self.context.notices.problem
        return self.context.bridge.run(work, self, on_done, told, on_stopped=on_stopped)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read what became stale while hidden."""
        super().showEvent(event)
        if self._stale:
            self._refresh_now()
        if self.tick_ms:
            self._ticker.start()

    def hideEvent(self, event: object) -> None:  # noqa: N802
        """Nobody looks."""
        self._ticker.stop()

    def _on_changes(self, changes: Changes) -> None:
        if not self.nouns & changes.nouns():
            return
        self._stale = True
        if self.isVisible() and not self._again.isActive():
            self._again.start()

    def _refresh_now(self) -> None:
        self._stale = False
        self.refresh()


@dataclass(frozen=True)
class ViewSpec:
    """A page as the window knows it before it is made. `make` imports the view when it is first shown.

    `in_rail` False: reached by a button or a command only. `badge` names the count of `attention.Counts`.
    """

    id: str
    title: Callable[[], str]
    icon: str
    make: Callable[[Context], View]
    in_rail: bool = True
    shortcut: str = ""
    badge: str = ""
