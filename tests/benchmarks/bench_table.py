"""A table of 100,000 jobs of the real store: how long sorting, filtering and scrolling hold the window up.

Run as `python -m tests.benchmarks.bench_table`. Prints the longest gap between two ticks of a 5 ms timer for
each action, beside the gap of the idle program, and how long until the new rows are there. A gap counts what
the machine did meanwhile, too; work is the processor time that the Qt thread itself took between two ticks,
and must stay below 50 ms.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.domain.changes import Noun
from app.domain.clock import SystemClock
from app.store.store import Store
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context
from app.ui.layout import Layout
from app.ui.library import StorePages
from app.ui.models.table import Column, TableModel
from app.ui.notices import Notices
from app.ui.running import leave_loaded_alone
from app.ui.status import job_state
from app.ui.theme import Theme
from app.ui.widgets.table_view import TableView
from tests.unit.store.nouns import fill_jobs

ROWS = 100_000
LIMIT_MS = 50


class Figures(NamedTuple):
    """Milliseconds, milliseconds, seconds."""

    gap: int
    work: int
    took: float


class Gaps:
    """The longest time, and the most processor time of the Qt thread, between two ticks."""

    def __init__(self) -> None:
        self._clock = QElapsedTimer()
        self._clock.start()
        self.worst = 0
        self.work = 0.0
        self._used = time.thread_time()
        self._timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        self.worst = max(self.worst, self._clock.restart())
        used = time.thread_time()
        self.work, self._used = max(self.work, used - self._used), used

    def during(self, app: QApplication, act: Callable[[], object], until: Callable[[], bool]) -> Figures:
        """Do it, until `until` holds."""
        app.processEvents()
        self._clock.restart()
        self.worst, self.work, self._used = 0, 0.0, time.thread_time()
        started = time.perf_counter()
        act()
        while not until():
            if time.perf_counter() - started > 30:
                raise TimeoutError("the table did not settle")
            app.processEvents()
            time.sleep(0.001)
        took = time.perf_counter() - started
        app.processEvents()
        return Figures(self.worst, round(self.work * 1000), took)


def main(rows: int = ROWS) -> int:
    """Print the figures; 1 when the work is over the limit."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "bench.db", backups=None)
        store.write_now(lambda c: fill_jobs(c, rows, documents=False))
        app = QApplication([])
        worst = measure(app, store)
        store.close()
    return 0 if worst <= LIMIT_MS else 1


def measure(app: QApplication, store: Store) -> int:
    """Show the table and work with it; the most work of all actions."""
    bridge, theme = Bridge(store), Theme(app, "light")
    notices, commands, layout = Notices(theme), Commands(theme), Layout()
    context = Context(bridge, None, None, theme, commands, notices, layout, SystemClock())  # type: ignore[arg-type]
    columns = (
        Column("name", "Name", 300),
        Column("state", "State", 120, status=job_state),
        Column("id", "Id"),
    )
    view = TableView(context, TableModel(bridge, StorePages(store, "job"), columns, Noun.JOB), "job")
    view.resize(1000, 700)
    view.show()
    view.refresh()
    leave_loaded_alone()  # as the program does
    gaps, model = Gaps(), view.model
    first_cell = lambda: model.ready and model.index(0, 0).data() is not None  # noqa: E731

    def reloaded(act: Callable[[], object]) -> Figures:
        told: list[int] = []
        connection = model.loaded.connect(lambda: told.append(1))
        figures = gaps.during(app, act, lambda: bool(told) and first_cell())
        model.loaded.disconnect(connection)
        return figures

    bar = view.grid.verticalScrollBar()
    gaps.during(app, lambda: None, first_cell)
    idle_until = time.perf_counter() + 0.5
    worst = 0
    for name, found in (
        ("idle", gaps.during(app, lambda: None, lambda: time.perf_counter() > idle_until)),
        ("sort by name", reloaded(lambda: view.grid.sortByColumn(0, Qt.SortOrder.AscendingOrder))),
        ("sort back", reloaded(lambda: view.grid.sortByColumn(0, Qt.SortOrder.DescendingOrder))),
        ("filter by state", reloaded(lambda: view.set_filter("state:failed"))),
        ("filter by text", reloaded(lambda: view.set_filter("study 77"))),
        ("no filter", reloaded(lambda: view.set_filter(""))),
        ("scroll", gaps.during(app, lambda: bar.setValue(bar.maximum() // 2), first_cell)),
        (
            "select all",
            gaps.during(app, view.grid.selectAll, lambda: len(view.selected_ids()) == len(model.ids())),
        ),
    ):
        print(
            f"{name:16} most work {found.work:4d} ms   longest gap {found.gap:4d} ms   "
            f"ready after {found.took * 1000:6.0f} ms"
        )
        worst = max(worst, found.work if name != "idle" else 0)
    view.close()
    bridge.stop()
    return worst


if __name__ == "__main__":
    sys.exit(main())
