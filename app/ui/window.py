"""The main window: rail, header, pages made when first shown, activity strip, notices, drops."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.domain.settings import Settings
from app.operations.tasks import TaskKind
from app.ui.attention import Counts
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.drop_kinds import holds_result, is_excluded_list, is_result_file
from app.ui.drops import DropVeil, drop_words, local_paths
from app.ui.header import Header
from app.ui.overview import Overview, read_overview
from app.ui.palette import Palette
from app.ui.rail import Rail
from app.ui.strip import Strip
from app.ui.theme import app_icon
from app.ui.views.registry import VIEWS
from app.ui.views.view import View, ViewSpec
from app.ui.widgets.page import Pages, scrolling
from app.ui.window_commands import window_commands

_COUNTED = frozenset({Noun.SERVICE, Noun.DATASET, Noun.JOB, Noun.RESULT})


class MainWindow(QMainWindow):
    """Everything on the screen."""

    def __init__(self, context: Context, specs: tuple[ViewSpec, ...] = VIEWS) -> None:
        super().__init__()
        self.context = context
        context.navigate = self.navigate
        self.specs = {spec.id: spec for spec in specs}
        self.views: dict[str, View] = {}
        self.current_id = ""
        self._settings = Settings()
        self._may_close = False
        self.setWindowTitle(self.tr("Haplodesk"))
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        context.theme.dress(self)
        self._build(specs)
        self._connect()
        context.commands.add(*window_commands(self, specs))
        context.commands.attach(self)
        context.notices.attach(self)
        self._restore()

    def _build(self, specs: tuple[ViewSpec, ...]) -> None:
        self.rail = Rail(self.context.theme, self.context.layout, tuple(s for s in specs if s.in_rail), self)
        self.header = Header(self.context)
        self.pages = Pages()
        self.strip = Strip(self.context)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.header)
        right.addWidget(scrolling(self.pages), 1)
        upper = QHBoxLayout()
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(0)
        upper.addWidget(self.rail)
        upper.addLayout(right, 1)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(upper, 1)
        column.addWidget(self.strip)
        self.setCentralWidget(centre)
        self.veil = DropVeil(self.context.theme, self)
        self.context.notices.bottom = self._foot_height

    def _foot_height(self) -> int:
        view = self.views.get(self.current_id)
        return self.strip.height() + (view.foot_height() if view is not None else 0)

    def _connect(self) -> None:
        bridge = self.context.bridge
        self.rail.chosen.connect(self.navigate)
        self.header.search_asked.connect(self.open_palette)
        self.header.settings_asked.connect(lambda: self.navigate("settings"))
        self.header.scheme_chosen.connect(self.choose_scheme)
        self.strip.clicked.connect(lambda: self.navigate("activity"))
        bridge.problem_unclaimed.connect(self.context.notices.problem)
        bridge.bug_found.connect(self._tell_bug)
        bridge.changed.connect(self._on_changes)

    # Pages.

    def navigate(self, view_id: str, item_id: str | None = None) -> None:
        """Show a page, made when it is first needed, and reveal one thing in it."""
        if view_id not in self.specs:
            return
        view = self.view(view_id)
        before = QApplication.focusWidget()
        inside = before is not None and self.pages.isAncestorOf(before)
        self.current_id = view_id
        self.header.title.setText(self.specs[view_id].title())
        self.rail.select(view_id)
        self.pages.setCurrentWidget(view)
        self.context.notices.place()
        focused = QApplication.focusWidget()
        if inside or focused is None or not focused.isVisible():
            view.take_focus()
        self.context.layout.set("window/view", view_id)
        if item_id is not None:
            view.reveal(item_id)

    def view(self, view_id: str) -> View:
        """The page of that id; makes it if need be."""
        if view_id not in self.views:
            view = self.specs[view_id].make(self.context)
            self.views[view_id] = view
            self.pages.addWidget(view)
            self._strip_comes_last(view)
        return self.views[view_id]

    def _strip_comes_last(self, view: View) -> None:
        """Tab goes from the rail to the header, the page and then the strip."""
        last: QWidget = self.header.settings
        widget = view.nextInFocusChain()
        while widget is not None and widget is not view:
            if view.isAncestorOf(widget):
                last = widget
            widget = widget.nextInFocusChain()
        QWidget.setTabOrder(last, self.strip.task_row.cancel)
        QWidget.setTabOrder(self.strip.task_row.cancel, self.strip.open_button)

    def open_palette(self) -> Palette:
        """Show the command palette below the search button."""
        palette = Palette(self.context, self)
        middle = self.rect().center()
        corner = self.mapToGlobal(middle)
        palette.move(corner.x() - palette.width() // 2, self.mapToGlobal(self.rect().topLeft()).y() + 60)
        palette.show()
        palette.box.setFocus()
        return palette

    # Badges and problems.

    def start(self) -> None:
        """Read badges and tasks; called after the first paint."""
        self.strip.start()
        self._read_counts()
        self.context.bridge.run(self.context.library.settings(), self, self._keep_settings)

    def _on_changes(self, changes: Changes) -> None:
        if _COUNTED & changes.nouns():
            self._read_counts()
        if Noun.SETTING in changes.nouns():
            self.context.bridge.run(self.context.library.settings(), self, self._take_settings)

    def _keep_settings(self, settings: Settings) -> None:
        self._settings = settings

    def _read_counts(self) -> None:
        self.context.bridge.run(
            read_overview(self.context.library, self.context.now()), self, self._show_overview
        )

    def _show_overview(self, overview: Overview) -> None:
        self.show_counts(overview.counts)

    def show_counts(self, counts: Counts) -> None:
        """Put the badges on the rail."""
        for spec in self.specs.values():
            if spec.badge and spec.in_rail:
                self.rail.buttons[spec.id].set_badge(int(getattr(counts, spec.badge)))

    def _take_settings(self, settings: Settings) -> None:
        self._settings = settings
        self.context.theme.choose(settings.appearance.colour_scheme)

    def choose_scheme(self, choice: str) -> None:
        """Take a scheme at once and remember it in the settings."""
        self.context.theme.choose(choice)

        async def save() -> None:
            settings = await self.context.library.settings()
            appearance = settings.appearance.model_copy(update={"colour_scheme": choice})
            await self.context.operations.save_settings(
                settings.model_copy(update={"appearance": appearance})
            )

        self.context.bridge.run(save(), self)

    def _tell_bug(self, problem: Problem) -> None:
        self.context.notices.say(
            problem.title,
            problem.what_happened,
            Status.FAILED,
            self.tr("Show the report"),
            lambda: self.show_report(problem),
            stay=True,
        )

    def show_report(self, problem: Problem) -> None:
        """Open the report of a bug."""
        from app.ui.dialogs.crash import CrashDialog

        CrashDialog(problem, self).open()

    # Drops.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Say what a drop would do."""
        paths = local_paths(event.mimeData())
        if paths:
            self.veil.show_words(self._drop_words(paths))
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Anywhere will do."""
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        """Nothing happens."""
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Do it."""
        self.veil.hide()
        paths = local_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.drop_paths(paths)

    def _drop_words(self, paths: list[Path]) -> str:
        page = self.views.get(self.current_id)
        if page is None or (self._are_results(paths) and not page.claims_results):
            return drop_words(paths)
        return page.drop_words(paths) or drop_words(paths)

    def _are_results(self, paths: list[Path]) -> bool:
        """Files that are a result by their names are one on every page that does not claim them."""
        return "results" in self.specs and any(is_result_file(path) for path in paths)

    def drop_paths(self, paths: list[Path]) -> None:
        """Let the page take the files, or make a dataset of them and check it."""
        page = self.views.get(self.current_id)
        if page is not None and page.claims_results and page.drop_words(paths):
            page.drop(paths)
            return
        if self._are_results(paths):
            self._take_results(paths)
            return
        if page is not None and page.drop_words(paths):
            page.drop(paths)
            return
        if len(paths) == 1 and is_excluded_list(paths[0]) and "uploads" in self.specs:
            self.navigate("uploads")
            self.view("uploads").drop(paths)
            return
        if "results" in self.specs and any(not path.suffix for path in paths):
            work = asyncio.to_thread(lambda: any(map(holds_result, paths)))
            self.context.bridge.run(work, self, lambda found: self._drop_folders(paths, found))
        else:
            self._add_dataset(paths)

    def _drop_folders(self, paths: list[Path], results: bool) -> None:
        """Folders are looked into: what lies there says whether it is a result or a dataset."""
        if results:
            self._take_results(paths)
        else:
            self._add_dataset(paths)

    def _take_results(self, paths: list[Path]) -> None:
        self.navigate("results")
        self.view("results").drop(paths)

    def _add_dataset(self, paths: list[Path]) -> None:
        self.context.bridge.run(
            self.context.operations.add_dataset(paths), self, self._show_dataset, self.context.notices.problem
        )

    def _show_dataset(self, changes: Changes) -> None:
        ids = changes.ids(Noun.DATASET)
        if ids and "uploads" in self.specs:
            self.navigate("uploads", ids[0])
            self.context.bridge.run(self.context.operations.check_dataset(ids[0]), self)

    # Restored at the next start.

    def _restore(self) -> None:
        geometry = self.context.layout.bytes("window/geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(1200, 780)
        room = self.screen().availableGeometry().size()
        self.setMinimumSize(QSize(880, 560).boundedTo(room))
        self.resize(self.size().boundedTo(room))
        wanted = self.context.layout.value("window/view", "home")
        first = next(iter(self.specs))
        self.navigate(wanted if wanted in self.specs else first)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read only after the first paint."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self.start)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The veil covers the window."""
        super().resizeEvent(event)
        self.veil.setGeometry(self.rect())

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask while data are being sent; remember where the window was."""
        if self._must_ask():
            event.ignore()
            self._ask_to_quit()
            return
        self.context.layout.set_bytes("window/geometry", self.saveGeometry())
        self.context.layout.flush()
        super().closeEvent(event)

    def _must_ask(self) -> bool:
        if self._may_close or not self._settings.appearance.confirm_quit_while_sending:
            return False
        return any(t.kind == TaskKind.UPLOAD and t.ended is None for t in self.context.library.tasks())

    def _ask_to_quit(self) -> None:
        confirm(
            self,
            self.tr("Quit while data are being sent?"),
            self.tr("The transfer is cut short. It starts again at the next start."),
            self.tr("Quit"),
            self._quit,
            self.tr("Go on sending"),
        )

    def _quit(self) -> None:
        self._may_close = True
        self.close()
