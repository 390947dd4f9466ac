"""Runs inside a session bus of its own: sends a notification, looks into dunst's history, clicks it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.notice import Notice, NoticeKind
from app.notify.desktop import DesktopNotifier

SETTINGS = "[global]\n    origin = bottom-right\n    timeout = 0\n    markup = full\n"


def notice() -> Notice:
    at = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    text = "GSA <chr22> & more"
    return Notice(id="n-1", key="k", kind=NoticeKind.JOB_DONE, title="The job is done", body=text, at=at)


def started(settings: Path) -> subprocess.Popen[bytes]:
    """A dunst that answers."""
    settings.write_text(SETTINGS)
    service = subprocess.Popen(["dunst", "-conf", str(settings)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while dunstctl("is-paused") != "false" and time.monotonic() < end:
        time.sleep(0.05)
    return service


def dunstctl(*words: str) -> str:
    done = subprocess.run(["dunstctl", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def last_in_history() -> dict[str, Any]:
    entries = json.loads(dunstctl("history"))["data"][0]
    return {name: field["data"] for name, field in entries[0].items()} if entries else {}


async def with_dunst(settings: Path) -> dict[str, Any]:
    """Send, click, close, and send again to a service that was started anew."""
    service, notifier, clicks = started(settings), DesktopNotifier(), asyncio.Queue[int]()
    try:
        taken = await notifier.send(notice(), lambda: clicks.put_nowait(1))
        dunstctl("action", "0")
        clicked = await asyncio.wait_for(clicks.get(), 10)
        dunstctl("close-all")
        shown = last_in_history()
        service.terminate()
        service.wait(10)
        service = started(settings)
        after = await notifier.send(notice(), lambda: None)
        return {
            "taken": taken,
            "clicked": clicked,
            "app": shown.get("appname"),
            "title": shown.get("summary"),
            "body": shown.get("body"),
            "icon": Path(shown.get("icon_path", "")).stem,
            "after_restart": after,
        }
    finally:
        await notifier.close()
        service.terminate()
        service.wait(10)


async def without_service() -> dict[str, Any]:
    notifier = DesktopNotifier()
    taken = await notifier.send(notice(), lambda: None)
    await notifier.close()
    return {"taken": taken}


if __name__ == "__main__":
    work = without_service() if sys.argv[1] == "no-service" else with_dunst(Path(sys.argv[2]))
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")
