"""The practice server as a process of its own: `python -m app.practice --home DIR --port N --mode M`.

Prints one line of JSON when it is ready, and ends on SIGTERM, on SIGINT, or, with `--with-parent`, when its
standard input closes.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from app.practice.server import PracticeServer
from app.practice.settings import Mode, PracticeLimits


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end."""
    told = _parser().parse_args(arguments)
    limits = PracticeLimits.model_validate_json(told.limits)
    server = PracticeServer(
        Path(told.home),
        told.mode,
        told.port,
        workers=told.workers,
        limits=limits,
        practice_panels=not told.no_panels,
        engine=told.engine,
    )
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    with server:
        _announce(server)
        if told.with_parent:
            threading.Thread(target=_wait_for_parent, args=(end,), daemon=True).start()
        end.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.practice", description="The practice server.")
    parser.add_argument("--home", required=True, help="folder for jobs, panels and state")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--mode", default=Mode.CG3_LOCAL.value, choices=[each.value for each in Mode])
    parser.add_argument("--workers", type=int, default=1, help="jobs that run at the same time")
    parser.add_argument("--engine", choices=["builtin", "minimac4", "beagle"], help="what imputes")
    parser.add_argument("--limits", default="{}", help="limits as JSON, such as '{\"min_samples\": 5}'")
    parser.add_argument("--no-panels", action="store_true", help="make no practice panels")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    return parser


def _announce(server: PracticeServer) -> None:
    told = {
        "base_url": server.base_url,
        "object_url": server.object_url,
        "token": server.token(),
        "practice_key": server.practice_key,
        "mode": server.mode.value,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _wait_for_parent(end: threading.Event) -> None:
    sys.stdin.read()
    end.set()


if __name__ == "__main__":
    sys.exit(main())
