"""The whole way in the real window, by clicks and keys: first run to a verified result, and the next day."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from app.domain.job import JobState
from app.domain.result import Result, ResultState
from app.store import jobs, results
from app.store.secrets import open_secrets
from app.ui.running import RunningWindow
from app.ui.views.home.home_view import HomeView
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.results.results_view import ResultsView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.end_to_end.conftest import SAMPLES, World
from tests.end_to_end.real_window import (
    choose,
    click_row,
    find_row,
    open_window,
    press,
    said,
    tick,
    type_keys,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_MS = 120_000
HEIGHT = 640


def test_from_the_first_start_to_a_result_and_the_next_day(
    world: World, tmp_path: Path, qtbot: QtBot
) -> None:
    home, secrets = tmp_path / "home", open_secrets({"HAPLODESK_KEYRING": "memory"})
    with open_window(home, world, secrets) as running:
        first_run(running, qtbot)
        fill_form(running, qtbot, "First journey")
        send(running, qtbot)
        result = follow(running, qtbot)
        look_at_result(running, qtbot, result)
        leave_half_filled(running, qtbot)
    with open_window(home, world, secrets) as running:
        assert running.window.height() == HEIGHT
        assert running.window.rail.narrow
        find_form_again(running, qtbot)
        find_everything_again(running, qtbot, result)


def first_run(running: RunningWindow, qtbot: QtBot) -> None:
    """One click on Home: a service and checked data."""
    window = running.window
    home = window.view("home")
    assert isinstance(home, HomeView)
    qtbot.waitUntil(lambda: home.first_run.isVisible(), timeout=LIMIT_MS)
    press(qtbot, home, "Try it with practice data")
    qtbot.waitUntil(lambda: window.current_id == "uploads", timeout=LIMIT_MS)
    uploads = window.view("uploads")
    assert isinstance(uploads, UploadsView)
    qtbot.waitUntil(lambda: f"{SAMPLES} people" in said(uploads.detail), timeout=LIMIT_MS)
    assert "Practice server" in said(uploads.detail)
    press(qtbot, uploads.detail, "New job")
    assert window.current_id == "new_job"


def form_of(running: RunningWindow) -> NewJobView:
    view = running.window.view("new_job")
    assert isinstance(view, NewJobView)
    return view


def population_of(form: NewJobView) -> QComboBox | None:
    field = form.how.fields.get("population")
    return field if isinstance(field, QComboBox) and field.isVisible() else None


def fill_form(running: RunningWindow, qtbot: QtBot, name: str) -> None:
    """Panel by the mouse, name and population by the keyboard."""
    form = form_of(running)
    qtbot.waitUntil(lambda: find_row(form.where.tree, "GRCh37/hg19") is not None, timeout=LIMIT_MS)
    assert not form.bar.button.isEnabled()
    click_row(qtbot, form.where.tree, "GRCh37/hg19")
    qtbot.waitUntil(lambda: population_of(form) is not None, timeout=LIMIT_MS)
    form.how.name.setFocus()
    qtbot.keyClicks(form.how.name, name)
    combo = population_of(form)
    assert combo is not None
    choose(qtbot, combo, "NORTH")


def send(running: RunningWindow, qtbot: QtBot) -> None:
    """Nothing can be sent before every box is ticked; then one button."""
    form = form_of(running)
    qtbot.waitUntil(lambda: len(form.bar.boxes) == 2, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: "Will be sent: 2 files" in said(form.bar), timeout=LIMIT_MS)
    for box in tuple(form.bar.boxes.values()):
        assert not form.bar.button.isEnabled()
        tick(qtbot, box)
    qtbot.waitUntil(lambda: form.bar.button.isEnabled(), timeout=LIMIT_MS)
    press(qtbot, form.bar, "Send to Practice server")
    qtbot.waitUntil(lambda: running.window.current_id == "jobs", timeout=LIMIT_MS)


def follow(running: RunningWindow, qtbot: QtBot) -> Result:
    """The page of the job shows its stages; a notice tells the end."""
    view = running.window.view("jobs")
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: view.shown_job() is not None, timeout=LIMIT_MS)
    job = view.shown_job()
    assert job is not None
    assert job.name == "First journey"
    assert job.options["population"] == "north"
    for stage in ("Uploaded", "Queued", "Phased and imputed", "Verified"):
        assert stage in said(view.detail) + view.detail.stages.accessibleName(), stage
    told: set[str] = set()

    def is_told() -> bool:
        told.update(said(box) for box in running.notices.boxes())
        return any("First journey" in t and ("done" in t or "ready" in t) for t in told)

    qtbot.waitUntil(is_told, timeout=LIMIT_MS)
    store = running.desk.store

    def verified() -> Result | None:
        found = store.read_now(lambda c: results.result_of_job(c, job.id))
        return found if found is not None and found.state is ResultState.VERIFIED else None

    qtbot.waitUntil(lambda: verified() is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: (now := view.shown_job()) is not None and now.state is JobState.SUCCESS)
    result = verified()
    assert result is not None
    return result


def look_at_result(running: RunningWindow, qtbot: QtBot, result: Result) -> None:
    """On the disk as recorded, and in Results with its curve."""
    folder = Path(result.folder)
    assert {f"chr{c}.{kind}" for c in (20, 22) for kind in ("dose.vcf.gz", "info.gz")} <= {
        p.name for p in folder.iterdir()
    }
    for file in result.files:
        assert hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
    type_keys(running.window, "Ctrl+6")
    assert running.window.current_id == "results"
    view = running.window.view("results")
    assert isinstance(view, ResultsView)
    qtbot.waitUntil(
        lambda: view.detail.isVisible() and view.detail.quality.plot.isVisible(), timeout=LIMIT_MS
    )
    assert "variants at R2" in said(view.detail)
    assert result.quality is not None
    assert view.detail.quality.bins.isVisible()
    picture = view.detail.quality.plot.grab().toImage()
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(picture.height())}
    assert len(colours) > 3, "the curve is drawn"


def leave_half_filled(running: RunningWindow, qtbot: QtBot) -> None:
    """Begin a second job and leave."""
    window = running.window
    window.resize(900, HEIGHT)  # the screen of the offscreen platform is small
    window.rail.set_narrow(True)
    type_keys(window, "Ctrl+N")
    assert window.current_id == "new_job"
    form = form_of(running)
    qtbot.waitUntil(lambda: population_of(form) is not None, timeout=LIMIT_MS)
    form.how.name.setFocus()
    qtbot.keyClicks(form.how.name, "Half an idea")
    combo = population_of(form)
    assert combo is not None
    choose(qtbot, combo, "SOUTH")


def find_form_again(running: RunningWindow, qtbot: QtBot) -> None:
    """The window opens on the page that was left, with what was typed; but no tick under any terms."""
    assert running.window.current_id == "new_job"
    form = form_of(running)
    qtbot.waitUntil(lambda: population_of(form) is not None, timeout=LIMIT_MS)
    assert form.how.name.text() == "Half an idea"
    combo = population_of(form)
    assert combo is not None
    assert "SOUTH" in combo.currentText()
    assert form.bar.boxes
    assert not any(box.isChecked() for box in form.bar.boxes.values())


def find_everything_again(running: RunningWindow, qtbot: QtBot, result: Result) -> None:
    window = running.window
    qtbot.mouseClick(window.rail.buttons["jobs"], Qt.MouseButton.LeftButton)
    view = window.view("jobs")
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: "First journey" in said(view.detail), timeout=LIMIT_MS)
    kept = running.desk.store.read_now(jobs.jobs)
    assert [j.id for j in kept] == [result.job_id]
    qtbot.mouseClick(window.rail.buttons["results"], Qt.MouseButton.LeftButton)
    shown = window.view("results")
    assert isinstance(shown, ResultsView)
    qtbot.waitUntil(lambda: "First journey" in said(shown.detail), timeout=LIMIT_MS)
