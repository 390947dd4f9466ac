"""Garbage is collected in the Qt thread: objects of Qt that end in another one crash the program."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.ui.bridge import Bridge
from app.ui.garbage import GarbageRounds, collect_due


class _Ring(QObject):
    """Holds itself, and a timer that must not be stopped from another thread."""

    ended_in: list[str]

    def __init__(self, ended_in: list[str]) -> None:
        super().__init__()
        self.ended_in = ended_in
        self.itself = self
        self.timer = QTimer(self)
        self.timer.start(10)

    def __del__(self) -> None:
        self.ended_in.append(threading.current_thread().name)


async def _make_rings() -> None:
    for _ in range(5_000):
        ring: list[object] = []
        ring.append(ring)


@pytest.fixture
def as_usual() -> None:
    """The collector as Python starts it: the tests themselves keep other threads from collecting."""
    gc.enable()


@pytest.mark.usefixtures("as_usual")
def test_what_only_holds_itself_ends_in_the_qt_thread(bridge: Bridge, qtbot: QtBot) -> None:
    ended_in: list[str] = []
    for _ in range(20):
        _Ring(ended_in)
    bridge.submit(_make_rings()).result(60)
    assert ended_in == []
    qtbot.waitUntil(lambda: len(ended_in) == 20, timeout=60_000)
    assert set(ended_in) == {threading.main_thread().name}


@pytest.mark.usefixtures("as_usual")
def test_the_collector_is_left_as_it_was(qapp: object) -> None:
    bridge = Bridge()
    assert not gc.isenabled()
    bridge.stop()
    bridge.stop()
    assert gc.isenabled()
    gc.disable()
    rounds = GarbageRounds()
    rounds.stop()
    assert not gc.isenabled()


@pytest.mark.parametrize(
    ("counts", "generation"),
    [((700, 11, 11), None), ((701, 0, 0), 0), ((701, 11, 0), 1), ((701, 10, 11), 2), ((701, 11, 11), 2)],
)
def test_the_rounds_are_those_that_python_would_take(
    counts: tuple[int, int, int], generation: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(gc, "get_count", lambda: counts)
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    monkeypatch.setattr(gc, "collect", taken.append)
    collect_due()
    assert taken == ([] if generation is None else [generation])
