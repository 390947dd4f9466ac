"""The running window: the Qt application, the bridge, the context and the main window, joined to a desk."""

from __future__ import annotations

import ctypes.util
import os
import signal
import sys
from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.store import settings as stored_settings
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context
from app.ui.desk_operations import DeskOperations
from app.ui.layout import Layout
from app.ui.library import StoreLibrary
from app.ui.notices import Notices
from app.ui.theme import Theme
from app.ui.window import MainWindow

if TYPE_CHECKING:
    from app.operations.desk import Desk
    from app.scheduler.clock import Scheduler

LAYOUT_KEY = "window"
# What Qt's X11 platform needs beyond the libraries that it links; it aborts without a word if one is missing.
XCB_LIBRARIES = ("xcb-cursor", "xcb-icccm", "xcb-keysyms", "xcb-image", "xcb-render-util", "xkbcommon-x11")


def display_problem() -> str | None:
    """Why no window can be opened here, as a sentence; None when one can be."""
    if not sys.platform.startswith("linux"):
        return None
    if os.environ.get("QT_QPA_PLATFORM", "") not in {"", "xcb", "wayland"}:
        return None
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return (
            "No screen was found (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            "Use the command line: haplodesk --help."
        )
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    missing = [name for name in XCB_LIBRARIES if ctypes.util.find_library(name) is None]
    if not missing:
        return None
    return (
        f"Libraries for the window are missing: {', '.join(missing)}. Install them with your package manager."
    )


class RunningWindow:
    """Made by `application.py`; `exec` runs until the window is closed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.scheduler: Scheduler | None = None
        self._saved: Future[None] | None = None
        self.app = qt_application()
        store = desk.store
        self.bridge = Bridge(store)
        desk.listen(self.bridge.announce)
        desk.listen(self._follow_settings)
        settings = store.read_now(stored_settings.load_settings)
        self.theme = Theme(self.app, settings.appearance.colour_scheme)
        self.notices = Notices(self.theme)
        layout = Layout(store.read_now(lambda c: stored_settings.state(c, LAYOUT_KEY)), self._save_layout)
        self.context = Context(
            bridge=self.bridge,
            library=StoreLibrary(desk),
            operations=DeskOperations(desk),
            theme=self.theme,
            commands=Commands(self.theme),
            notices=self.notices,
            layout=layout,
            clock=desk.clock,
            cancel_task=self._cancel_task,
        )
        self.window = MainWindow(self.context)
        self.window.show()

    def exec(self) -> int:
        """Run until the window is closed or the program is told to end; the exit code."""
        # Qt's loop runs C code: without a tick Python would not see Ctrl+C.
        ticker = QTimer()
        ticker.start(200)
        ticker.timeout.connect(lambda: None)
        signal.signal(signal.SIGINT, lambda *_: self.window.close())
        signal.signal(signal.SIGTERM, lambda *_: self.window.close())
        return self.app.exec()

    def close_down(self) -> None:
        """Stop the scheduler and everything else in the bridge's thread; idempotent."""
        self.context.layout.flush()
        if self._saved is not None:
            self._saved.result(2)
        if self.scheduler is not None:
            self.bridge.submit(self.scheduler.stop()).result(5)
            self.scheduler = None
        self.bridge.stop()
        self.window.deleteLater()
        self.app.sendPostedEvents(None, 0)

    def open_job(self, job_id: str) -> None:
        """Show a job in front; called when a notification is clicked, from any thread."""

        def show() -> None:
            self.window.showNormal() if self.window.isMinimized() else self.window.show()
            self.window.raise_()
            self.window.activateWindow()
            self.window.navigate("jobs", job_id)

        self.bridge.call_soon(show)

    def _save_layout(self, text: str) -> None:
        self._saved = self.bridge.submit(
            self.desk.store.write(lambda c: stored_settings.set_state(c, LAYOUT_KEY, text))
        )

    def _cancel_task(self, task_id: str) -> None:
        task = self.desk.tasks.get(task_id)
        if task is not None:
            task.cancel()

    def _follow_settings(self, changes: Changes) -> None:
        if Noun.SETTING in changes.nouns() and self.scheduler is not None:
            self.bridge.submit(self.scheduler.follow_settings())


def qt_application() -> QApplication:
    """The one QApplication, made if need be."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Haplodesk")
    app.setApplicationDisplayName("Haplodesk")
    app.setDesktopFileName("haplodesk")
    return app


def show_and_quit(problem: Problem) -> int:
    """Tell why the program cannot start, and end."""
    from PySide6.QtWidgets import QMessageBox

    app = qt_application()
    box = QMessageBox(QMessageBox.Icon.Critical, "Haplodesk", problem.title)
    box.setInformativeText(f"{problem.what_happened}\n\n{problem.what_you_can_do}")
    box.finished.connect(app.quit)
    box.open()
    app.exec()
    return 3
