"""The garbage collector's rounds, in the Qt thread.

Python collects in whatever thread happens to make the object that is one too many. Objects of Qt that only
hold one another would then end in the asyncio thread or in one of its helpers: a timer cannot be stopped from
there and an event may be on its way to what is deleted, so the program crashed. While there is a window, no
thread collects by itself; a timer of the Qt thread does so when as much was made as Python would wait for.

A round takes half a microsecond for each object that it looks at. Ten thousand panels or datasets are half a
million objects, at which Python would look again and again: the window stood still for up to a
second (measured). `keep_short` bounds the rounds: what was looked at once is put by, and so is what
came in too great a number to look at, which is data. Garbage among it waits until nobody works in the window.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

EVERY_MS = 200
MOST_MADE = 15_000
"""Objects in one round; more of them at once are data."""

MOST_UNSEEN = 25_000
"""Objects that come together before all of them are looked at and put by."""

REST_MS = 30_000
"""After so long in another program nobody works in the window."""


class GarbageRounds(QObject):
    """Collects in the thread that made it, until it is stopped or destroyed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._by_itself = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(collect_due)
        self._timer.start()
        self._unseen = 0
        self._put_by = False
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.look_at_all)

    def keep_short(self) -> None:
        """Never hold the window up for more than some ten milliseconds; for the program, not for tests."""
        self._timer.timeout.disconnect(collect_due)
        self._timer.timeout.connect(self.short_round)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self._on_state)

    def short_round(self) -> None:
        """Look at what is new, unless there is too much of it."""
        made = gc.get_count()[0]
        if made <= gc.get_threshold()[0]:
            return
        self._unseen += made
        if made > MOST_MADE:
            self._put()
        elif self._unseen > MOST_UNSEEN:
            gc.collect()
            self._put()
        else:
            gc.collect(1)

    def _put(self) -> None:
        """Put by what is there: no round looks at it any more, until all is looked at."""
        gc.freeze()
        self._unseen = 0
        self._put_by = True

    def look_at_all(self) -> None:
        """A round over everything, when something was put by since the last one."""
        if self._put_by:
            gc.unfreeze()
            gc.collect()
            self._put()
            self._put_by = False

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._rest.stop()
        else:
            self._rest.start()

    def stop(self) -> None:
        """Leave the collector as it was found; idempotent."""
        if self._timer.isActive():
            self._timer.stop()
            self._rest.stop()
            if self._by_itself:
                gc.enable()


def collect_due() -> None:
    """Take the rounds that are due, as Python counts them: of the youngest objects, or of older ones too."""
    counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
    due = [generation for generation, (made, most) in enumerate(counts) if made > most]
    if 0 in due:
        gc.collect(due[-1])
