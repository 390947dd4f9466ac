"""pyqtgraph, imported with the first chart, in the Qt thread.

Its import makes every type of three modules of Qt for Python, and classes that derive from these. A second
thread must not do so while the window makes types as well: the program crashed so. A thread only reads the
files (seconds from a slow disk); then the Qt thread makes the types a few at a time, which is more than half
of the work, and imports the rest at once (0.15 s measured).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer

from app.ui.bridge import Bridge

NAME = "pyqtgraph"
SLICE_S = 0.008


def load_plots(bridge: Bridge, owner: QObject, done: Callable[[Any], object]) -> None:
    """Call `done(pyqtgraph)` on the Qt thread as soon as it is imported, unless `owner` is gone by then."""
    bridge.run(asyncio.to_thread(_read_ahead), owner, lambda _: _Slices(owner, done))


def _read_ahead() -> None:
    """Bring the files into the system's cache; an installed program without a folder of them has nothing."""
    found = importlib.util.find_spec(NAME)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in Path(folder).rglob("*.pyc"):
            with contextlib.suppress(OSError):
                path.read_bytes()


class _Slices(QObject):
    def __init__(self, owner: QObject, done: Callable[[Any], object]) -> None:
        super().__init__(owner)
        self._done = done
        self._types = _make_types()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        until = time.monotonic() + SLICE_S
        for _ in self._types:
            if time.monotonic() > until:
                return
        self._timer.stop()
        self.deleteLater()
        self._done(importlib.import_module(NAME))


def _make_types() -> Iterator[None]:
    """Touch each name of the modules, which makes what stands behind it."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name, None)
            yield
