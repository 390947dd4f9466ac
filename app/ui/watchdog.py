"""In development: says in the log when the Qt thread was busy for more than 50 ms."""

from __future__ import annotations

import faulthandler
import logging
import os
import tempfile
import threading
import time

from PySide6.QtCore import QObject, QTimer

log = logging.getLogger(__name__)
LIMIT_S = 0.05
TICK_MS = 10


class Watchdog(QObject):
    """A timer ticks in the Qt thread, a thread looks whether it still does and where it is stuck."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = time.monotonic()
        self._stop = threading.Event()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        self.worst = 0.0

    def stop(self) -> None:
        """End the thread."""
        self._timer.stop()
        self._stop.set()
        self._thread.join(1.0)

    def _tick(self) -> None:
        now = time.monotonic()
        late = now - self._last
        self.worst = max(self.worst, late)
        self._last = now

    def _watch(self) -> None:
        told = 0.0
        while not self._stop.wait(LIMIT_S / 2):
            last = self._last
            if time.monotonic() - last > LIMIT_S + TICK_MS / 1000 and last != told:
                told = last
                log.warning("The window was busy for more than %d ms:\n%s", LIMIT_S * 1000, _where_all_are())


def _where_all_are() -> str:
    """Where each thread is; `sys._current_frames` crashed the program when it was called beside PySide."""
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read().decode(errors="replace")


def wanted() -> bool:
    """Whether the environment asks for the watchdog."""
    return os.environ.get("HAPLODESK_WATCHDOG") == "1"
