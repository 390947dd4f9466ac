"""Waits for the window that hold on a loaded machine: pytest-qt gives up after five seconds.

A wait ends when what it waits for has come, so a long limit costs only where something is wrong.
"""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.ui import bridge

LIMIT_S = 60


def be_patient() -> None:
    """Wait a minute where a test names no limit, and as long for the asyncio thread to stop."""
    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitExposed, QtBot.waitActive):
        assert wait.__kwdefaults__["timeout"] == 5_000, wait
        wait.__kwdefaults__["timeout"] = 1000 * LIMIT_S
    bridge.STOP_WAIT_S = LIMIT_S
