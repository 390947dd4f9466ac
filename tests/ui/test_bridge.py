"""The crossing between Qt and asyncio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, Problem, problem
from app.domain.progress import Progress, Report
from app.ui.bridge import PROGRESS_EVERY_S, Bridge
from tests.ui.conftest import flush_deleted


async def _give(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def test_the_answer_comes_on_the_qt_thread(bridge: Bridge, qtbot: QtBot) -> None:
    owner = QObject()
    got: list[tuple[int, int]] = []
    bridge.run(_give(7), owner, lambda v: got.append((v, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(got))
    assert got == [(7, threading.get_ident())]


def test_a_problem_goes_to_on_problem(bridge: Bridge, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise problem(Kind.REFUSED, "No", "It said no.")

    owner, got = QObject(), []
    bridge.run(fail(), owner, None, got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert got[0].kind == Kind.REFUSED


def test_an_unforeseen_exception_is_a_bug(
    bridge: Bridge, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("x")

    owner, got = QObject(), []
    with qtbot.waitSignal(bridge.bug_found):
        bridge.run(fail(), owner, None, got.append)
    assert got[0].kind == Kind.BUG
    assert "ZeroDivisionError" in got[0].details
    assert "A task failed" in caplog.text


def test_a_problem_without_a_place_is_told_to_the_window(bridge: Bridge, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise problem(Kind.DISK, "Full", "The disk is full.")

    owner = QObject()
    with qtbot.waitSignal(bridge.problem_unclaimed) as caught:
        bridge.run(fail(), owner)
    told = caught.args[0] if caught.args else None
    assert isinstance(told, Problem)
    assert told.title == "Full"


def test_a_task_dies_with_its_owner(bridge: Bridge, qtbot: QtBot) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def wait() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    owner, got = QObject(), []
    bridge.run(wait(), owner, got.append, got.append)
    assert started.wait(60)
    owner.deleteLater()
    flush_deleted()
    assert cancelled.wait(60)
    qtbot.wait(20)
    assert got == []


def test_a_late_answer_is_dropped(bridge: Bridge, qtbot: QtBot) -> None:
    ready, go = threading.Event(), threading.Event()

    async def answer() -> int:
        ready.set()
        await asyncio.to_thread(go.wait, 60)
        return 1

    owner, got = QObject(), []
    task = bridge.run(answer(), owner, got.append)
    assert ready.wait(60)
    go.set()
    assert task.future is not None
    task.future.result(60)
    task.cancel()
    qtbot.wait(20)
    assert got == []


def test_cancelling_is_silent_also_before_the_start(bridge: Bridge, qtbot: QtBot) -> None:
    owner, got = QObject(), []
    for _ in range(20):
        bridge.run(_give(1), owner, got.append, got.append).cancel()
    qtbot.waitUntil(lambda: not any(bridge._tasks.values()))
    qtbot.wait(50)
    assert got == []


def test_who_waits_for_the_end_is_told_of_being_stopped(bridge: Bridge, qtbot: QtBot) -> None:
    """A task that a person ends in the strip, not its page: a page that waits would wait for ever."""

    async def ended() -> None:
        own = asyncio.current_task()
        assert own is not None
        own.cancel()
        await asyncio.Event().wait()

    async def given_up() -> None:
        raise problem(Kind.CANCELLED, "Stopped", "The transfer was stopped.")

    owner, told, stopped = QObject(), [], []
    for work in (ended(), given_up()):
        bridge.run(work, owner, told.append, told.append, on_stopped=lambda: stopped.append(1))
    qtbot.waitUntil(lambda: len(stopped) == 2)
    assert told == []


def test_progress_comes_at_most_four_times_a_second_and_always_at_the_end(
    bridge: Bridge, qtbot: QtBot
) -> None:
    async def work(report: Report) -> float:
        began = time.monotonic()
        for n in range(1, 101):
            report(Progress(done=n, total=100))
            await asyncio.sleep(0.001)
        return time.monotonic() - began

    owner, seen, done = QObject(), [], []
    bridge.run(work, owner, done.append, on_progress=lambda p: seen.append(p.done))
    qtbot.waitUntil(lambda: bool(done))
    assert len(seen) <= 2 + done[0] / PROGRESS_EVERY_S
    assert seen[-1] == 100


def test_changes_are_gathered_and_told_on_the_qt_thread(bridge: Bridge, qtbot: QtBot) -> None:
    def tell() -> None:
        for n in range(50):
            bridge.announce(Changes.of(Noun.JOB, str(n)))

    heard: list[Changes] = []
    bridge.changed.connect(heard.append)
    thread = threading.Thread(target=tell)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: sum(len(c.ids(Noun.JOB)) for c in heard) == 50)
    assert len(heard) <= 3


def test_a_query_runs_in_the_reader_of_the_store(qapp: object, qtbot: QtBot) -> None:
    class Reader:
        async def read(self, fn: Callable[[Any], Any]) -> Any:
            return await asyncio.to_thread(fn, "connection")

    bridge, owner, got = Bridge(Reader()), QObject(), []
    bridge.query(lambda c: f"{c} read", owner, got.append)
    qtbot.waitUntil(lambda: got == ["connection read"])
    bridge.stop()


def test_stop_cancels_and_ends_the_thread(qapp: object) -> None:
    bridge = Bridge()
    owner = QObject()
    bridge.run(asyncio.sleep(60), owner)
    bridge.stop()
    bridge.stop()
    assert not bridge._thread.is_alive()
    assert bridge.run(_give(1), owner).finished


def test_a_failure_that_nobody_waits_for_is_logged(
    bridge: Bridge, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("x")

    async def refused() -> None:
        raise problem(Kind.REFUSED, "No", "It said no.")

    for work in (bug(), refused()):
        assert bridge.submit(work).exception(60) is not None
    qtbot.waitUntil(lambda: len(caplog.records) == 2)
    assert "ZeroDivisionError" in caplog.text
    assert "It said no." in caplog.text
