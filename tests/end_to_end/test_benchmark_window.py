"""A masked benchmark in the real window: two panels of the practice server, the winner, everything to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.operations.masked_benchmark import FOLDER
from app.practice.panels import PanelPopulation, PanelShelf
from app.scheduler import clock
from app.store import benchmarks, datasets, jobs
from app.store.secrets import open_secrets
from app.ui.running import RunningWindow
from app.ui.views.benchmark.benchmark_view import BenchmarkView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.end_to_end.conftest import SAMPLES, World
from tests.end_to_end.real_window import SmallPractice, choose, open_window, press, said, tick
from tests.end_to_end.test_masked_benchmark import few_people
from tests.end_to_end.test_window_journey import first_run, form_of, population_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_MS = 120_000
BEST = "Practice panel (GRCh37/hg19)"
ASK = "Which panel is best?"


def test_hide_send_score_and_send_everything_to_the_winner(
    world: World, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "BENCHMARKS_S", 0.5)
    home, secrets = tmp_path / "home", open_secrets({"HAPLODESK_KEYRING": "memory"})
    add_few(home, world, tmp_path)
    with open_window(home, world, secrets) as running:
        first_run(running, qtbot)
        view = hide_and_send(running, qtbot)
        qtbot.waitUntil(lambda: "is best for these data" in view.standing.words.text(), timeout=LIMIT_MS)
        photograph(running, "scored")
        send_everything(running, qtbot, view)
        remove(running, qtbot, view, home)


def add_few(home: Path, world: World, folder: Path) -> None:
    """The practice server of the program gets a second panel, with few people."""
    SmallPractice(home / "practice", world)
    vcfs = {
        c: few_people(each, folder / each.name)
        for c, each in zip(("20", "22"), world.data.panel, strict=True)
    }
    skip = PanelPopulation(id="off", name="Skip")
    PanelShelf(home / "practice" / "panels").add_panel("few", "Few people", "hg19", vcfs, (skip,))


def photograph(running: RunningWindow, name: str) -> None:
    """Keep a picture where somebody asked for it."""
    folder = os.environ.get("HAPLODESK_PICTURES")
    if folder:
        QApplication.processEvents()
        running.window.grab().save(str(Path(folder) / f"benchmark-{name}.png"))


def hide_and_send(running: RunningWindow, qtbot: QtBot) -> BenchmarkView:
    window = running.window
    window.navigate("uploads")
    uploads = window.view("uploads")
    assert isinstance(uploads, UploadsView)
    qtbot.waitUntil(lambda: ASK in said(uploads.detail), timeout=LIMIT_MS)
    press(qtbot, uploads.detail, ASK)
    assert window.current_id == "benchmark"
    view = window.view("benchmark")
    assert isinstance(view, BenchmarkView)
    qtbot.waitUntil(lambda: len(view.choice.boxes) >= 3, timeout=LIMIT_MS)
    assert sorted(c.panel.name for c in view.choice.chosen()) == ["Few people", BEST]  # GRCh38 is not ticked
    assert view.choice.plan_chromosomes() == ("20", "22")
    view.choice.share.setValue(20)
    view.choice.seed.setText("5")
    qtbot.waitUntil(lambda: bool(view.sending.boxes) and bool(view.sending.lists), timeout=LIMIT_MS)
    for each in view.sending.lists.values():
        choose(qtbot, each, each.itemText(1))
    for box in tuple(view.sending.boxes.values()):
        box.setChecked(True)
    photograph(running, "choice")
    assert view.sending.button.isEnabled(), view.sending.hint.text()
    press(qtbot, view.sending, "Hide and send to 2 panels")
    qtbot.waitUntil(view.standing.isVisible, timeout=LIMIT_MS)
    return view


def send_everything(running: RunningWindow, qtbot: QtBot, view: BenchmarkView) -> None:
    """The form of a new job is filled; what was sent is told beside the ranking."""
    made = view.benchmark
    assert made is not None
    assert [each.panel_name for each in made.ranking] == [BEST, "Few people"]
    assert made.hidden.people == SAMPLES
    press(qtbot, view.standing, f"Send everything to {BEST}")
    form = form_of(running)
    qtbot.waitUntil(lambda: population_of(form) is not None and bool(form.bar.boxes), timeout=LIMIT_MS)
    assert (form.filling.dataset_id, form.filling.group) == (made.dataset_id, made.whole_group)
    for box in tuple(form.bar.boxes.values()):
        tick(qtbot, box)
    qtbot.waitUntil(lambda: form.bar.button.isEnabled(), timeout=LIMIT_MS)
    press(qtbot, form.bar, "Send to Practice server")
    qtbot.waitUntil(lambda: running.window.current_id == "jobs", timeout=LIMIT_MS)
    known = running.desk.store.read_now(lambda c: benchmarks.benchmark(c, made.id))
    assert known is not None
    assert known.full_job_id is not None
    running.window.navigate("benchmark", made.dataset_id)
    qtbot.waitUntil(lambda: "The whole dataset was sent already." in said(view), timeout=LIMIT_MS)
    assert not view.standing.winner.isVisible()
    photograph(running, "sent")


def remove(running: RunningWindow, qtbot: QtBot, view: BenchmarkView, home: Path) -> None:
    """Its files and records go, the jobs stay."""
    made = view.benchmark
    assert made is not None
    press(qtbot, view.standing, "Remove…")
    box = next(each for each in view.findChildren(QMessageBox) if each.isVisible())
    next(each for each in box.buttons() if each.text() == "Remove").click()
    qtbot.waitUntil(view.choice.isVisible, timeout=LIMIT_MS)
    assert not (home / FOLDER / made.id).exists()
    store = running.desk.store
    assert store.read_now(benchmarks.benchmarks) == ()
    assert [each.id for each in store.read_now(datasets.datasets)] == [made.dataset_id]
    assert len(store.read_now(jobs.jobs)) == 3
