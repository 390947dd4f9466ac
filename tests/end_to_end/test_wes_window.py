"""A real GA4GH service from the window: real people imputed by Minimac 4, as a user of the program does it.

The whole chromosome at a service that asks nobody who they are, five megabases at one that lets only its
users in. Everything is done in the window, from adding the service to looking at the result; only then the
test judges by itself, by what the people truly carry. Without the shared data the people are invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.application import build_window, close_window, logging_to, open_desk
from app.domain.dataset import DatasetState
from app.domain.job import Job, JobState
from app.domain.result import Result, ResultState
from app.domain.service import Limits
from app.store import datasets, results, services
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.running import RunningWindow
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.results.results_view import ResultsView
from app.ui.views.services.services_view import ServicesView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.end_to_end.real_people import WHOLE, Cohort, judge, real_or_invented
from tests.end_to_end.real_window import click_row, find_row, press, said
from tests.helpers.real_wes import USER, Sapporo, need_real_servers
from tests.ui.conftest import flush_deleted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LIMIT_MS = 600_000
NODE = "Our node"
CUT = (24_000_000, 29_000_000)


def test_a_real_cohort_goes_to_a_node_and_comes_back(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole chromosome, at a server that asks nobody who they are."""
    need_real_servers()
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    cohort = real_or_invented(tmp_path / "data", WHOLE)
    with Sapporo(tmp_path / "server") as server, opened(tmp_path / "home") as running:
        add_node(running, qtbot, server.base)
        result = imputed(running, qtbot, cohort)
        look_at_result(running, qtbot, result)
    judge(cohort, Path(result.folder) / "study.chr22.dose.vcf.gz")


def test_a_real_cohort_goes_to_a_node_that_knows_its_users(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five megabases, with the token of a user."""
    need_real_servers()
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    cohort = real_or_invented(tmp_path / "data", CUT)
    with Sapporo(tmp_path / "server", signed=True) as server, opened(tmp_path / "home") as running:
        assert isinstance(server, Sapporo)
        add_node(running, qtbot, server.base)
        sign_in(running, qtbot, server.token())
        result = imputed(running, qtbot, cohort)
    judge(cohort, Path(result.folder) / "study.chr22.dose.vcf.gz")


@contextmanager
def opened(home: Path) -> Iterator[RunningWindow]:
    """The whole program with its window; closed as by its user."""
    with logging_to(home):
        running = build_window(open_desk(home))
        try:
            yield running
        finally:
            running.window._may_close = True
            running.window.close()
            close_window(running)
            flush_deleted()


def imputed(running: RunningWindow, qtbot: QtBot, cohort: Cohort) -> Result:
    """From the file in the hand to the verified result on the disk."""
    bring(running, qtbot, cohort.target)
    send(new_job(running, qtbot), qtbot, cohort.panel)
    job = follow(running, qtbot)
    result = fetched(running, qtbot, job)
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (cohort.people, cohort.sites)
    assert job.started is not None
    assert job.ended is not None
    print(f"at the service {(job.ended - job.started).total_seconds():.0f} s")  # noqa: T201
    read_log(running, qtbot)
    return result


def services_page(running: RunningWindow, qtbot: QtBot) -> ServicesView:
    window = running.window
    qtbot.waitUntil(window.isVisible, timeout=LIMIT_MS)
    qtbot.mouseClick(window.rail.buttons["services"], Qt.MouseButton.LeftButton)
    view = window.view("services")
    assert isinstance(view, ServicesView)
    return view


def add_node(running: RunningWindow, qtbot: QtBot, address: str) -> None:
    """By its address, as its operator gave it; what it says of itself is on its page then."""
    view = services_page(running, qtbot)
    qtbot.waitUntil(lambda: "Add service…" in said(view), timeout=LIMIT_MS)
    press(qtbot, view, "Add service…")
    qtbot.waitUntil(lambda: running.window.findChild(AddServiceDialog) is not None, timeout=LIMIT_MS)
    dialog = running.window.findChild(AddServiceDialog)
    assert isinstance(dialog, AddServiceDialog)
    qtbot.waitUntil(lambda: bool(dialog.presets), timeout=LIMIT_MS)
    dialog.choice.list.scrollToItem(dialog.choice.other)
    place = dialog.choice.list.visualItemRect(dialog.choice.other).center()
    qtbot.mouseClick(dialog.choice.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert dialog.chosen() is None
    qtbot.keyClicks(dialog.name, NODE)
    qtbot.keyClicks(dialog.address, address)
    press(qtbot, dialog, "Add service")
    for words in (NODE, "Sapporo", "cwltool", "CWL", "Imputation with Minimac 4"):
        qtbot.waitUntil(partial(shows, view.detail, words), timeout=LIMIT_MS)
    ask_often(running)


def shows(widget: QWidget, words: str) -> bool:
    return words in said(widget)


def ask_often(running: RunningWindow) -> None:
    """The one thing that no user can do: CI would spend its time on the pauses that a service is left."""
    desk = running.desk
    (service,) = desk.store.read_now(services.services)
    running.bridge.submit(desk.update_service(service.id, limits=Limits(min_poll_s=0.5))).result(60)


def sign_in(running: RunningWindow, qtbot: QtBot, token: str) -> None:
    """Paste a token on the page of the service, and see that the service knows its user."""
    view = services_page(running, qtbot)
    qtbot.waitUntil(lambda: "Set token…" in said(view.detail), timeout=LIMIT_MS)
    facts = view.detail.facts
    assert facts is not None
    assert not facts.service.token.present
    press(qtbot, view.detail, "Set token…")
    qtbot.waitUntil(lambda: running.window.findChild(SetTokenDialog) is not None, timeout=LIMIT_MS)
    dialog = running.window.findChild(SetTokenDialog)
    assert isinstance(dialog, SetTokenDialog)
    qtbot.keyClicks(dialog.token.box, token)
    press(qtbot, dialog, "Set token")
    qtbot.waitUntil(lambda: USER in said(view.detail), timeout=LIMIT_MS)
    assert token not in said(view.detail)


def bring(running: RunningWindow, qtbot: QtBot, file: Path) -> None:
    """Drop the file onto the window: it is a dataset then, and is checked."""
    window = running.window
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    where, what = window.rect().center(), Qt.DropAction.CopyAction
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(where, what, data, button, keys)
    QApplication.sendEvent(window, over)
    assert over.isAccepted()
    assert file.name in window.veil.words
    QApplication.sendEvent(window, QDropEvent(QPointF(where), what, data, button, keys))
    store = running.desk.store

    def is_checked() -> bool:
        known = store.read_now(datasets.datasets)
        return bool(known) and known[0].state is DatasetState.CHECKED

    qtbot.waitUntil(is_checked, timeout=LIMIT_MS)
    uploads = window.view("uploads")
    assert isinstance(uploads, UploadsView)
    assert window.current_id == "uploads"
    qtbot.waitUntil(lambda: "New job" in said(uploads.detail), timeout=LIMIT_MS)


def new_job(running: RunningWindow, qtbot: QtBot) -> NewJobView:
    """From the page of the data, once the panels of the service are there: they are read by themselves."""
    view = services_page(running, qtbot)
    qtbot.waitUntil(lambda: "not read yet" not in said(view.detail), timeout=LIMIT_MS)
    qtbot.mouseClick(running.window.rail.buttons["uploads"], Qt.MouseButton.LeftButton)
    uploads = running.window.view("uploads")
    assert isinstance(uploads, UploadsView)
    qtbot.waitUntil(lambda: "New job" in said(uploads.detail), timeout=LIMIT_MS)
    press(qtbot, uploads.detail, "New job")
    form = running.window.view("new_job")
    assert isinstance(form, NewJobView)
    return form


def send(form: NewJobView, qtbot: QtBot, panel: Path) -> None:
    """Panel, its file, and one button."""
    qtbot.waitUntil(lambda: find_row(form.where.tree, "A panel of your own") is not None, timeout=LIMIT_MS)
    click_row(qtbot, form.where.tree, "A panel of your own")
    qtbot.waitUntil(lambda: isinstance(form.how.fields.get("panel_file"), QLineEdit), timeout=LIMIT_MS)
    field = form.how.fields["panel_file"]
    assert isinstance(field, QLineEdit)
    field.setFocus()
    qtbot.keyClicks(field, str(panel))
    qtbot.waitUntil(form.bar.button.isEnabled, timeout=LIMIT_MS)
    press(qtbot, form.bar, f"Send to {NODE}")


def follow(running: RunningWindow, qtbot: QtBot) -> Job:
    """The page of the job opens by itself; a notice tells the end."""
    view = running.window.view("jobs")
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: view.shown_job() is not None, timeout=LIMIT_MS)
    told: set[str] = set()

    def is_told() -> bool:
        told.update(said(box) for box in running.notices.boxes())
        return any("study" in each and ("done" in each or "ready" in each) for each in told)

    qtbot.waitUntil(is_told, timeout=LIMIT_MS)
    qtbot.waitUntil(
        lambda: (now := view.shown_job()) is not None and now.state is JobState.SUCCESS, timeout=LIMIT_MS
    )
    job = view.shown_job()
    assert job is not None
    return job


def fetched(running: RunningWindow, qtbot: QtBot, job: Job) -> Result:
    """The result comes by itself; each file is what was recorded of it."""

    def verified() -> Result | None:
        found = running.desk.store.read_now(lambda c: results.result_of_job(c, job.id))
        return found if found is not None and found.state is ResultState.VERIFIED else None

    qtbot.waitUntil(lambda: verified() is not None, timeout=LIMIT_MS)
    result = verified()
    assert result is not None
    names = {each.path for each in result.files}
    assert {"study.chr22.dose.vcf.gz", "study.chr22.dose.vcf.gz.tbi", "study.chr22.info.gz"} <= names
    for each in result.files:
        assert hashlib.sha256((Path(result.folder) / each.path).read_bytes()).hexdigest() == each.sha256
    return result


def read_log(running: RunningWindow, qtbot: QtBot) -> None:
    """What the run wrote, asked of the service when the user wants to see it."""
    view = running.window.view("jobs")
    assert isinstance(view, JobsView)
    log = view.detail.log
    assert not log.isHidden()
    log.read()
    qtbot.waitUntil(lambda: log.tabs.count() > 0, timeout=LIMIT_MS)
    assert "Log of the run" in said(view.detail)
    assert [log.tabs.tabText(n) for n in range(log.tabs.count())][:2] == ["Errors and messages", "Output"]


def look_at_result(running: RunningWindow, qtbot: QtBot, result: Result) -> None:
    """Its page says how well it was imputed."""
    window = running.window
    qtbot.mouseClick(window.rail.buttons["results"], Qt.MouseButton.LeftButton)
    view = window.view("results")
    assert isinstance(view, ResultsView)
    qtbot.waitUntil(
        lambda: view.detail.isVisible() and view.detail.quality.plot.isVisible(), timeout=LIMIT_MS
    )
    qtbot.waitUntil(lambda: "variants at R2" in said(view.detail), timeout=LIMIT_MS)
    assert result.quality is not None
    assert view.detail.quality.bins.isVisible()
