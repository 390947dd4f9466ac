"""Long work of the Qt thread in turns: the window answers between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

AT_ONCE = 60
"""Steps of the first turn: short lists are whole at once."""

SLICE_S = 0.012


class Slices(QObject):
    """Goes through an iterator, the first steps at once and the others in turns of some milliseconds.

    With `slice_s` 0 each step has a turn of its own, for what is slow to lay out. What is begun anew takes
    the place of what was not ended. The steps may not rely on what the window shows between them: a person
    may have chosen or closed something.
    """

    def __init__(self, parent: QObject, at_once: int = AT_ONCE, slice_s: float = SLICE_S) -> None:
        super().__init__(parent)
        self._slice_s = slice_s
        self._at_once = at_once
        self._steps: Iterator[object] = iter(())
        self._done: Callable[[], object] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    def begin(self, steps: Iterator[object], done: Callable[[], object] | None = None) -> None:
        """Take the first steps now; `done` is called after the last one."""
        self._timer.stop()
        self._steps, self._done = steps, done
        for _ in range(self._at_once):
            if not self._step():
                return
        self._timer.start()

    def stop(self) -> None:
        """Leave the rest."""
        self._timer.stop()
        self._steps, self._done = iter(()), None

    @property
    def busy(self) -> bool:
        """Whether there are steps left."""
        return self._timer.isActive()

    def _go_on(self) -> None:
        until = time.monotonic() + self._slice_s
        while self._step():
            if time.monotonic() > until:
                return

    def _step(self) -> bool:
        steps = self._steps
        try:
            next(steps)
        except StopIteration:
            if steps is self._steps:
                self._end()
            return False
        return steps is self._steps

    def _end(self) -> None:
        self._timer.stop()
        done, self._done = self._done, None
        if done is not None:
            done()
