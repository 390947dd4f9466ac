"""Long work of the Qt thread in turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.ui.widgets.slices import Slices


@pytest.fixture
def owner(qapp: object) -> Iterator[QObject]:
    made = QObject()
    yield made
    made.deleteLater()


def _counting(into: list[int], most: int) -> Iterator[None]:
    for n in range(most):
        into.append(n)
        yield


def test_short_work_is_done_at_once(owner: QObject) -> None:
    seen: list[int] = []
    done: list[bool] = []
    Slices(owner, at_once=5).begin(_counting(seen, 4), lambda: done.append(True))
    assert seen == [0, 1, 2, 3]
    assert done == [True]


def test_long_work_goes_on_in_later_turns(owner: QObject, qtbot: QtBot) -> None:
    seen: list[int] = []
    done: list[int] = []
    work = Slices(owner, at_once=5, slice_s=0.0)
    work.begin(_counting(seen, 9), lambda: done.append(len(seen)))
    assert (len(seen), work.busy, done) == (5, True, [])
    qtbot.waitUntil(lambda: not work.busy)
    assert seen == list(range(9))
    assert done == [9]


def test_what_is_begun_anew_takes_the_place_of_the_rest(owner: QObject, qtbot: QtBot) -> None:
    first: list[int] = []
    second: list[int] = []
    done: list[str] = []
    work = Slices(owner, at_once=1)
    work.begin(_counting(first, 1000), lambda: done.append("first"))
    work.begin(_counting(second, 3), lambda: done.append("second"))
    qtbot.waitUntil(lambda: not work.busy)
    assert (len(first), len(second), done) == (1, 3, ["second"])
    work.begin(_counting(first, 1000))
    work.stop()
    assert not work.busy


def test_a_step_may_begin_other_work(owner: QObject, qtbot: QtBot) -> None:
    work = Slices(owner)
    seen: list[int] = []

    def restless() -> Iterator[None]:
        work.begin(_counting(seen, 2))
        yield
        seen.append(99)
        yield

    work.begin(restless())
    assert seen == [0, 1]
    assert not work.busy
