"""Uploads: the datasets, what is wrong with them, and the transfers on their way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.operations.tasks import TaskKind, TaskState
from app.ui import text
from app.ui.context import Context
from app.ui.drop_kinds import drop_sentence, is_excluded_list
from app.ui.models.joined import Joined
from app.ui.models.table import Column, TableModel, time_column
from app.ui.theme import GRID
from app.ui.views.list_and_detail import ListAndDetail
from app.ui.views.uploads.choosing import choose_files, choose_folder
from app.ui.views.uploads.dataset_commands import dataset_commands
from app.ui.views.uploads.dataset_detail import DatasetDetail, DatasetFacts
from app.ui.views.uploads.dataset_words import chromosome_span, dataset_shown
from app.ui.views.uploads.page_actions import DatasetActions
from app.ui.views.uploads.target_menu import Target, ask_target, targets
from app.ui.widgets.basics import EmptyState, link
from app.ui.widgets.noun_keys import bind_noun_keys
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView
from app.ui.widgets.task_rows import TaskRows


class UploadsView(ListAndDetail):
    """What the user brought."""

    detail: DatasetDetail

    nouns = frozenset({Noun.DATASET, Noun.SERVICE, Noun.PANEL, Noun.JOB})
    tick_ms = 20_000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self._first = True
        self._waiting_list: Path | None = None
        self._asked_for = ""
        self._list_follows = False
        commands = tuple(dataset_commands(self))
        self.context.commands.add(*commands)
        self.table = self._make_table()
        bind_noun_keys(context.commands, commands, self.table, self.table.selected_ids)
        self.page = DatasetActions(self)
        self.detail = DatasetDetail(context, self.page)
        self.detail.whole.toggled.connect(self._show_whole)
        self.detail.comparison.close_button.clicked.connect(self.forget_list)
        self.transfers = TaskRows(context)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.transfers)
        self.splitter = RememberedSplitter(context.layout, "uploads", self.table, self.detail, (2, 3))
        column.addWidget(self.splitter, 1)
        self.detail.hide()
        context.bridge.changed.connect(self._follow_tasks)

    def _make_table(self) -> TableView:
        now = self.context.now
        columns = (
            Column("name", self.tr("Name"), 220),
            Column("judged", self.tr("Verdict"), 300, status=dataset_shown),
            Column("samples", self.tr("People"), 75, show=text.number, numeric=True),
            Column("variants", self.tr("Variants"), 95, show=text.number, numeric=True),
            Column("chromosomes", self.tr("Chromosomes"), 110, show=_span),
            Column("build", self.tr("Build"), 85),
            Column("size", self.tr("Size"), 85, show=text.size, numeric=True),
            time_column("checked", self.tr("Checked"), now, width=115),
            time_column("added", self.tr("Added"), now, width=115),
            Column("files", self.tr("Files"), 60, show=text.number, numeric=True, hidden=True),
            Column("severe", self.tr("Stopping"), 80, show=text.number, numeric=True, hidden=True),
            Column("warnings", self.tr("Warnings"), 80, show=text.number, numeric=True, hidden=True),
        )
        source = Joined(
            self.context.library.pages("dataset"),
            "judged",
            ("state", "accepted", "outcome", "verdict"),
            sort="outcome",
        )
        model = TableModel(self.context.bridge, source, columns, Noun.DATASET)
        hint = self.tr("Filter, for example build:GRCh37")
        table = TableView(self.context, model, "dataset", "uploads", hint)
        self.add_files = self._tool(self.tr("Add files…"), "add", lambda: choose_files(self, self.add))
        self.add_folder = self._tool(self.tr("Add folder…"), "folder", lambda: choose_folder(self, self.add))
        table.add_tool(self.add_files)
        table.add_tool(self.add_folder)
        table.set_empty(self._empty_state())
        table.current_changed.connect(self._show)
        table.opened.connect(lambda each: self.context.commands.run("dataset.new_job", (each,)))
        table.model.loaded.connect(self._choose_first)
        return table

    def _tool(self, words: str, icon: str, on_click: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        self.context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: on_click())
        return button

    def _empty_state(self) -> EmptyState:
        empty = EmptyState(
            self.context.theme,
            "uploads",
            self.tr(
                "Drop genotype files or a folder here: VCF, BCF, PLINK, BGEN, raw data of a consumer test, "
                "an Illumina report. They are checked on this computer; nothing is sent."
            ),
            self.tr("Add files…"),
            lambda: choose_files(self, self.add),
        )
        self.practice = link(self.tr("Try it with practice data"), self.add_practice)
        column = empty.layout()
        if isinstance(column, QVBoxLayout):
            column.insertWidget(column.count() - 1, self.practice, 0, Qt.AlignmentFlag.AlignCenter)
        return empty

    # Shown.

    def refresh(self) -> None:
        """The table reads itself after the first time."""
        if self._first:
            self._first = False
            self.table.refresh()
        self._show_tasks()
        if self.current is not None:
            self._read_detail(self.current)

    def tick(self) -> None:
        """Relative times."""
        self.table.grid.viewport().update()

    def offer_tools(self, something: bool) -> None:
        """An empty table has a button of its own."""
        for button in (self.add_files, self.add_folder):
            button.setVisible(something)

    def facts_of(self, item_id: str) -> Coroutine[Any, Any, DatasetFacts | None]:
        """What the page shows."""
        return self.detail.facts_of(item_id)

    def show_facts(self, facts: DatasetFacts | None) -> None:
        """Show it, unless another row was selected meanwhile."""
        if facts is None or facts.dataset.id != self.current:
            return
        self.detail.show_facts(facts)
        self.detail.show()
        self._settle_list(facts.dataset.id)

    def _follow_tasks(self, changes: Changes) -> None:
        if Noun.TASK in changes.nouns() and self.isVisible():
            self._show_tasks()

    def _show_tasks(self) -> None:
        self.detail.show_tasks()
        tasks = self.context.library.tasks()
        self.transfers.show_tasks(
            [t for t in tasks if t.state is TaskState.RUNNING and t.kind is TaskKind.UPLOAD]
        )

    # Done.

    def with_dataset(self, dataset_id: str, then: Callable[[Dataset], object]) -> None:
        """Read a dataset and hand it over."""

        def found(dataset: Dataset | None) -> None:
            if dataset is not None:
                then(dataset)

        self.read(self.context.library.dataset(dataset_id), found)

    def ask_report(self, dataset: Dataset) -> None:
        """Ask where the report of a dataset goes."""
        self.page.ask_report(dataset)

    def show_plan_of(self, dataset_id: str) -> None:
        """The plan of repairs of the shown dataset, for the refusal on top or for the chosen service."""
        if dataset_id == self.current and self.detail.facts is not None:
            self.detail.show_best_plan()
        else:
            self.reveal(dataset_id)

    def check(self, ids: Sequence[str], service_id: str | None) -> None:
        """Check datasets, by the rules of a service if one is named; panel and population as last time.

        The first time they are asked where there is a choice.
        """
        target = self.detail.last_target(service_id) if service_id is not None else Target()
        facts = self.detail.facts
        if target is not None or facts is None:
            self._check_for(ids, target or Target(service_id))
            return
        services = tuple(s for s in facts.services if s.id == service_id)
        wanted = targets(services, facts.panels) or (Target(service_id),)
        ask_target(self, wanted, services, partial(self._check_for, ids))

    def _check_for(self, ids: Sequence[str], target: Target) -> None:
        for each in ids:
            if target.panel_id is None:
                work = self.context.operations.check_dataset(each, target.service_id)
            else:
                work = self.context.operations.check_dataset(
                    each, target.service_id, target.panel_id, population=target.population
                )
            self.do(work)

    def add(self, paths: Sequence[Path], name: str | None = None) -> None:
        """Make a dataset of files, show it, check it."""
        self.do(self.context.operations.add_dataset(paths, name), self._added)

    def add_practice(self) -> None:
        """Make the practice cohort, show it, check it."""
        self.practice.setEnabled(False)

        def done(changes: Changes) -> None:
            self.practice.setEnabled(True)
            self._added(changes)

        def failed(problem: Problem) -> None:
            self.practice.setEnabled(True)
            self.context.notices.problem(problem)

        self.do(self.context.operations.add_practice_data(), done, failed)

    def _added(self, changes: Changes) -> None:
        for each in changes.ids(Noun.DATASET)[:1]:
            self.reveal(each)
            self.check((each,), None)

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """Files and folders become one dataset; a list of left out sites is compared with the prediction."""
        shown = self.detail.facts.dataset if self.detail.facts is not None else None
        if len(paths) == 1 and is_excluded_list(paths[0]) and shown is not None and self.current is not None:
            return self.tr("{0}: compare with what was predicted for {1}").format(paths[0].name, shown.name)
        return drop_sentence(paths)

    def drop(self, paths: Sequence[Path]) -> None:
        """Do it. A list of left out sites needs a dataset to compare it with."""
        if len(paths) != 1 or not is_excluded_list(paths[0]):
            self.add(paths)
            return
        self._waiting_list = paths[0]
        self._list_follows = self.current is None or self.detail.facts is None
        if not self._list_follows:
            self._ask_about_list(paths[0])
        else:
            self.context.notices.say(
                self.tr("Choose the dataset that the job was about"),
                self.tr("{0} is compared with what Haplodesk predicted for it.").format(paths[0].name),
            )

    def _settle_list(self, dataset_id: str) -> None:
        """A list is for the dataset that it was dropped on; without one it waits for that which is chosen."""
        if self._waiting_list is None or self._asked_for == dataset_id:
            return
        if self._list_follows:
            self._ask_about_list(self._waiting_list)
        else:
            self.forget_list()

    def _ask_about_list(self, path: Path) -> None:
        """Ask on the page of the shown dataset."""
        if self.detail.facts is not None:
            self._asked_for = self.detail.facts.dataset.id
            self.page.learn(path)

    def forget_list(self) -> None:
        """The list is compared, or not wanted any more."""
        self._waiting_list, self._asked_for = None, ""

    def _show_whole(self, whole: bool) -> None:
        """The page of a dataset takes the room of the table, until the table is wanted back."""
        self.table.setVisible(not whole)


def _span(chromosomes: str | None) -> str:
    return chromosome_span([c.strip() for c in (chromosomes or "").split(",") if c.strip()])
