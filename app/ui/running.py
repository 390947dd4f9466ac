"""The running window: the Qt application, the bridge, the context and the main window, joined to a desk."""

from __future__ import annotations

import ctypes.util
import gc
import logging
import os
import signal
import sys
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.domain.changes import Changes, Noun
from app.domain.notice import Notice, NoticeKind, NoticeLevel
from app.domain.problem import Kind, Problem
from app.operations.deliver_notices import NoticeDelivery
from app.store import notices as stored_notices
from app.store import settings as stored_settings
from app.ui import watchdog
from app.ui.bridge import Bridge
from app.ui.colours import Status
from app.ui.commands import Commands
from app.ui.context import Context
from app.ui.desk_operations import DeskOperations
from app.ui.layout import Layout
from app.ui.library import StoreLibrary
from app.ui.notices import Notices
from app.ui.theme import Theme
from app.ui.views.ahead import ViewsAhead
from app.ui.window import MainWindow

if TYPE_CHECKING:
    from app.notify.desktop import DesktopNotifier
    from app.operations.desk import Desk
    from app.scheduler.clock import Scheduler
    from app.ui.one_window import Doorbell

log = logging.getLogger(__name__)

LAYOUT_KEY = "window"
CLOSE_WAIT_S = 10.0
AHEAD_AFTER_MS = 1_500
"""The page that the window opens with is filled first."""

NOTICE_STATUS = {
    NoticeKind.JOB_DONE: Status.DONE,
    NoticeKind.RESULT_READY: Status.DONE,
    NoticeKind.JOB_FAILED: Status.FAILED,
    NoticeKind.PANELS_CHANGED: Status.WAITING,
    NoticeKind.SERVICE_CHANGED: Status.WAITING,
}
# What Qt's X11 platform needs beyond the libraries that it links; it aborts without a word if one is missing.
XCB_LIBRARIES = ("xcb-cursor", "xcb-icccm", "xcb-keysyms", "xcb-image", "xcb-render-util", "xkbcommon-x11")

OPEN_ALREADY = Problem(
    kind=Kind.INPUT,
    title="Haplodesk is open already",
    what_happened="Another window works on this data folder, and it does not answer.",
    what_you_can_do="Go to that window. If it is not on the screen, end its process and start again.",
)


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
        self._watchdog = watchdog.Watchdog(self.app) if watchdog.wanted() else None
        self.window = MainWindow(self.context)
        self.bridge.changed.connect(self._show_notices)
        self._desktop: DesktopNotifier | None = None
        self._doorbell: Doorbell | None = None
        self._delivery = NoticeDelivery(desk, self._send_notice)
        self.window.show()

    def exec(self) -> int:
        """Run until the window is closed or the program is told to end; the exit code."""
        self.be_quick()
        # Qt's loop runs C code: without a tick Python would not see Ctrl+C.
        ticker = QTimer()
        ticker.start(200)
        ticker.timeout.connect(lambda: None)
        signal.signal(signal.SIGINT, lambda *_: self.window.close())
        signal.signal(signal.SIGTERM, lambda *_: self.window.close())
        return self.app.exec()

    def be_quick(self) -> None:
        """See to it that nothing holds the window up later: neither garbage, nor what views import."""
        leave_loaded_alone()
        self.bridge.rounds.keep_short()
        QTimer.singleShot(
            AHEAD_AFTER_MS, self.window, lambda: ViewsAhead(self.bridge, self.theme, self.window)
        )

    def close_down(self) -> None:
        """Stop the scheduler and everything else in the bridge's thread; idempotent."""
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._doorbell is not None:
            self._doorbell.close()
        self.context.layout.flush()
        if self._saved is not None:
            _wait_for("The places of the window", self._saved)
        if self.scheduler is not None:
            _wait_for("The visits", self.bridge.submit(self.scheduler.stop()))
            self.scheduler = None
        if self._desktop is not None:
            _wait_for("The notifications", self.bridge.submit(self._desktop.close()))
            self._desktop = None
        self.bridge.stop()
        self.window.deleteLater()
        self.app.sendPostedEvents(None, 0)

    def answer_others(self, folder: Path) -> None:
        """Come to the front when the program is started again on the same data folder."""
        try:
            from app.ui.one_window import Doorbell
        except ImportError as error:  # Qt's network part needs libraries that a small system may lack
            log.info("A second start cannot bring this window to the front: %s", error)
            return
        self._doorbell = Doorbell(folder, self.window)
        self._doorbell.rang.connect(self._to_front)

    async def deliver(self) -> None:
        """Give the untold notices to the desktop; runs in the bridge's thread."""
        await self._delivery.deliver()

    async def _send_notice(self, notice: Notice) -> bool:
        if self._desktop is None:
            from app.notify.desktop import DesktopNotifier

            self._desktop = DesktopNotifier()
        return await self._desktop.send(notice, lambda: self.open_notice(notice))

    def open_notice(self, notice: Notice) -> None:
        """Show what a notice is about; may be called from any thread."""
        if results := notice.compares:
            self.bridge.call_soon(lambda: self._raise("compare", results))
        elif notice.job_id is not None:
            self.open_job(notice.job_id)
        elif notice.service_id is not None:
            self.bridge.call_soon(lambda: self._raise("services", notice.service_id))

    def open_job(self, job_id: str) -> None:
        """Show a job in front; called when a notification is clicked, from any thread."""
        self.bridge.call_soon(lambda: self._raise("jobs", job_id))

    def _raise(self, view_id: str, item_id: str | None) -> None:
        self._to_front()
        self.window.navigate(view_id, item_id)

    def _to_front(self) -> None:
        if self.window.isMinimized():
            self.window.showNormal()
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def _show_notices(self, changes: Changes) -> None:
        """New notices in the corner of the window, unless their level says off."""
        wanted = changes.ids(Noun.NOTICE)
        if wanted:
            self.bridge.run(self._new_notices(wanted), self.window, self._say_notices)

    async def _new_notices(self, wanted: tuple[str, ...]) -> tuple[Notice, ...]:
        levels = (await self.desk.settings()).notifications.levels
        recent = await self.desk.store.read(lambda c: stored_notices.recent(c, 50))
        return tuple(
            n for n in recent if n.id in wanted and not n.seen and levels.get(n.kind) != NoticeLevel.OFF
        )

    def _say_notices(self, found: tuple[Notice, ...]) -> None:
        for notice in reversed(found):
            status = NOTICE_STATUS.get(notice.kind, Status.WARNING)
            words = self.window.tr("Open") if notice.job_id or notice.service_id else ""
            words = self.window.tr("Compare") if notice.compares else words
            self.notices.say(
                notice.title,
                notice.body,
                status,
                words,
                partial(self.open_notice, notice),
                about=notice.job_id or "",
            )

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


def _wait_for(what: str, end: Future[None]) -> None:
    """Wait for an end. What a slow disk or service holds up, or what fails, must not keep the rest open."""
    try:
        end.result(CLOSE_WAIT_S)
    except TimeoutError:
        log.warning("%s had not ended after %s s", what, CLOSE_WAIT_S)
    except Exception:
        log.exception("%s did not end well", what)


def leave_loaded_alone() -> None:
    """Take what was loaded so far out of the garbage collector's rounds.

    A full round over the 100,000 objects of the modules held all threads up for 50 ms (measured); now one
    takes less than a millisecond.
    """
    gc.freeze()


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
