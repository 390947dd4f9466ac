"""How long each view holds the window up when it is first opened, over 10,000 rows of each noun.

Run as `python -m tests.benchmarks.bench_openings [--rows N] [--only panels jobs] [--where]`. Each view is
opened in a process of its own, offscreen, in the light and in the dark scheme, after what views import was
loaded ahead; then its tabs are walked through, the scheme is switched, and what else it can show is shown.
Prints the most processor time that the Qt thread took between two ticks of a 5 ms timer (what the machine did
meanwhile does not count, but a loaded processor is slower), the longest round of the garbage collector, and
the longest gap. `--where` tells where the time of long turns went. Ends with 1 when one was over the limit.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import io
import json
import os
import pstats
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTabWidget, QWidget

    from app.store.store import Connection
    from app.ui.running import RunningWindow

ROOT = Path(__file__).resolve().parents[2]
ROWS = 10_000
SERVICES = 40
LIMIT_MS = 50
QUIET_S = 0.6
PATIENCE_S = 60
LIMIT_S = 400
_TIMED = re.compile(r"\s+[\d/]+\s+\d+\.\d+")
VIEWS = (
    "home",
    "services",
    "panels",
    "uploads",
    "jobs",
    "results",
    "compare",
    "benchmark",
    "activity",
    "settings",
    "new_job",
)


def fill(home: Path, rows: int) -> None:
    """A data folder with that many rows of each noun but services, of which there are forty."""
    from app.application import DATABASE
    from app.store.store import Store

    home.mkdir(parents=True, exist_ok=True)
    with Store.open(home / DATABASE, backups=None) as store:
        for write in (_fill_panels, _fill_datasets, _fill_jobs, _fill_results, _fill_events):
            store.write_now(lambda c, write=write: write(c, rows))


def _fill_panels(c: Connection, rows: int) -> None:
    from app.store import services
    from tests.ui import samples

    made = samples.services()
    more = ({"id": f"svc-{n}", "name": f"Service {n}"} for n in range(SERVICES))
    known = [*(made[0].model_copy(update=each) for each in more), *made]
    for number, service in enumerate(known):
        services.save_service(c, service)
        mine = [_panel(n, service.id) for n in range(number, rows, len(known))]
        services.replace_panels(c, service.id, mine, samples.NOW)


def _fill_datasets(c: Connection, rows: int) -> None:
    from app.store import datasets
    from tests.ui import cohorts, samples

    plain, judged = samples.dataset(1), cohorts.judged(1)
    for n in range(rows):
        about = {"id": f"dataset-{n:06d}", "name": f"cohort {n:05d}", "added": samples.ago(minutes=n)}
        datasets.save_dataset(c, (judged if n % 100 == 0 else plain).model_copy(update=about))


def _fill_jobs(c: Connection, rows: int) -> None:
    from sqlalchemy import text

    from tests.unit.store.nouns import fill_jobs

    fill_jobs(c, rows)
    c.execute(text("UPDATE jobs SET group_id = 'grp-' || rowid / 5"))  # not all of them in one group


def _fill_results(c: Connection, rows: int) -> None:
    from app.store import results
    from tests.ui import samples

    result = samples.result(1)
    for n in range(rows):
        about = {"id": f"result-{n:06d}", "name": f"result {n:05d}", "job_id": "", "seen": True}
        results.save_result(c, result.model_copy(update={**about, "started": samples.ago(minutes=n)}))


def _fill_events(c: Connection, rows: int) -> None:
    from app.store import jobs
    from tests.ui import samples

    lines = samples.events()
    for n in range(rows):
        jobs.add_event(c, lines[n % len(lines)].model_copy(update={"at": samples.ago(minutes=n)}))


def _panel(number: int, service_id: str) -> Any:
    from tests.ui import samples

    kinds = samples.panels()
    return kinds[number % len(kinds)].model_copy(
        update={
            "id": f"apps@panel-{number}@1.0.0",
            "service_id": service_id,
            "name": f"Panel {number:05d}",
            "ancestry": (("European",), ("African", "Admixed"), ("East Asian",))[number % 3],
            "access": ("open to users", "by application")[number % 2],
            "chromosomes": tuple(str(n) for n in range(1, 23)),
            "as_of": samples.NOW - timedelta(minutes=number),
        }
    )


class Turns:
    """The longest gap and the most processor time of the Qt thread between two ticks."""

    def __init__(self, where: bool) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.began, self.used = time.perf_counter(), time.thread_time()
        self.gap = self.work = 0.0
        self.told: dict[str, list[str]] = {}
        self.step = ""
        self.collecting = self.collected = 0.0
        gc.callbacks.append(self._collect)
        self._timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start()
        self._profile: cProfile.Profile | None = None
        if where:
            self._watch()

    def tick(self) -> None:
        """The end of a turn."""
        now, used = time.perf_counter(), time.thread_time()
        gap, work = (now - self.began) * 1000, (used - self.used) * 1000
        if self._profile is not None:
            self._profile.disable()
            if work > LIMIT_MS:
                self.told.setdefault(self.step, []).append(f"{work:.0f} ms\n{self._told()}")
            self._watch()
        self.gap, self.work = max(self.gap, gap), max(self.work, work)
        self.began, self.used = time.perf_counter(), time.thread_time()

    def _collect(self, phase: str, _about: dict[str, int]) -> None:
        if phase == "start":
            self.collecting = time.thread_time()
        else:
            self.collected = max(self.collected, (time.thread_time() - self.collecting) * 1000)

    def _told(self) -> str:
        """Where the time of the turn went: by what was called in it, and by what took the time itself."""
        assert self._profile is not None
        said = io.StringIO()
        stats = pstats.Stats(self._profile, stream=said)
        stats.sort_stats("cumulative").print_stats(28)
        stats.sort_stats("tottime").print_stats(14)
        lines = [line.replace(str(ROOT), "") for line in said.getvalue().splitlines() if _TIMED.match(line)]
        return "\n".join(lines)

    def _watch(self) -> None:
        self._profile = cProfile.Profile()
        self._profile.enable()

    def during(self, step: str, running: RunningWindow, act: Callable[[], object]) -> dict[str, Any]:
        """Do it and wait until all answers are in and nothing happens any more."""
        app, bridge = running.app, running.bridge
        app.processEvents()
        self.tick()
        self.step, self.gap, self.work, self.collected = step, 0.0, 0.0, 0.0
        begun = time.perf_counter()
        act()
        app.processEvents()
        self.tick()
        quiet = time.perf_counter()
        while time.perf_counter() - quiet < QUIET_S:
            app.processEvents()
            if any(bridge._tasks.values()) or not _loaded():
                quiet = time.perf_counter()
            if time.perf_counter() - begun > PATIENCE_S:
                break
            time.sleep(0.001)
        return {"step": step, "work": self.work, "gap": self.gap, "gc": self.collected, "took": quiet - begun}


def _loaded() -> bool:
    """Whether what views import is there."""
    from app.ui.views.ahead import HERE

    return HERE[-1] in sys.modules


def child(home: str, view: str, scheme: str, where: bool) -> int:
    """Open one view in a window of its own and print the figures."""
    gc.disable()  # as `app.__main__` does
    from app.application import open_desk
    from app.ui.running import RunningWindow

    desk = open_desk(Path(home))
    running = RunningWindow(desk)
    running.theme.choose(scheme)
    running.be_quick()  # as `exec` does
    turns = Turns(where)
    try:
        figures = [turns.during(step, running, act) for step, act in steps(running, view)]
    finally:
        running.window.close()
        running.close_down()
        desk.store.close()
    for each in figures:
        each["where"] = turns.told.get(each["step"], [])
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def steps(running: RunningWindow, view: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done, in order; the first is the start on the home page."""
    window, theme = running.window, running.theme
    first = theme.choice
    other = "dark" if first == "light" else "light"
    yield "start", lambda: None
    if view != "home":
        yield "open", lambda: window.navigate(view, _item(view))
    yield from _more(window.views[view], view)
    yield f"to {other}", lambda: theme.choose(other)
    yield f"to {first}", lambda: theme.choose(first)
    if view != "home":
        yield "away", lambda: window.navigate("home")
        yield "back", lambda: window.navigate(view)


def _item(view: str) -> str | None:
    return "result-000001,result-000002" if view == "compare" else None


def _more(page: QWidget, view: str) -> Iterator[tuple[str, Callable[[], object]]]:
    from PySide6.QtWidgets import QTabWidget

    if view == "panels":
        yield from _panels(page)
    tabs: QTabWidget
    for tabs in (each for each in page.findChildren(QTabWidget) if each.isVisible()):
        for number in (n for n in range(tabs.count()) if tabs.isTabVisible(n)):
            name = tabs.tabText(number)
            yield f"tab {name}", lambda tabs=tabs, number=number: tabs.setCurrentIndex(number)
    table = getattr(page, "table", None)
    if table is not None and hasattr(table, "model"):
        bar = table.grid.verticalScrollBar()
        yield "scroll", lambda: bar.setValue(bar.maximum() // 2)
        yield "select all", table.grid.selectAll
        yield "filter", lambda: table.set_filter("77")
        yield "no filter", lambda: table.set_filter("")


def _panels(page: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "cards", lambda: page.bar.show_as(True)
    yield "scroll cards", lambda: page.cards.verticalScrollBar().setValue(4000)
    yield "resize cards", lambda: page.window().resize(1400, 900)
    found: list[Any] = []
    yield "compare", lambda: found.append(page.compare(list(page.table.model.ids()[:3])))
    yield "compared", lambda: found[0].close()
    yield "table again", lambda: page.bar.show_as(False)
    yield "fit a dataset", lambda: page._choose("dataset-000000")
    yield "fit none", lambda: page._choose("")


def open_once(home: Path, view: str, scheme: str, where: bool) -> list[dict[str, Any]]:
    """The figures of a view."""
    environment = os.environ | {"HAPLODESK_KEYRING": "memory", "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "tests.benchmarks.bench_openings", "--child", str(home), view, scheme]
    done = subprocess.run(
        command + ["--where"] * where,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        raise RuntimeError(done.stderr[-4000:])
    figures: list[dict[str, Any]] = json.loads(lines[-1])
    return figures


def line(view: str, scheme: str, found: dict[str, Any]) -> str:
    """One step in words, with where its time went below it."""
    words = (
        f"{view:10} {scheme:5} {found['step']:24} most work {found['work']:5.0f} ms   "
        f"collector {found['gc']:4.0f} ms   longest gap {found['gap']:5.0f} ms   "
        f"settled after {found['took']:5.2f} s{'   over' if found['work'] > LIMIT_MS else ''}"
    )
    return "\n".join((words, *found["where"]))


def main(rows: int, views: list[str], schemes: list[str], where: bool, kept: Path | None) -> int:
    """Print the table."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        full = kept or Path(folder, "full")
        if not full.exists():
            fill(full, rows)
        for view in views:
            for scheme in schemes:
                home = Path(folder, f"{view}-{scheme}")
                shutil.copytree(full, home)
                for each in open_once(home, view, scheme, where):
                    worst = max(worst, each["work"] if each["step"] != "start" else 0.0)
                    print(line(view, scheme, each), flush=True)
                shutil.rmtree(home)
    return 1 if worst > LIMIT_MS else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", nargs="*", default=list(VIEWS))
    parser.add_argument("--schemes", nargs="*", default=["light", "dark"])
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--home", type=Path, help="a folder filled before, or to fill and keep")
    parser.add_argument("--child", nargs=3)
    given = parser.parse_args()
    if given.child:
        sys.exit(child(*given.child, given.where))
    sys.exit(main(given.rows, given.only, given.schemes, given.where, given.home))
