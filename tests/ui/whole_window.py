"""Walks through every page of the real window over a real store, and tells what is wrong with what is seen.

`python -m tests.ui.whole_window ROWS` prints a JSON list of sentences, empty when nothing is wrong. With
QT_SCALE_FACTOR it looks at other scales.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HAPLODESK_KEYRING", "memory")

from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QLabel,
    QPushButton,
    QTabWidget,
    QWidget,
)

from app.application import open_desk
from app.genotypes.figures import save_figures
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk
from app.store import datasets, jobs, results, services
from app.store.store import Connection
from app.ui.running import RunningWindow
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from tests.ui import cohorts, samples
from tests.ui.test_window import nameless
from tests.unit.store.nouns import fill_jobs

SIZES = ((1200, 780), (880, 560))
MOST_STEPS = 200
PATIENCE_S = 2.0


def fill(desk: Desk, rows: int) -> None:
    """Something of every noun, and very many jobs and events."""

    def write(c: Connection) -> None:
        for service in samples.services():
            services.save_service(c, service)
            mine = [p for p in samples.panels() if p.service_id == service.id]
            services.replace_panels(c, service.id, mine, samples.NOW)
        for made in (
            cohorts.judged(1),
            samples.dataset(2, False),
            samples.dataset(3, None),
            cohorts.prepared(),
        ):
            datasets.save_dataset(c, made)
        fill_jobs(c, rows)
        jobs.save_job(c, samples.job(3))
        results.save_result(c, samples.result(1))
        for number in range(rows):
            line = samples.events()[number % len(samples.events())]
            jobs.add_event(c, line)

    desk.store.write_now(write)
    folder = cohort_folder(desk, "dataset-1")
    folder.mkdir(parents=True)
    save_figures(folder, cohorts.figures())


def settle(
    app: QApplication, ready: Callable[[], bool] = lambda: True, least: float = 0.15, most: float = 20
) -> None:
    """Let answers come in."""
    start = time.monotonic()
    while time.monotonic() < start + least or (not ready() and time.monotonic() < start + most):
        app.processEvents()
        time.sleep(0.005)


def shown(root: QWidget) -> Iterator[QWidget]:
    """Widgets that can be seen, or scrolled to from top to bottom."""
    yield from (w for w in root.findChildren(QWidget) if w.isVisible())


def cut(root: QWidget) -> Iterator[str]:
    """Words that do not fit into their widget: of buttons, boxes, and labels that do not say how they end."""
    for widget in shown(root):
        if isinstance(widget, QPushButton | QCheckBox) and widget.text():
            if widget.width() < widget.minimumSizeHint().width() - 1:
                yield f"cut: {type(widget).__name__} {widget.text()!r} {widget.width()} px"
        elif isinstance(widget, QLabel) and not isinstance(widget, ElidedLabel | ElidedHeading):
            yield from _cut_label(widget)


def _cut_label(label: QLabel) -> Iterator[str]:
    if not label.text() or not label.pixmap().isNull():
        return
    if label.wordWrap():
        if label.heightForWidth(label.width()) > label.height() + 2:
            yield f"cut below: {label.text()!r} {label.width()}x{label.height()} px"
    elif label.width() < label.minimumSizeHint().width() - 1:
        yield f"cut: {label.text()!r} {label.width()} px"


def outside(root: QWidget) -> Iterator[str]:
    """Controls that stick out at the side of their page, where nobody can scroll."""
    frame = QRect(0, 0, root.width(), 1 << 20)
    for widget in shown(root):
        if not isinstance(widget, QPushButton) or _in_scroller(widget, root):
            continue
        corner = widget.mapTo(root, widget.rect().topLeft())
        if corner.x() < frame.left() or corner.x() + widget.width() > frame.right() + 2:
            yield f"sticks out: {widget.text() or widget.accessibleName()!r}"


def _in_scroller(widget: QWidget, root: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and parent is not root:
        if isinstance(parent, QAbstractScrollArea) and parent.horizontalScrollBar().maximum():
            return True
        parent = parent.parentWidget()
    return False


def walk(app: QApplication, running: RunningWindow, view_id: str) -> Iterator[str]:
    """Tab goes through the page and comes round."""
    window = running.window
    window.activateWindow()
    window.rail.buttons["home"].setFocus()
    seen: list[QWidget] = []
    for _ in range(MOST_STEPS):
        QTest.keyClick(app.focusWidget() or window, Qt.Key.Key_Tab)
        focus = app.focusWidget()
        if focus is None or focus in seen[:-1]:  # the parts of a time are one widget
            break
        if focus not in seen:
            seen.append(focus)
    else:
        yield "Tab does not come round"
    for stop in (window.header.search, window.strip.open_button):
        if stop not in seen:
            yield f"Tab does not reach {stop.accessibleName()!r}"
    view = window.views[view_id]
    if any(_takes_tab(each) for each in shown(view)) and not any(view.isAncestorOf(each) for each in seen):
        yield "Tab does not enter the page"


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isEnabled()


def in_tabs(app: QApplication, view: QWidget) -> Iterator[str]:
    """What is nameless or cut in the tabs of a page, one after the other."""
    for tabs in (t for t in view.findChildren(QTabWidget) if t.isVisible()):
        before = tabs.currentIndex()
        for number in (n for n in range(tabs.count()) if tabs.isTabVisible(n)):
            tabs.setCurrentIndex(number)
            page = tabs.currentWidget()
            settle(app, lambda page=page: not list(cut(page)), most=PATIENCE_S)
            faults = (*nameless(page), *cut(page))
            yield from (f"in {tabs.tabText(number)}: {fault}" for fault in faults)
        tabs.setCurrentIndex(before)


def look(app: QApplication, running: RunningWindow) -> Iterator[str]:
    """Every page in both schemes and two sizes."""
    window = running.window
    for scheme in ("light", "dark"):
        running.theme.choose(scheme)
        for size in SIZES:
            window.resize(*size)
            for view_id in window.specs:
                window.navigate(view_id)
                settle(app)
                view = window.view(view_id)

                def faults_now(view: QWidget = view) -> list[str]:
                    return [*nameless(window), *cut(window), *outside(view)]

                settle(app, lambda: not faults_now(), least=0, most=PATIENCE_S)
                faults = faults_now()
                if scheme == "light" and size == SIZES[0]:
                    faults += walk(app, running, view_id)
                if scheme == "light":
                    faults += in_tabs(app, view)
                yield from (f"{view_id} {scheme} {size[0]}: {fault}" for fault in faults)


def main(rows: int, pictures: Path | None = None) -> int:
    """Print what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(Path(folder) / "home")
        if rows:
            fill(desk, rows)
        running = RunningWindow(desk)
        try:
            settle(running.app, lambda: getattr(running.window.view("home"), "overview", None) is not None)
            faults = list(look(running.app, running))
            if pictures is not None:
                take(running, pictures)
        finally:
            running.window.close()
            running.close_down()
            desk.store.close()
    sys.stdout.write(json.dumps(faults) + "\n")
    return 0


def take(running: RunningWindow, folder: Path) -> None:
    """Pictures of every page as it is now."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        running.theme.choose(scheme)
        running.window.resize(*SIZES[0])
        for view_id in running.window.specs:
            running.window.navigate(view_id)
            settle(running.app, least=0.5)
            running.window.grab().save(str(folder / f"{view_id}-{scheme}.png"))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
