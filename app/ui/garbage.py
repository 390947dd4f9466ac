"""The garbage collector's rounds, in the Qt thread.

Python collects in whatever thread happens to make the object that is one too many. Objects of Qt that only
hold one another would then end in the asyncio thread or in one of its helpers: a timer cannot be stopped from
there and an event may be on its way to what is deleted, so the program crashed. While there is a window, no
thread collects by itself; a timer of the Qt thread does so when as much was made as Python would wait for.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 200


class GarbageRounds(QObject):
    """Collects in the thread that made it, until it is stopped or destroyed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._by_itself = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(collect_due)
        self._timer.start()

    def stop(self) -> None:
        """Leave the collector as it was found; idempotent."""
        if self._timer.isActive():
            self._timer.stop()
            if self._by_itself:
                gc.enable()


def collect_due() -> None:
    """Take the rounds that are due, as Python counts them: of the youngest objects, or of older ones too."""
    counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
    due = [generation for generation, (made, most) in enumerate(counts) if made > most]
    if 0 in due:
        gc.collect(due[-1])
