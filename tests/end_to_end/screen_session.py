"""The real program in a session bus and on a screen of its own, driven as by a person; tells what it saw.

`python -m tests.end_to_end.screen_session FOLDER` prints one JSON object; FOLDER holds `home`, prepared with
a notice that was not told yet.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

LIMIT_S = 60.0
SETTINGS = "[global]\n    origin = top-right\n    timeout = 0\n"


def told(*command: str) -> str:
    """What a program says; empty when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def until(look: Callable[[], Any], what: str) -> Any:
    """Look again and again until there is something."""
    end = time.monotonic() + LIMIT_S
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {LIMIT_S:.0f} s: {what}")
        time.sleep(0.1)
    return found


@contextmanager
def started(*command: str, errors: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs as long as the block."""
    with (errors or Path(os.devnull)).open("ab") as stream:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stream)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def windows(name: str) -> list[str]:
    """The visible windows of that title."""
    return told("xdotool", "search", "--onlyvisible", "--name", f"^{name}$").split()


def layout(home: Path) -> dict[str, Any]:
    """What the window remembers so far, from its database."""
    with closing(sqlite3.connect(f"file:{home / 'haplodesk.db'}?mode=ro", uri=True)) as database:
        found = database.execute("select text from state where key = 'window'").fetchone()
    return dict(json.loads(found[0])) if found else {}


def size_of(window: str) -> list[int]:
    """Width and height."""
    lines = told("xdotool", "getwindowgeometry", "--shell", window).splitlines()
    facts = dict(line.split("=") for line in lines)
    return [int(facts["WIDTH"]), int(facts["HEIGHT"])]


def first_run(folder: Path) -> dict[str, Any]:
    """Palette, notification, a click on it."""
    home = folder / "home"
    with started(*program(home), errors=folder / "errors.txt") as running:
        window = until(lambda: windows("Haplodesk"), "the window")[-1]
        told("xdotool", "windowactivate", "--sync", window)
        displayed = until(lambda: int(told("dunstctl", "count", "displayed") or 0), "a notification")
        told("xdotool", "key", "ctrl+k")
        until(lambda: windows("Search or command"), "the palette")
        told("xdotool", "type", "services")
        time.sleep(0.3)
        picture(folder / "palette.png")
        told("xdotool", "key", "Return")
        until(lambda: layout(home).get("window/view") == "services", "the page of services")
        told("xdotool", "windowsize", "--sync", window, "1010", "710")
        told("xdotool", "windowminimize", "--sync", window)
        until(lambda: not windows("Haplodesk"), "the window to go")
        told("dunstctl", "action", "0")
        until(lambda: windows("Haplodesk"), "the window to come back")
        until(lambda: layout(home).get("window/view") == "jobs", "the page of the job")
        until(lambda: told("xdotool", "getactivewindow") == window, "the window in front")
        told("dunstctl", "close-all")
        history = json.loads(told("dunstctl", "history"))["data"][0]
        time.sleep(1.0)
        picture(folder / "job.png")
        size = size_of(window)
    return {
        "displayed": displayed,
        "summary": history[0]["summary"]["data"],
        "app": history[0]["appname"]["data"],
        "size": size,
        "code": running.returncode,
    }


def second_run(folder: Path) -> dict[str, Any]:
    """The next start: the same page, the same size, nothing told twice."""
    with started(*program(folder / "home"), errors=folder / "errors.txt") as running:
        window = until(lambda: windows("Haplodesk"), "the window again")[-1]
        told("xdotool", "windowactivate", "--sync", window)
        time.sleep(3.0)  # a sweep takes place in this time
        again = {
            "size": size_of(window),
            "displayed": int(told("dunstctl", "count", "displayed") or 0),
            "view": layout(folder / "home").get("window/view"),
        }
        picture(folder / "again.png")
    return {**again, "code": running.returncode}


def program(home: Path) -> tuple[str, ...]:
    """The command of the program."""
    return (sys.executable, "-W", "error", "-m", "app", "--home", str(home))


def picture(path: Path) -> None:
    """The whole screen."""
    told("scrot", "--overwrite", str(path))


def main(folder: Path) -> None:
    """The session."""
    settings = folder / "dunstrc"
    settings.write_text(SETTINGS)
    with started("openbox"), started("dunst", "-conf", str(settings)):
        until(lambda: told("dunstctl", "is-paused") == "false", "the notification service")
        answer = {"first": first_run(folder), "second": second_run(folder)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
