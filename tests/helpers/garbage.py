"""Garbage is collected in the main thread only, as soon as Qt is loaded, and between two tests.

In the program the bridge sees to it; here windows of one test may become garbage while a server of the next
one runs in a thread, which then ended timers and models of another thread: a crash, now and then.
"""

from __future__ import annotations

import gc
import sys


def leave_loaded_alone() -> None:
    """Take what was loaded to collect the tests out of the rounds: a full one took 0.3 s (measured)."""
    gc.collect()
    gc.freeze()


def collect_here() -> None:
    """Keep other threads from collecting, and take the rounds that are due."""
    if "PySide6.QtCore" in sys.modules:
        from app.ui.garbage import collect_due

        gc.disable()
        collect_due()
