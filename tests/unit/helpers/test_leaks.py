"""The leak check sees what is left; else every other test would pass by being blind."""

import asyncio
import gc
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.helpers import leaks
from tests.helpers.leaks import LogWatch, Watch


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "GRACE_S", 0.1)


def test_sees_a_thread() -> None:
    watch, end = Watch(), threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()
    assert watch.leaks() == ["a thread was left: forgotten"]
    end.set()
    thread.join()
    assert watch.leaks() == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells the children")
def test_sees_a_child_process() -> None:
    watch = Watch()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert [line.split(":")[0] for line in watch.leaks()] == ["a child process was left"]
        child.communicate(b"\n")
    assert watch.leaks() == []


def test_sees_a_task_that_nobody_finishes() -> None:
    watch, loop = Watch(), asyncio.new_event_loop()
    task = loop.create_task(asyncio.sleep(60), name="forgotten")
    loop.run_until_complete(asyncio.sleep(0))
    assert [line.split(" <")[0] for line in watch.leaks()] == ["an asyncio task was left: forgotten"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    gc.collect()
    assert watch.leaks() == []


def test_sees_a_window(qtbot: object) -> None:
    from PySide6.QtWidgets import QLabel

    watch, label = Watch(), QLabel("left")
    label.setWindowTitle("Forgotten")
    label.show()
    assert [line.split(" (")[0] for line in watch.leaks()] == ["a window was left: QLabel 'Forgotten'"]
    label.close()
    label.deleteLater()
    assert watch.leaks() == []


@pytest.mark.allow_log("^app.some: half a warning")
def test_an_allowed_warning_passes() -> None:
    logging.getLogger("app.some").warning("half a warning, as expected")


def test_unexpected_warnings_are_told() -> None:
    log = LogWatch()
    log.handle(logging.LogRecord("app.some", logging.WARNING, "", 0, "no %s", ("answer",), None))
    assert log.unexpected(["answer$"]) == []
    assert log.unexpected([]) == ["it was logged: app.some: no answer"]
