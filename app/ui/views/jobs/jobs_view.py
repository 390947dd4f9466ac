"""Jobs: the table, and the page of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.job import Job
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui import text
from app.ui.commands import Ids
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.dialogs.sign_in import open_token_dialog
from app.ui.drop_kinds import may_be_result
from app.ui.models.group_words import WithGroupWords
from app.ui.models.joined import Joined
from app.ui.models.table import Column, TableModel, time_column
from app.ui.status import Shown, job_state
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.jobs.fetch_password import FetchPasswordDialog
from app.ui.views.jobs.job_commands import job_commands
from app.ui.views.jobs.job_detail import JobDetail, JobFacts
from app.ui.views.jobs.remedies import costs_downloads
from app.ui.views.list_and_detail import ListAndDetail
from app.ui.widgets.basics import EmptyState, primary
from app.ui.widgets.noun_keys import bind_noun_keys
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView

SLOWLY = 20


class JobsView(ListAndDetail):
    """Imputation jobs at services."""

    detail: JobDetail

    nouns = frozenset({Noun.JOB, Noun.RESULT, Noun.EVENT, Noun.SERVICE})
    claims_results = True
    tick_ms = 1000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self._first = True
        self._ticks = 0
        commands = tuple(job_commands(self))
        self.context.commands.add(*commands)
        self.table = self._make_table()
        bind_noun_keys(context.commands, commands, self.table, self.table.selected_ids)
        self.detail = JobDetail(context)
        self.detail.by_hand.on_bring(self.bring)
        self.detail.only_group.connect(lambda group: self.table.set_filter(f"group:{group}"))
        self.detail.send_rest.connect(self.send_rest)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        self.splitter = RememberedSplitter(context.layout, "jobs", self.table, self.detail, (2, 3))
        column.addWidget(self.splitter, 1)
        self.detail.hide()
        context.bridge.changed.connect(self._follow_tasks)

    def _make_table(self) -> TableView:
        now = self.context.now
        columns = (
            Column("name", self.tr("Name"), 170),
            Column("shown", self.tr("State"), 120, status=_state),
            Column("service", self.tr("Service"), 175),
            Column("panel", self.tr("Panel"), 170),
            Column("progress", self.tr("Progress"), 70, show=_percent, numeric=True),
            Column("step", self.tr("Step"), 140),
            Column("queue_position", self.tr("Queue"), 60, show=_place, numeric=True),
            time_column("submitted", self.tr("Sent"), now, width=115),
            time_column("expires", self.tr("Deleted there"), now, width=115),
            time_column("ended", self.tr("Ended"), now, width=115),
            Column("size", self.tr("Size"), 80, show=text.size, numeric=True),
            Column("problem", self.tr("Problem"), 220),
            Column("group_id", self.tr("Sent together"), 95, show=_group, tooltip=_whole_group),
            time_column("created", self.tr("Made"), now, width=115, hidden=True),
            time_column("last_visit", self.tr("Last look"), now, width=115, hidden=True),
            Column("remote_id", self.tr("Job at the service"), 180, hidden=True),
        )
        library = self.context.library
        states = Joined(library.pages("job"), "shown", ("state", "raw_state"), sort="state")
        source = WithGroupWords(states, library.group_words)
        model = TableModel(self.context.bridge, source, columns, Noun.JOB)
        hint = self.tr("Filter, for example state:failed service:michigan")
        table = TableView(self.context, model, "job", "jobs", hint)
        self.new_job = primary(QPushButton(self.tr("New job")))
        self.new_job.clicked.connect(lambda: self.context.navigate("new_job", None))
        table.add_tool(self.new_job)
        table.set_empty(
            EmptyState(
                self.context.theme,
                "jobs",
                self.tr(
                    "A job sends a dataset to a service, and Haplodesk follows it until its result is here."
                ),
                self.tr("New job"),
                lambda: self.context.navigate("new_job", None),
            )
        )
        table.current_changed.connect(self._show)
        table.opened.connect(self._show)
        table.model.loaded.connect(self._choose_first)
        return table

    # Shown.

    def refresh(self) -> None:
        """The table reads itself after the first time."""
        if self._first:
            self._first = False
            self.table.refresh()
        if self.current is not None:
            self._read_detail(self.current)

    def tick(self) -> None:
        """The countdown every second, relative times more seldom."""
        self._ticks += 1
        self.detail.tick()
        if self._ticks % SLOWLY == 0:
            self.table.grid.viewport().update()
            self.detail.tick_slowly()

    def shown_job(self) -> Job | None:
        """The job whose page is open."""
        return self.detail.facts.job if self.detail.facts is not None else None

    def offer_tools(self, something: bool) -> None:
        """An empty table has a button of its own."""
        self.new_job.setVisible(something)

    def facts_of(self, item_id: str) -> Coroutine[Any, Any, JobFacts | None]:
        """What the page shows."""
        return self.detail.facts_of(item_id)

    def show_facts(self, facts: JobFacts | None) -> None:
        """Show it, unless another row was selected meanwhile."""
        if facts is None or facts.job.id != self.current:
            return
        self.detail.show_facts(facts)
        self.detail.show()

    # Results that a person brings from a web page.

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """Whatever may be a result, dropped on a job at a web page that waits for its own, is that.

        Pages name their files as they like: what is none is told when it is looked into.
        """
        facts = self.detail.facts
        if facts is None or facts.sheet is None or facts.job.is_fetched or not self.detail.isVisible():
            return None
        if not all(may_be_result(path) for path in paths):
            return None
        return self.tr("Take in as the result of {0}").format(facts.job.name)

    def drop(self, paths: Sequence[Path]) -> None:
        """Take it in."""
        self.bring(list(paths))

    def bring(self, paths: list[Path]) -> None:
        """Take in the result of the job on the page; a password that is needed is asked for."""
        job = self.shown_job()
        if job is None:
            return

        def failed(problem: Problem) -> None:
            if problem.details.startswith(("archive.password", "archive.no_password")):
                self.fetch_with_password(job.id)
            self._problem_of(job.id)(problem)

        self.do(self.context.operations.bring_result(job.id, paths), None, failed)

    def _follow_tasks(self, changes: Changes) -> None:
        if Noun.TASK in changes.nouns() and self.isVisible():
            self.detail.show_tasks()

    # Done.

    def with_job(self, job_id: str, then: Callable[[Job], object]) -> None:
        """Read a job and hand it over."""

        def found(job: Job | None) -> None:
            if job is not None:
                then(job)

        self.read(self.context.library.job(job_id), found)

    def _problem_of(self, job_id: str) -> Callable[[Problem], object]:
        """In place for the job that is shown, else as a notice."""

        def show(problem: Problem) -> None:
            if self.isVisible() and self.current == job_id and self.detail.isVisible():
                self.detail.show_problem(problem)
            else:
                self.context.notices.problem(problem)

        return show

    def look(self, ids: Ids) -> None:
        """Ask the services of these jobs."""

        async def services() -> set[str]:
            jobs = [await self.context.library.job(each) for each in ids]
            return {j.service_id for j in jobs if j is not None}

        def ask(found: set[str]) -> None:
            for each in sorted(found):
                self.do(self.context.operations.visit_jobs(each))

        self.read(services(), ask)

    def cancel(self, ids: Ids) -> None:
        """Ask first: what the service has computed is lost."""
        shown = self.shown_job()
        if len(ids) != 1:
            self._ask_to_cancel(ids)
        elif shown is not None and shown.id == ids[0]:
            self._ask_to_cancel(ids, shown.name)
        else:
            self.with_job(ids[0], lambda job: self._ask_to_cancel(ids, job.name))

    def _ask_to_cancel(self, ids: Ids, name: str = "") -> None:
        n = len(ids)

        def go() -> None:
            for each in ids:
                self.do(self.context.operations.cancel_job(each), None, self._problem_of(each))

        confirm(
            self,
            self.tr("Cancel {0}?").format(name) if name else plural(self.tr("Cancel %Ln job(s)?", "", n), n),
            self.tr("What the service has computed so far is lost. The dataset stays."),
            self.tr("Cancel the job") if name else plural(self.tr("Cancel %Ln job(s)", "", n), n),
            go,
            self.tr("Keep it running") if n == 1 else self.tr("Keep them running"),
        )

    def send_again(self, ids: Ids) -> None:
        """Try again, at the server or as a new job."""
        for each in ids:
            self.do(
                self.context.operations.restart_job(each),
                lambda changes: self._select_new(changes, ids),
                self._problem_of(each),
            )

    def send_rest(self, ids: Ids) -> None:
        """Those of a group that have no result. The page stays unless its own job was replaced."""

        def follow(old: str) -> Callable[[Changes], object]:
            return lambda changes: self._select_new(changes, ids) if old == self.current else None

        for each in ids:
            self.do(self.context.operations.restart_job(each), follow(each), self._problem_of(each))

    def _select_new(self, changes: Changes, old: Ids) -> None:
        """A new job was made of an old one: show that."""
        made = [each for each in changes.ids(Noun.JOB) if each not in old]
        if made:
            self.reveal(made[0])

    def check_files(self, job_id: str) -> None:
        """Check its dataset by the rules of its service, and show it."""

        def check(job: Job) -> None:
            if job.dataset_id is not None:
                self.context.navigate("uploads", job.dataset_id)
                self.do(self.context.operations.check_dataset(job.dataset_id, job.service_id, job.panel_id))

        self.with_job(job_id, check)

    def set_token(self, job_id: str) -> None:
        """Ask for the token of the job's service."""

        def ask(service: Service | None) -> None:
            if service is not None:
                open_token_dialog(self.context, service, self)

        self.with_job(job_id, lambda job: self.read(self.context.library.service(job.service_id), ask))

    def fetch(self, ids: Sequence[str], to: Path | None = None, password: SecretStr | None = None) -> None:
        """Fetch results; what fails is shown on the page of the job."""
        for each in ids:
            self.do(self.context.operations.fetch_results(each, to, password), None, self._problem_of(each))

    def fetch_to(self, job_id: str) -> None:
        """Ask for a folder; a folder of the job's own is made in it."""
        self.with_job(job_id, self._ask_folder)

    def _ask_folder(self, job: Job) -> None:
        dialog = QFileDialog(self, self.tr("Fetch to another folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda name: self.fetch_into(job, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def fetch_into(self, job: Job, folder: Path) -> None:
        """Fetch to another folder; asks first when that costs downloads."""
        target = folder / job.remote_name
        if not costs_downloads(job):
            self.fetch((job.id,), target)
            return
        confirm(
            self,
            self.tr("Fetch everything again?"),
            self.tr(
                "Files of this result are on this computer already. Each fetched again uses up one of the "
                "downloads that the service allows."
            ),
            self.tr("Fetch again"),
            lambda: self.fetch((job.id,), target),
            self.tr("Leave it where it is"),
        )

    def fetch_with_password(self, job_id: str) -> None:
        """Ask for a password."""

        def ask(job: Job) -> None:
            FetchPasswordDialog(
                self.context, job.name, lambda word: self.fetch((job.id,), None, word), self
            ).open()

        self.with_job(job_id, ask)

    def open_result(self, job_id: str) -> None:
        """Go to its result."""
        self.read(
            self.context.library.result_of_job(job_id),
            lambda found: self.context.navigate("results", found.id) if found is not None else None,
        )

    def copy_ids(self, ids: Ids) -> None:
        """The ids of the services, a line each; our own for jobs that never got there."""

        async def named() -> list[str]:
            jobs = [await self.context.library.job(each) for each in ids]
            return [j.remote_id or j.id for j in jobs if j is not None]

        self.read(named(), lambda names: QGuiApplication.clipboard().setText("\n".join(names)))

    def forget(self, ids: Ids) -> None:
        """Ask first: the timeline, and the password of archives that are not opened yet, are lost."""
        n = len(ids)

        def go() -> None:
            for each in ids:
                self.do(self.context.operations.forget_job(each), None, self._problem_of(each))

        confirm(
            self,
            plural(self.tr("Forget %Ln job(s)?", "", n), n),
            self.tr(
                "Its timeline and the password of its archives on this computer are lost. "
                "Fetched results stay; the service is not asked."
            ),
            plural(self.tr("Forget %Ln job(s)", "", n), n),
            go,
        )


def _state(value: tuple[str, int | None]) -> Shown:
    shown = job_state(value[0])
    if value[0] == "unknown" and value[1] is not None:
        return Shown(shown.status, f"{shown.word} ({value[1]})", shown.icon)
    return shown


def _percent(value: float | None) -> str:
    return "" if value is None else text.percent(value)


def _group(value: tuple[str, str] | None) -> str:
    """Rows of one group have the same few letters."""
    return "" if value is None else value[0].removeprefix("group-")[:8]


def _whole_group(value: tuple[str, str] | None) -> str:
    """How the group stands, and what the filter takes."""
    return "" if value is None else f"{value[1]}\ngroup:{value[0]}".strip()


def _place(value: int | None) -> str:
    return "" if value is None else text.number(value)
