"""Pictures of every view, light and dark, empty and filled: to look at, not to compare.

Run as `python -m tests.ui.gallery FOLDER [view …]`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import cast

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.progress import Progress
from app.operations.tasks import Task, TaskKind, TaskState
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context, Library, Operations
from app.ui.layout import Layout
from app.ui.notices import Notices
from app.ui.theme import Theme
from app.ui.views.registry import VIEWS
from app.ui.window import MainWindow
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations


def filled() -> FakeLibrary:
    """A library with something in every list."""
    library = FakeLibrary()
    library.all_services = list(samples.services())
    library.all_health = list(samples.health())
    library.all_panels = list(samples.panels())
    library.all_panel_changes = list(samples.panel_changes())
    library.all_datasets = [
        samples.dataset(1, True),
        samples.dataset(2, False),
        samples.dataset(3, None),
    ]
    library.all_jobs = [
        samples.job(1),
        samples.job(2, JobState.FAILED),
        samples.job(3, JobState.SUCCESS),
        samples.job(4, JobState.QUEUED, queue_position=7, progress=None, step=""),
        samples.job(5, JobState.UPLOADING, service_id="topmed", panel_name="TOPMed r3"),
        samples.job(6, JobState.UNKNOWN, raw_state=42),
    ]
    library.all_results = [samples.result(1)]
    library.all_events = list(samples.events())
    upload = Task(TaskKind.UPLOAD, "cohort-A chr20–22 → TOPMed", id="t1")
    upload.progress = Progress(done=53_000_000, total=85_000_000, rate=48e6, left_s=250)
    check = Task(TaskKind.CHECK, "Check cohort-C", id="t2")
    check.progress = Progress(done=1200, unit="records", step="Sites", counts={"variants": 1200})
    ended = Task(TaskKind.CHECK, "Check cohort-B", id="t3", state=TaskState.DONE, ended=time.monotonic())
    library.all_tasks = [upload, check, ended]
    return library


def settle(app: QApplication, seconds: float = 0.4) -> None:
    """Let answers come in."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        app.processEvents()
        time.sleep(0.01)


def make_window(app: QApplication, bridge: Bridge, theme: Theme, library: FakeLibrary) -> MainWindow:
    """A whole window over fakes."""
    context = Context(
        bridge=bridge,
        library=cast(Library, library),
        operations=cast(Operations, FakeOperations(library)),
        theme=theme,
        commands=Commands(theme),
        notices=Notices(theme),
        layout=Layout(),
        clock=FixedClock(samples.NOW),
    )
    window = MainWindow(context)
    window.resize(1280, 820)
    window.show()
    settle(app)
    return window


def main(folder: Path, wanted: list[str]) -> None:
    """Grab them all."""
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    bridge = Bridge()
    theme = Theme(app, "light")
    for scheme in ("light", "dark"):
        theme.choose(scheme)
        for name, library in (("filled", filled()), ("empty", FakeLibrary())):
            window = make_window(app, bridge, theme, library)
            for spec in VIEWS:
                if wanted and spec.id not in wanted:
                    continue
                window.navigate(spec.id)
                settle(app)
                window.grab().save(str(folder / f"{spec.id}-{name}-{scheme}.png"))
            window.close()
            window.deleteLater()
            settle(app, 0.05)
    bridge.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
