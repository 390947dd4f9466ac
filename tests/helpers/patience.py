"""Waits for the window that hold on a loaded machine: pytest-qt gives up after five seconds.

A wait ends when what it waits for has come, so a long limit costs only where something is wrong.
"""

from __future__ import annotations

from pytestqt.qtbot import QtBot

LIMIT_MS = 60_000


def be_patient() -> None:
    """Where a test names no limit, wait a minute."""
    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitExposed, QtBot.waitActive):
        assert wait.__kwdefaults__["timeout"] == 5_000, wait
        wait.__kwdefaults__["timeout"] = LIMIT_MS
