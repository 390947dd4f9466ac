"""One dataset to three services from the window: one fails, the others are compared, one goes again."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_dataset import check_dataset
from app.operations.sync_panels import sync_panels
from app.practice.server import PracticeServer
from app.practice.settings import ServerText
from app.store import jobs
from app.store.secrets import open_secrets
from app.ui.running import RunningWindow
from app.ui.views.compare.compare_view import CompareView
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from tests.end_to_end.conftest import StartServer, World
from tests.end_to_end.real_window import choose, find_row, open_window, press, said, tick

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("short_pauses")]
LIMIT_MS = 120_000
NAMES = ("North", "South", "East")
SHOTS = os.environ.get("HAPLODESK_TEST_SHOTS", "")


def shot(running: RunningWindow, name: str) -> None:
    """A picture for whoever wants to look."""
    if SHOTS:
        QApplication.processEvents()
        running.window.grab().save(str(Path(SHOTS) / f"{name}.png"))


async def known(running: RunningWindow, servers: tuple[PracticeServer, ...], files: tuple[Path, ...]) -> str:
    """The services with their panels, and the checked dataset: its id."""
    desk = running.desk
    for name, server in zip(NAMES, servers, strict=True):
        token = SecretStr(server.token())
        (added,) = (await add_service(desk, name, server.base_url, token=token)).ids(Noun.SERVICE)
        await desk.update_service(added, limits=Limits(min_poll_s=0.2, retention_days=7))
        await sync_panels(desk, (added,))
    (found,) = (await add_dataset(desk, files)).ids(Noun.DATASET)
    await check_dataset(desk, found)
    return found


def panel_of(tree: QTreeWidget, name: str) -> QTreeWidgetItem | None:
    """The row of the panel of one service: all have panels of the same names."""
    row = find_row(tree, name)
    panels = [row.child(n) for n in range(row.childCount())] if row is not None else []
    return next((each for each in panels if each is not None and "GRCh37" in each.text(0)), None)


def fill(form: NewJobView, qtbot: QtBot, name: str) -> None:
    """The panel of a service, its population and its terms, by the mouse."""
    tree = form.where.tree
    qtbot.waitUntil(lambda: panel_of(tree, name) is not None, timeout=LIMIT_MS)
    panel = panel_of(tree, name)
    assert panel is not None
    tree.scrollToItem(panel)
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(panel).center())
    qtbot.waitUntil(lambda: form.form is not None and "population" in form.how.fields, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: f"To: {name}" in form.bar.route.text() or bool(form.targets), timeout=LIMIT_MS)
    choose(qtbot, form.how.fields["population"], "NORTH")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(form.bar.boxes) == 2, timeout=LIMIT_MS)
    for box in tuple(form.bar.boxes.values()):
        if not box.isChecked():
            tick(qtbot, box)


def send_to_all(running: RunningWindow, qtbot: QtBot, dataset_id: str) -> JobsView:
    """The same data to three services, as one submission."""
    running.window.context.navigate("new_job", dataset_id)
    form = running.window.view("new_job")
    assert isinstance(form, NewJobView)
    for name in NAMES:
        fill(form, qtbot, name)
        if name != NAMES[-1]:
            qtbot.waitUntil(form.bar.another.isEnabled, timeout=LIMIT_MS)
            press(qtbot, form.bar, "Add another service")
    qtbot.waitUntil(form.bar.button.isEnabled, timeout=LIMIT_MS)
    shot(running, "1-new-job")
    press(qtbot, form.bar, "Send to 3 services")
    view = running.window.view("jobs")
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: running.window.current_id == "jobs", timeout=LIMIT_MS)
    return view


def stored(running: RunningWindow) -> dict[str, Job]:
    """The newest job at each service."""
    found: dict[str, Job] = {}
    for job in running.desk.store.read_now(jobs.jobs):
        found.setdefault(job.service_id, job)
    return found


def stands(view: JobsView, words: str) -> bool:
    card = view.detail.group
    return card.isVisible() and card.words.text() == words


def comparison(running: RunningWindow, qtbot: QtBot, number: int) -> CompareView:
    """The notice that the results are in, and what its button leads to."""

    def button() -> QPushButton | None:
        for box in running.notices.boxes():
            if "compare them" in said(box):
                return next((b for b in box.findChildren(QPushButton) if b.text() == "Compare"), None)
        return None

    qtbot.waitUntil(lambda: button() is not None, timeout=LIMIT_MS)
    shot(running, f"notice-{number}")
    found = button()
    assert found is not None
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)
    view = running.window.view("compare")
    assert isinstance(view, CompareView)
    qtbot.waitUntil(lambda: view.comparison is not None and len(view.ids) == number, timeout=LIMIT_MS)
    assert view.comparison is not None
    names = sorted(each.name for each in view.comparison.results)
    assert names == [f"practice, {name}" for name in sorted(NAMES) if number > 2 or name != "South"]
    line = " · ".join(each.name for each in view.comparison.results)
    qtbot.waitUntil(lambda: view.line.text() == line, timeout=LIMIT_MS)
    return view


def test_a_group_of_three_from_the_form_to_the_comparison(
    world: World, start_server: StartServer, tmp_path: Path, qtbot: QtBot
) -> None:
    servers = tuple(start_server(quick=True, text=ServerText(name=name)) for name in NAMES)
    for number in range(len(servers)):
        shutil.rmtree(tmp_path / f"server-{number}" / "template" / "22")  # one chromosome is enough
    servers[1].faults.fail_at_start = 1
    with open_window(tmp_path / "home", world, open_secrets({"HAPLODESK_KEYRING": "memory"})) as running:
        qtbot.waitUntil(running.window.isVisible, timeout=LIMIT_MS)
        dataset_id = running.bridge.submit(known(running, servers, tuple(world.data.cohort[:1]))).result(120)
        view = send_to_all(running, qtbot, dataset_id)
        qtbot.waitUntil(partial(stands, view, "2 done, 1 failed"), timeout=LIMIT_MS)
        compared = comparison(running, qtbot, 2)
        qtbot.waitUntil(lambda: "Best by estimated R2" in compared.words.text(), timeout=LIMIT_MS)
        shot(running, "3-compared")
        send_the_rest(running, qtbot, view)
        delete_one(running, qtbot, view)


def send_the_rest(running: RunningWindow, qtbot: QtBot, view: JobsView) -> None:
    """The one that failed goes again, and stands for the old one."""
    qtbot.mouseClick(running.window.rail.buttons["jobs"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.detail.group.send_rest.isVisible(), timeout=LIMIT_MS)
    shot(running, "4-failed")
    press(qtbot, view.detail.group, "Send the 1 job without a result again")
    qtbot.waitUntil(partial(stands, view, "3 done"), timeout=LIMIT_MS)
    assert not view.detail.group.send_rest.isVisible()
    comparison(running, qtbot, 3)
    shot(running, "5-compared-three")


def delete_one(running: RunningWindow, qtbot: QtBot, view: JobsView) -> None:
    """The others are a group still, and its state is theirs."""
    qtbot.mouseClick(running.window.rail.buttons["jobs"], Qt.MouseButton.LeftButton)
    gone = stored(running)["east"]
    running.window.context.navigate("jobs", gone.id)
    qtbot.waitUntil(lambda: view.current == gone.id, timeout=LIMIT_MS)
    running.window.context.commands.run("job.forget", (gone.id,))
    qtbot.waitUntil(lambda: view.findChild(QMessageBox) is not None, timeout=LIMIT_MS)
    box = view.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    press(qtbot, box, "Forget 1 job")
    qtbot.waitUntil(partial(stands, view, "2 done"), timeout=LIMIT_MS)
    assert {job.state for job in stored(running).values()} == {JobState.SUCCESS}
    shot(running, "6-deleted")
