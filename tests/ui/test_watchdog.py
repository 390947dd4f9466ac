"""The watchdog sees a blocked Qt thread."""

from __future__ import annotations

import time

import pytest
from pytestqt.qtbot import QtBot

from app.ui.watchdog import Watchdog, wanted


def test_a_blocked_slot_is_told_with_its_place(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    dog = Watchdog()
    qtbot.wait(60)
    end = time.monotonic() + 60
    while "test_watchdog" not in caplog.text and time.monotonic() < end:
        time.sleep(0.3)
    qtbot.waitUntil(lambda: dog.worst > 0.25)
    dog.stop()
    assert "busy for more than 50 ms" in caplog.text
    assert "test_watchdog" in caplog.text


def test_it_watches_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAPLODESK_WATCHDOG", raising=False)
    assert not wanted()
    monkeypatch.setenv("HAPLODESK_WATCHDOG", "1")
    assert wanted()
