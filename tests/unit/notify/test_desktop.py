"""A real notification service on a session bus of its own; and a computer that has none."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.notice import Notice, NoticeKind
from app.notify.desktop import DesktopNotifier
from tests.helpers.displays import screen

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = Path(__file__).with_name("notify_program.py")


def notice(body: str = "GSA chr22 at the practice server") -> Notice:
    at = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    return Notice(id="n-1", key="done:1", kind=NoticeKind.JOB_DONE, title="The job is done", body=body, at=at)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a session bus")
@pytest.mark.parametrize("address", ["", "unix:path=/nowhere/bus", "tcp:host=127.0.0.1,port=1", "nonsense"])
def test_without_a_service_it_says_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert asyncio.run(_send_twice()) == [False, False]


async def _send_twice() -> list[bool]:
    notifier = DesktopNotifier()
    answers = [await notifier.send(notice(), lambda: None) for _ in range(2)]
    await notifier.close()
    return answers


@pytest.mark.needs_display
@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="no session bus can be started")
def test_a_bus_without_a_service_is_none() -> None:
    command = ["dbus-run-session", "--", sys.executable, str(PROGRAM), "no-service"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout.splitlines()[-1]) == {"taken": False}, done.stderr


@pytest.mark.needs_display
@pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("dbus-run-session", "dunst", "Xvfb")),
    reason="dunst, Xvfb or dbus-run-session is missing",
)
def test_a_real_service_shows_it_and_a_click_comes_back(tmp_path: Path) -> None:
    with screen() as display:
        command = ["dbus-run-session", "--", sys.executable, str(PROGRAM), "dunst", str(tmp_path / "dunstrc")]
        environment = {**os.environ, "DISPLAY": display}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False
        )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {
        "taken": True,
        "clicked": 1,
        "app": "Haplodesk",
        "title": "The job is done",
        "body": "GSA &lt;chr22&gt; &amp; more",
        "icon": "haplodesk",
        "after_restart": True,
    }, done.stderr
