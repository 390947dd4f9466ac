"""Garbage is collected in the Qt thread: objects of Qt that end in another one crash the program."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from app.ui.bridge import Bridge
from app.ui.garbage import MOST_MADE, GarbageRounds, collect_due


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


@pytest.fixture
def rounds(qapp: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[GarbageRounds, list[str]]]:
    """Short rounds that only say what they would do; 700 objects make one due."""
    done: list[str] = []
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    monkeypatch.setattr(gc, "collect", lambda generation=2: done.append(f"collect {generation}"))
    monkeypatch.setattr(gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(gc, "unfreeze", lambda: done.append("unfreeze"))
    made = GarbageRounds()
    yield made, done
    made.stop()


def _rounds_of(counts: list[int], made: GarbageRounds, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in counts:
        monkeypatch.setattr(gc, "get_count", lambda each=each: (each, 0, 0))
        made.short_round()


@pytest.mark.parametrize(
    ("counts", "done"),
    [
        ([700], []),
        ([701, 701], ["collect 1", "collect 1"]),
        ([MOST_MADE + 1], ["freeze"]),
        ([MOST_MADE, MOST_MADE], ["collect 1", "collect 2", "freeze"]),
        ([MOST_MADE, MOST_MADE, 701], ["collect 1", "collect 2", "freeze", "collect 1"]),
    ],
)
def test_a_short_round_never_looks_at_much(
    counts: list[int],
    done: list[str],
    rounds: tuple[GarbageRounds, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _rounds_of(counts, rounds[0], monkeypatch)
    assert rounds[1] == done


def test_what_was_put_by_is_looked_at_when_nobody_works_here(
    rounds: tuple[GarbageRounds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, done = rounds
    made.look_at_all()
    assert done == []
    _rounds_of([MOST_MADE + 1], made, monkeypatch)
    made.look_at_all()
    made.look_at_all()
    assert done == ["freeze", "unfreeze", "collect 2", "freeze"]


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
