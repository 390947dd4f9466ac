"""How processes end together. Imports little: every process that is started loads it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import wait


def end_group(pid: int | None) -> None:
    """Kill a process and all that it started, where the system has process groups."""
    if sys.platform != "win32" and pid is not None:
        with contextlib.suppress(OSError):  # it has not yet made its group, or has just ended
            os.killpg(pid, signal.SIGKILL)


def end_with_parent() -> None:
    """Body of a thread: leave no orphan when the program is killed, for nobody would read the answer."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        end_group(os.getpid())
        os._exit(1)
