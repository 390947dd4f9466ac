"""How long the window takes from the start of the process to its first paint, and how much memory it holds.

Run as `python -m tests.benchmarks.bench_window [--runs N]`. The program is started as a user starts it, with
an empty data folder and with one of 10,000 jobs, offscreen and (where Xvfb is) on an X server; cold means
that the files of the program were put out of the page cache first, as far as the system allows it. Prints
the best and the middle of the runs; 1 when a warm start misses its target.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
JOBS = 10_000
FIRST_PAINT_S = 1.5
MEMORY_MB = 200
SETTLE_MS = 2_000
LIMIT_S = 120


def child(home: str) -> int:
    """The program itself, with an eye on its window: prints the times and ends."""
    gc.disable()  # as `app.__main__` does
    from app import application

    build = application.build_window

    def build_watched(desk: object) -> object:
        window = build(desk)  # type: ignore[arg-type]
        _watch(window)
        return window

    application.build_window = build_watched  # type: ignore[assignment]
    from app.__main__ import main as program

    return program(["--home", home])


def _watch(running: object) -> None:
    from PySide6.QtCore import QEvent, QObject, QTimer

    window, app = running.window, running.app  # type: ignore[attr-defined]
    told: dict[str, float] = {}

    class Eye(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if event.type() == QEvent.Type.Paint and "first_paint_s" not in told:
                told["first_paint_s"] = 0.0
                QTimer.singleShot(0, painted)
            return False

    def painted() -> None:
        told["first_paint_s"] = time.time() - float(os.environ["BENCH_STARTED"])
        told["first_paint_cpu_s"] = time.process_time()
        told["first_paint_mb"] = _memory_mb()
        look()

    def look() -> None:
        if getattr(window.views["home"], "overview", None) is None:
            QTimer.singleShot(5, window, look)
            return
        told["content_s"] = time.time() - float(os.environ["BENCH_STARTED"])
        QTimer.singleShot(SETTLE_MS, window, settled)

    def settled() -> None:
        told["settled_mb"] = _memory_mb()
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        window.close()
        QTimer.singleShot(0, app, app.quit)

    eye = Eye(window)
    window.centralWidget().installEventFilter(eye)
    window.installEventFilter(eye)


def _memory_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def start_once(home: Path, extra: dict[str, str]) -> dict[str, float]:
    """One start of the program; its figures."""
    environment = os.environ | {"HAPLODESK_KEYRING": "memory"} | extra
    environment["BENCH_STARTED"] = repr(time.time())
    command = [sys.executable, "-m", "tests.benchmarks.bench_window", "--child", str(home)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(done.stderr[-2000:])
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def fill(home: Path, count: int) -> None:
    """A data folder with that many jobs, as after some years."""
    from app.application import DATABASE
    from app.domain.job import ENDED_STATES, Job
    from app.store import jobs
    from app.store.store import Connection, Store

    start = datetime(2026, 1, 1, tzinfo=UTC)
    ended = sorted(ENDED_STATES)

    def write(c: Connection) -> None:
        for n in range(count):
            made = start + timedelta(minutes=n)
            jobs.save_job(
                c,
                Job(
                    id=f"job-{n:06d}",
                    name=f"cohort {n:05d}",
                    remote_name="x",
                    service_id="none",
                    app_id="a",
                    panel_id="p",
                    state=ended[n % len(ended)],
                    created=made,
                    ended=made,
                    problem=None,
                ),
            )

    home.mkdir(parents=True, exist_ok=True)
    with Store.open(home / DATABASE, backups=home / "backups") as store:
        store.write_now(write)


def forget_files() -> None:
    """Ask the system to drop the program's files from its cache; what others have mapped stays."""
    folders = (ROOT / "app", ROOT / "resources", Path(sys.prefix))
    os.sync()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def platforms() -> Iterator[dict[str, dict[str, str]]]:
    """The environments to start in, by name."""
    found = {"offscreen": {"QT_QPA_PLATFORM": "offscreen"}}
    if shutil.which("Xvfb") is None:
        yield found
        return
    from tests.helpers.displays import screen

    with screen() as display:
        yield found | {"xcb": {"QT_QPA_PLATFORM": "xcb", "DISPLAY": display}}


def row(name: str, runs: list[dict[str, float]]) -> str:
    """Best and middle of some starts."""
    paints = [r["first_paint_s"] for r in runs]
    contents = [r["content_s"] for r in runs]
    return (
        f"{name:26} first paint {min(paints):5.2f} s ({statistics.median(paints):5.2f}), "
        f"of the processor {min(r['first_paint_cpu_s'] for r in runs):5.2f} s   "
        f"content {min(contents):5.2f} s ({statistics.median(contents):5.2f})   "
        f"memory {max(r['first_paint_mb'] for r in runs):4.0f} MB, "
        f"settled {max(r['settled_mb'] for r in runs):4.0f} MB"
    )


def main(runs: int) -> int:
    """Print the table."""
    missed = False
    with tempfile.TemporaryDirectory() as folder, platforms() as environments:
        empty, full = Path(folder, "empty"), Path(folder, "full")
        fill(full, JOBS)
        for platform, extra in environments.items():
            for name, home in (("empty", empty), (f"{JOBS:,} jobs", full)):
                forget_files()
                print(row(f"{platform}, {name}, cold", [start_once(home, extra)]), flush=True)
                warm = [start_once(home, extra) for _ in range(runs)]
                print(row(f"{platform}, {name}, warm", warm), flush=True)
                missed |= min(r["first_paint_s"] for r in warm) > FIRST_PAINT_S
                missed |= max(r["settled_mb"] for r in warm) > MEMORY_MB
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child")
    given = parser.parse_args()
    sys.exit(child(given.child) if given.child else main(given.runs))
