"""What a test must not leave behind: threads, child processes, tasks, windows, warnings in the log."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from tests.helpers.quick_processes import server_pid

GRACE_S = 20.0


class Watch:
    """What was there before a test; `leaks` says what is there after it and was not before."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._children = _children()
        self._windows = _windows()

    def leaks(self) -> list[str]:
        """Sentences about what is left, after waiting for it to end."""
        looks: tuple[Callable[[], list[str]], ...] = (
            self._new_threads,
            self._new_children,
            self._new_windows,
            _tasks_without_loop,
        )
        return [line for look in looks for line in _patiently(look)]

    def _new_threads(self) -> list[str]:
        left = (t for t in threading.enumerate() if t not in self._threads and t.is_alive())
        return [f"a thread was left: {t.name}" for t in left if not isinstance(t, threading._DummyThread)]

    def _new_children(self) -> list[str]:
        tracker = getattr(resource_tracker._resource_tracker, "_pid", None)
        left = _children() - self._children - {tracker, server_pid()}
        return [f"a child process was left: {pid} {_command(pid)}" for pid in left if pid and _command(pid)]

    def _new_windows(self) -> list[str]:
        return [f"a window was left: {text}" for text in (_windows() - self._windows)]


def _patiently(look: Callable[[], list[str]]) -> list[str]:
    end = time.monotonic() + GRACE_S
    while (left := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


_STRANGERS: set[str] = set()


def _children() -> set[int]:
    """The ids of this process's children; empty where the system does not tell.

    Processes of others are looked at once only: a machine may run hundreds and a suite has many tests.
    """
    try:
        now = {name for name in os.listdir("/proc") if name.isdigit()}
    except OSError:
        return set()
    _STRANGERS.intersection_update(now)
    parents = {os.getpid(), server_pid()}
    mine = {pid for pid in now - _STRANGERS if _parent(pid) in parents}
    _STRANGERS.update(now - mine)
    return {int(pid) for pid in mine}


def _parent(pid: str) -> int:
    try:
        stat = Path("/proc", pid, "stat").read_text(errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def _command(pid: int) -> str:
    """The command line of a process; empty when it ended and only waits to be collected."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
    return "" if "resource_tracker" in text else text


def _windows() -> set[str]:
    """The visible top-level widgets, by class, title and address; empty when Qt was never loaded."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    application = widgets and widgets.QApplication.instance()
    if not widgets or not isinstance(application, widgets.QApplication):
        return set()
    shown = (w for w in widgets.QApplication.topLevelWidgets() if w.isVisible())
    return {f"{type(w).__name__} {w.windowTitle()!r} ({id(w):#x})" for w in shown}


def _tasks_without_loop() -> list[str]:
    """Unfinished tasks of loops that run no more: nobody will ever finish them."""
    known: Any = getattr(asyncio.tasks, "_scheduled_tasks", None) or getattr(asyncio.tasks, "_all_tasks", ())
    left = [t for t in list(known) if not t.done() and not t.get_loop().is_running()]
    return [f"an asyncio task was left: {task.get_name()} {task.get_coro()}" for task in left]


class LogWatch(logging.Handler):
    """Collects what is logged at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)

    def unexpected(self, allowed: list[str]) -> list[str]:
        """Sentences about records that no pattern allows; a pattern is searched in `logger: message`."""
        lines = [f"{record.name}: {record.getMessage()}" for record in self.records]
        return [f"it was logged: {line}" for line in lines if not any(re.search(p, line) for p in allowed)]
