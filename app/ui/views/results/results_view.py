"""Results: the table, and the page of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QMessageBox, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.domain.result import Result, ResultState
from app.ui import text
from app.ui.commands import Ids
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.models.joined import Joined
from app.ui.models.table import Column, TableModel, time_column
from app.ui.status import result_state
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.list_and_detail import ListAndDetail
from app.ui.views.results.import_dialog import ImportDialog
from app.ui.views.results.result_commands import result_commands
from app.ui.views.results.result_detail import ResultDetail, ResultFacts
from app.ui.views.results.result_words import complete_shown, fresh, origin, r2
from app.ui.views.results.taking_in import ask_import
from app.ui.widgets.basics import EmptyState, link
from app.ui.widgets.noun_keys import bind_noun_keys
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView


class ResultsView(ListAndDetail):
    """What was fetched and how good it is."""

    detail: ResultDetail

    nouns = frozenset({Noun.RESULT, Noun.JOB})
    tick_ms = 20_000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self._first = True
        commands = tuple(result_commands(self))
        self.context.commands.add(*commands)
        self.table = self._make_table()
        bind_noun_keys(context.commands, commands, self.table, self.table.selected_ids)
        self.detail = ResultDetail(context)
        self.detail.whole.toggled.connect(self._show_whole)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        self.splitter = RememberedSplitter(context.layout, "results", self.table, self.detail, (2, 3))
        column.addWidget(self.splitter, 1)
        self.detail.hide()
        context.bridge.changed.connect(self._follow_tasks)

    def _make_table(self) -> TableView:
        now = self.context.now
        columns = (
            Column("job", self.tr("Name"), 150),
            Column("state", self.tr("State"), 100, status=result_state),
            Column("fresh", self.tr("New"), 50, show=fresh, tooltip=fresh),
            Column("complete", self.tr("Complete"), 110, status=complete_shown),
            Column("service", self.tr("Service"), 130),
            Column("panel", self.tr("Panel"), 100),
            Column("samples", self.tr("People"), 60, show=text.number, numeric=True),
            Column("variants", self.tr("Variants"), 90, show=text.number, numeric=True),
            Column("good", self.tr("R2 ≥ 0.8"), 80, show=text.number, numeric=True),
            Column("mean_r2", self.tr("Mean R2"), 75, show=r2, numeric=True, hidden=True),
            time_column("verified", self.tr("When"), now, width=90),
            Column("elsewhere", self.tr("From"), 80, show=origin, hidden=True),
            Column("verdict", self.tr("Verdict"), 180, hidden=True),
            Column("size", self.tr("Size"), 85, show=text.size, numeric=True, hidden=True),
            Column("files", self.tr("Files"), 60, show=text.number, numeric=True, hidden=True),
            Column("folder", self.tr("Folder"), 280, hidden=True),
            time_column("started", self.tr("Begun"), now, width=115, hidden=True),
        )
        source = Joined(self.context.library.pages("result"), "fresh", ("seen", "state"), sort="seen")
        model = TableModel(self.context.bridge, source, columns, Noun.RESULT)
        hint = self.tr("Filter, for example state:incomplete")
        table = TableView(self.context, model, "result", "results", hint)
        table.set_empty(self._empty_state())
        self.take_in = self._tool(
            self.tr("Take in…"), "add", lambda: self.context.commands.run("result.import")
        )
        self.take_in.setToolTip(self.tr("Take in results from elsewhere"))
        self.compare = self._tool(self.tr("Compare"), "table", self._compare_selected)
        self.compare.setToolTip(self.tr("Select two or more results to compare and join them"))
        self.compare.setEnabled(False)
        table.add_tool(self.compare)
        table.add_tool(self.take_in)
        table.grid.selectionModel().selectionChanged.connect(lambda *_: self._offer_compare())
        table.current_changed.connect(self._show)
        table.opened.connect(lambda each: self.context.commands.run("result.folder", (each,)))
        table.model.loaded.connect(self._choose_first)
        return table

    def _empty_state(self) -> EmptyState:
        empty = EmptyState(
            self.context.theme,
            "results",
            self.tr("Results come here by themselves: fetched, decrypted, verified and judged."),
            self.tr("Take in results from elsewhere"),
            lambda: self.context.commands.run("result.import"),
        )
        jobs = link(self.tr("See the jobs"), lambda: self.context.navigate("jobs", None))
        column = empty.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(column.count() - 1, jobs, 0, Qt.AlignmentFlag.AlignCenter)
        return empty

    def _tool(self, words: str, icon: str, on_click: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        self.context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: on_click())
        return button

    def _offer_compare(self) -> None:
        self.compare.setEnabled(len(self.table.selected_ids()) > 1)

    def _compare_selected(self) -> None:
        self.context.commands.run("result.compare", self.table.selected_ids())

    def _show_whole(self, whole: bool) -> None:
        """The page alone, or below the table."""
        self.table.setVisible(not whole)

    # Taken in.

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """Whatever is dropped here is meant as a result."""
        if len(paths) == 1:
            return self.tr("{0}: take in as a result").format(paths[0].name)
        return self.tr("{0} files and folders: take in as one result").format(len(paths))

    def drop(self, paths: Sequence[Path]) -> None:
        """Ask and take in."""
        self.import_files(paths)

    def import_files(self, paths: Sequence[Path] = ()) -> ImportDialog:
        """Ask what they are, then take them in."""
        return ask_import(self.context, self, paths, self.reveal)

    def compare_results(self, ids: Ids) -> None:
        """Put them side by side."""
        self.context.navigate("compare", ",".join(ids))

    def ask_removal(self, ids: Ids) -> QMessageBox:
        """Ask whether they go, and whether their files go too."""
        count = len(ids)
        box = confirm(
            self,
            plural(self.tr("Remove %Ln result(s)?", "", count), count),
            self.tr(
                "Figures and books of it are forgotten. Files stay where they are unless you say otherwise."
            ),
            self.tr("Remove"),
            lambda: self._remove(ids, files.isChecked()),
        )
        files = QCheckBox(self.tr("Also delete the files that Haplodesk wrote"), box)
        box.setCheckBox(files)
        return box

    def _remove(self, ids: Ids, files: bool) -> None:
        for each in ids:
            self.do(self.context.operations.remove_result(each, files))

    def export(self, result_id: str) -> None:
        """Go to the form of an export."""
        self.reveal(result_id)
        self.detail.tabs.setCurrentWidget(self.detail.exports)

    # Shown.

    def refresh(self) -> None:
        """The table reads itself after the first time."""
        if self._first:
            self._first = False
            self.table.refresh()
        if self.current is not None:
            self._read_detail(self.current)

    def tick(self) -> None:
        """Relative times."""
        self.table.grid.viewport().update()
        self.detail.tick()

    def facts_of(self, item_id: str) -> Coroutine[Any, Any, ResultFacts | None]:
        """What the page shows."""
        return self.detail.facts_of(item_id)

    def show_facts(self, facts: ResultFacts | None) -> None:
        """Show it, unless another row was selected meanwhile."""
        if facts is None or facts.result.id != self.current:
            return
        self.detail.show_facts(facts)
        self.detail.show()
        result = facts.result
        if result.state is ResultState.VERIFIED and not result.seen and self.isVisible():
            self.do(self.context.operations.mark_result_seen(result.id))

    def _follow_tasks(self, changes: Changes) -> None:
        if Noun.TASK in changes.nouns() and self.isVisible():
            self.detail.show_tasks()

    # Done.

    def with_result(self, result_id: str, then: Callable[[Result], object]) -> None:
        """Read a result and hand it over."""

        def found(result: Result | None) -> None:
            if result is not None:
                then(result)

        self.read(self.context.library.result(result_id), found)

    def open_folder(self, result_id: str) -> None:
        """In the file manager of the system."""

        def show(result: Result) -> None:
            if not QDesktopServices.openUrl(QUrl.fromLocalFile(result.folder)):
                self.context.notices.say(self.tr("The folder could not be opened"), result.folder)

        self.with_result(result_id, show)

    def open_job(self, result_id: str) -> None:
        """Go to the job it comes from."""
        self.with_result(result_id, lambda result: self.context.navigate("jobs", result.job_id))

    def copy_paths(self, ids: Ids) -> None:
        """The folders, a line each."""

        async def folders() -> list[str]:
            found = [await self.context.library.result(each) for each in ids]
            return [r.folder for r in found if r is not None]

        self.read(folders(), lambda paths: QGuiApplication.clipboard().setText("\n".join(paths)))

    def mend(self, ids: Ids) -> None:
        """Fetch what is missing; what is here and whole is not asked for again."""
        for each in ids:
            self.with_result(each, self._mend)

    def _mend(self, result: Result) -> None:
        def failed(problem: Problem) -> None:
            if self.current == result.id and self.detail.isVisible():
                self.detail.show_problem(problem)
            else:
                self.context.notices.problem(problem)

        self.do(self.context.operations.fetch_results(result.job_id), None, failed)
