"""A real GA4GH service from the window: a form of a described workflow, a real run, its log, its result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.application import build_window, close_window, logging_to, open_desk
from app.domain.changes import Noun
from app.domain.job import JobState
from app.domain.result import ResultState
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.sync_panels import sync_panels
from app.practice.cohort import make_practice_data
from app.store import results
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.running import RunningWindow
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.services.services_view import ServicesView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.end_to_end.real_window import click_row, find_row, press, said
from tests.helpers.desk_fixtures import pass_check
from tests.helpers.real_wes import USER, Sapporo, need_real_servers
from tests.ui.conftest import flush_deleted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LIMIT_MS = 240_000


async def made_ready(desk: Desk, server: Sapporo, cohort: Path) -> None:
    """What a person did before: the service is there, and the data are checked."""
    service_id = (await add_service(desk, "Our node", server.base)).ids(Noun.SERVICE)[0]
    await desk.update_service(service_id, limits=Limits(min_poll_s=0.5))
    if not server.signed:
        await sync_panels(desk, (service_id,))
    await pass_check(desk, (await add_dataset(desk, (cohort,))).ids(Noun.DATASET)[0])


@pytest.mark.parametrize("signed", [False, True], ids=("open", "signed"))
def test_a_cohort_goes_to_a_node_and_comes_back(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    """At a server that asks nobody who they are, and at one that lets only its users in."""
    need_real_servers()
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    data = make_practice_data(tmp_path / "data", samples=24, sites=300, chromosomes=("22",))
    home = tmp_path / "home"
    with Sapporo(tmp_path / "server", signed=signed) as server, logging_to(home):
        assert isinstance(server, Sapporo)
        desk = open_desk(home)
        # The truth is phased, as Minimac wants its input.
        asyncio.run(made_ready(desk, server, data.truth[0]))
        running = build_window(desk)
        try:
            if signed:
                sign_in(running, qtbot, server.token())
            send(new_job(running, qtbot), qtbot, data.panel[0])
            follow(running.window.view("jobs"), desk, qtbot)
        finally:
            running.window._may_close = True
            running.window.close()
            close_window(running)
            flush_deleted()


def sign_in(running: RunningWindow, qtbot: QtBot, token: str) -> None:
    """Paste a token on the page of the service, and see that the service knows its user."""
    window = running.window
    qtbot.waitUntil(lambda: window.isVisible(), timeout=LIMIT_MS)
    qtbot.mouseClick(window.rail.buttons["services"], Qt.MouseButton.LeftButton)
    services = window.view("services")
    assert isinstance(services, ServicesView)
    qtbot.waitUntil(lambda: "Set token…" in said(services.detail), timeout=LIMIT_MS)
    facts = services.detail.facts
    assert facts is not None
    assert not facts.service.token.present
    press(qtbot, services.detail, "Set token…")
    qtbot.waitUntil(lambda: window.findChild(SetTokenDialog) is not None, timeout=LIMIT_MS)
    dialog = window.findChild(SetTokenDialog)
    assert isinstance(dialog, SetTokenDialog)
    qtbot.keyClicks(dialog.token.box, token)
    press(qtbot, dialog, "Set token")
    qtbot.waitUntil(lambda: USER in said(services.detail), timeout=LIMIT_MS)
    assert token not in said(services.detail)
    qtbot.mouseClick(services.detail.sync, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "not read yet" not in said(services.detail), timeout=LIMIT_MS)


def new_job(running: RunningWindow, qtbot: QtBot) -> NewJobView:
    """From the page of the data."""
    window = running.window
    qtbot.waitUntil(lambda: window.isVisible(), timeout=LIMIT_MS)
    qtbot.mouseClick(window.rail.buttons["uploads"], Qt.MouseButton.LeftButton)
    uploads = window.view("uploads")
    assert isinstance(uploads, UploadsView)
    qtbot.waitUntil(lambda: "New job" in said(uploads.detail), timeout=LIMIT_MS)
    press(qtbot, uploads.detail, "New job")
    form = window.view("new_job")
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
    press(qtbot, form.bar, "Send to Our node")


def follow(view: object, desk: Desk, qtbot: QtBot) -> None:
    """The page of the job, until the result is verified; then its log."""
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: view.shown_job() is not None, timeout=LIMIT_MS)

    def shown_state() -> JobState | None:
        job = view.shown_job()
        return job.state if job is not None else None

    qtbot.waitUntil(lambda: shown_state() is JobState.SUCCESS, timeout=LIMIT_MS)
    job = view.shown_job()
    assert job is not None

    def is_verified() -> bool:
        found = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
        return found is not None and found.state is ResultState.VERIFIED

    qtbot.waitUntil(is_verified, timeout=LIMIT_MS)
    log = view.detail.log
    assert not log.isHidden()
    log.read()
    qtbot.waitUntil(lambda: log.tabs.count() > 0, timeout=LIMIT_MS)
    assert "Log of the run" in said(view.detail)
    assert [log.tabs.tabText(n) for n in range(log.tabs.count())][:2] == ["Errors and messages", "Output"]
