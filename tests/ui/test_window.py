"""The frame: every view in both schemes, by Tab, restored, dropped upon."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.operations.desk import Looks
from app.operations.tasks import Task, TaskKind
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.registry import VIEWS
from app.ui.views.results.import_dialog import ImportDialog
from app.ui.window import MainWindow
from tests.ui import gallery, samples
from tests.ui.conftest import flush_deleted
from tests.ui.fakes import FakeLibrary, FakeOperations


@pytest.fixture
def window(context: Context, qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(context)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    flush_deleted()


def fill(library: FakeLibrary) -> None:
    library.__dict__.update(gallery.filled().__dict__)


def nameless(root: QWidget) -> list[str]:
    """Visible controls that say nothing to a screen reader."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, QAbstractButton):
            named = widget.text() or widget.accessibleName()
        elif isinstance(widget, QLineEdit | QComboBox):
            named = widget.accessibleName() or widget.placeholderText()
        else:
            continue
        parent = widget.parentWidget()
        inner = isinstance(widget, QAbstractButton) and isinstance(parent, QLineEdit)
        if not named and not inner and not isinstance(parent, QComboBox):
            found.append(f"{type(widget).__name__} in {type(parent).__name__}")
    return found


def test_every_view_opens_in_both_schemes_and_names_its_controls(
    window: MainWindow, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    for filled in (False, True):
        if filled:
            fill(library)
            context.bridge.announce(Changes(touched=frozenset((n, "x") for n in Noun)))
        for scheme in ("dark", "light"):
            context.theme.choose(scheme)
            for spec in VIEWS:
                window.navigate(spec.id)
                qtbot.wait(60)
                assert window.pages.currentWidget() is window.views[spec.id]
                assert nameless(window) == [], spec.id


def walk(qtbot: QtBot, window: MainWindow) -> list[QWidget]:
    """Every control that Tab reaches, until it comes round."""
    seen: list[QWidget] = []
    for _ in range(150):
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is None or (focus in seen and focus is not seen[-1]):
            break
        if focus not in seen:
            seen.append(focus)
    return seen


def test_tab_walks_through_every_view_and_comes_back(
    window: MainWindow, library: FakeLibrary, qtbot: QtBot
) -> None:
    fill(library)
    window.activateWindow()
    for spec in VIEWS:
        window.navigate(spec.id)
        qtbot.wait(60)
        seen = walk(qtbot, window)
        assert all(w.isVisible() for w in seen), spec.id
        assert window.header.search in seen, spec.id
        assert window.strip.open_button in seen, spec.id
        inside = [w for w in seen if window.views[spec.id].isAncestorOf(w)]
        assert inside, spec.id


def test_arrow_keys_walk_the_rail(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    window.rail.buttons["home"].setFocus()
    qtbot.keyClick(window.rail.buttons["home"], Qt.Key.Key_Down)
    assert window.current_id == "services"
    qtbot.keyClick(window.rail.buttons["services"], Qt.Key.Key_Up)
    assert window.current_id == "home"


def test_views_are_made_when_first_shown(window: MainWindow) -> None:
    assert set(window.views) == {"home"}
    window.navigate("settings")
    assert set(window.views) == {"home", "settings"}
    assert not any(b.isChecked() for b in window.rail.buttons.values())


def test_badges_only_for_what_needs_a_person(window: MainWindow, library: FakeLibrary, qtbot: QtBot) -> None:
    fill(library)
    window.context.bridge.announce(Changes.of(Noun.SERVICE, "topmed"))
    qtbot.waitUntil(lambda: window.rail.buttons["services"].badge == 2)
    assert window.rail.buttons["panels"].badge == 0
    assert "2 things need you" in window.rail.buttons["services"].accessibleName()


def test_the_palette_finds_commands_and_names(
    window: MainWindow, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    fill(library)
    palette = window.open_palette()
    palette.box.setText("panels")
    assert palette.matches("panels")[0].text == "Go to Panels"
    qtbot.waitUntil(lambda: any(e.text == "TOPMed Imputation Server" for e in palette.entries))
    palette.box.setText("topmed")
    qtbot.keyClick(palette.box, Qt.Key.Key_Return)
    assert window.current_id == "services"
    qtbot.waitUntil(lambda: window.views["services"].current == "topmed")  # type: ignore[attr-defined]


def test_the_palette_finds_a_job_among_very_many_by_asking(
    window: MainWindow, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    fill(library)
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    palette = window.open_palette()
    assert not any(e.kind == "Job" for e in palette.matches(""))
    qtbot.keyClicks(palette.box, "cohort-A-2")
    qtbot.waitUntil(lambda: [e.text for e in palette.matches("cohort-A-2") if e.kind == "Job"] != [])
    row = next(n for n, e in enumerate(palette.matches("cohort-A-2")) if e.kind == "Job")
    palette.list.setCurrentRow(row)
    qtbot.keyClick(palette.box, Qt.Key.Key_Return)
    assert went == [("jobs", "job-2")]


def test_shortcuts_are_not_given_twice(window: MainWindow, context: Context) -> None:
    for spec in VIEWS:
        window.navigate(spec.id)
    keys = [
        QKeySequence(c.shortcut).toString() for c in context.commands.all() if c.shortcut and c.noun is None
    ]
    assert len(keys) == len(set(keys))


def test_the_scheme_is_chosen_and_kept(
    window: MainWindow, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    window.choose_scheme("dark")
    assert context.theme.dark
    qtbot.waitUntil(lambda: library.settings_now.appearance.colour_scheme == "dark")


def test_view_and_rail_are_restored(window: MainWindow, context: Context) -> None:
    window.navigate("panels")
    window.rail.set_narrow(True)
    window.close()
    again = MainWindow(context)
    assert again.current_id == "panels"
    assert again.rail.narrow
    again.deleteLater()
    flush_deleted()


def test_files_dropped_become_a_dataset_that_is_checked(
    window: MainWindow, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["add_dataset"] = Changes.of(Noun.DATASET, "d1")
    paths = [Path("a.vcf.gz"), Path("b.vcf.gz")]
    assert window._drop_words(paths) == "2 VCF files: check as one dataset"
    window.drop_paths(paths)
    qtbot.waitUntil(lambda: operations.names()[:1] == ["add_dataset"])
    assert operations.calls[0][1] == (paths,)


def test_results_dropped_anywhere_are_taken_in(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    def asked() -> list[ImportDialog]:
        return [each for each in window.findChildren(ImportDialog) if each.isVisible()]

    window.navigate("uploads")
    window.drop_paths([Path("chr_1.zip"), Path("chr_2.zip")])
    assert window.current_id == "results"
    assert [each.paths for each in asked()] == [(Path("chr_1.zip"), Path("chr_2.zip"))]
    asked()[0].reject()
    window.navigate("home")
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "chr1.dose.vcf.gz").touch()
    window.drop_paths([folder])
    qtbot.waitUntil(lambda: [each.paths for each in asked()] == [(folder,)])
    asked()[0].reject()


def test_a_refused_drop_is_told(
    window: MainWindow, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    operations.answers["add_dataset"] = Problem(
        kind=Kind.INPUT, title="A folder", what_happened="x is a folder."
    )
    window.drop_paths([Path("x")])
    qtbot.waitUntil(lambda: len(context.notices.boxes()) == 1)


def test_the_strip_shows_the_task_and_the_next_look(
    window: MainWindow, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    stopped: list[str] = []
    context.cancel_task = stopped.append
    task = Task(TaskKind.UPLOAD, "cohort-A", id="t1", progress=Progress(done=62, total=100))
    library.all_tasks = [task]
    library.all_jobs = [samples.job(1)]
    context.bridge.announce(Changes.of(Noun.TASK, "t1") | Changes.of(Noun.JOB, "job-1"))
    qtbot.waitUntil(lambda: window.strip.task_row.isVisible() and window.strip.look.isVisible())
    assert window.strip.look.text() == "next look in 40 s"
    window.strip.task_row.cancel.click()
    assert stopped == ["t1"]
    qtbot.mouseClick(window.strip, Qt.MouseButton.LeftButton)
    assert window.current_id == "activity"


def test_the_strip_says_what_is_at_services_and_why_nobody_looks(
    window: MainWindow, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_jobs = [samples.job(1)]
    context.bridge.announce(Changes.of(Noun.JOB, "job-1"))
    idle = window.strip.idle
    qtbot.waitUntil(lambda: idle.text() == "Nothing is being sent or checked · 1 job at services")
    library.looks_now = Looks(next_at=samples.soon(seconds=75))
    window.strip._say_look()
    assert window.strip.look.text() == "next look in 1 min"
    library.looks_now = Looks(paused="no network")
    window.strip._say_look()
    assert window.strip.look.text() == "paused: no network"


def test_quitting_while_sending_asks_first(
    window: MainWindow, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_tasks = [Task(TaskKind.UPLOAD, "cohort-A", id="t1")]
    assert not window.close()
    box = window.findChild(QMessageBox)
    assert box is not None
    box.reject()
    assert window.isVisible()
    library.all_tasks = []
    assert window.close()


def test_a_bug_offers_its_report_and_nothing_more(
    window: MainWindow, context: Context, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise KeyError("x")

    context.bridge.run(broken(), window)
    qtbot.waitUntil(lambda: len(context.notices.boxes()) == 1)
    assert context.notices.boxes()[0]._timer.isActive() is False
    assert "KeyError" in caplog.text


def test_notices_stack_close_and_act(window: MainWindow, context: Context, qtbot: QtBot) -> None:
    done: list[int] = []
    first = context.notices.say("One", "body", Status.DONE)
    second = context.notices.say("Two", "", Status.WARNING, "Show", lambda: done.append(1))
    assert first.y() + first.height() < second.y() + second.height()
    assert first.geometry().intersected(second.geometry()).isEmpty()
    button = next(b for b in second.findChildren(QAbstractButton) if b.text() == "Show")
    button.click()
    assert done == [1]
    assert context.notices.boxes() == (first,)
    for n in range(6):
        context.notices.say(str(n))
    assert len(context.notices.boxes()) == 4
    first_left = context.notices.boxes()[0]
    first_left.start(1)
    qtbot.waitUntil(lambda: first_left not in context.notices.boxes())


@pytest.mark.timeout(240)
def test_every_view_opens_at_150_per_cent(tmp_path: Path) -> None:
    environment = os.environ | {"QT_SCALE_FACTOR": "1.5", "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-W", "error", "-m", "tests.ui.gallery", str(tmp_path), "home", "services"]
    root = Path(__file__).resolve().parents[2]
    subprocess.run(command, env=environment, check=True, cwd=root, timeout=220, capture_output=True)
    assert len(list(tmp_path.glob("*.png"))) == 8


def test_a_notice_under_a_resting_pointer_closes(
    window: MainWindow, context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = QPointF(5, 5), QPoint(9, 9)
    box = context.notices.say("One")
    box.enterEvent(QEnterEvent(here, here, here))
    assert box._timer.isActive()
    monkeypatch.setattr(QCursor, "pos", lambda: there)
    box._end()
    assert box in context.notices.boxes()  # the pointer has moved: somebody reads
    monkeypatch.setattr(QCursor, "pos", here.toPoint)
    box._end()
    assert box not in context.notices.boxes()


def test_newer_notice_of_a_job_takes_the_place_of_the_older(window: MainWindow, context: Context) -> None:
    context.notices.say("The job is on its way", about="job-1")
    other = context.notices.say("Another", about="job-2")
    newer = context.notices.say("The job is done", about="job-1")
    assert context.notices.boxes() == (other, newer)


def test_notices_stay_above_the_button_that_sends(window: MainWindow, context: Context, qtbot: QtBot) -> None:
    window.resize(1100, 760)
    window.show()
    window.navigate("new_job")
    page = window.view("new_job")
    assert isinstance(page, NewJobView)
    qtbot.waitUntil(lambda: page.bar.isVisible() and page.bar.height() > 40)
    box = context.notices.say("One")
    top = page.bar.mapTo(window, QPoint(0, 0)).y()
    assert box.geometry().bottom() < top


def test_the_window_fits_the_screen_and_pages_scroll(window: MainWindow, qtbot: QtBot) -> None:
    room = window.screen().availableGeometry().size()
    assert window.minimumSize().boundedTo(room) == window.minimumSize()
    window.setMinimumSize(1, 1)
    window.navigate("new_job")
    window.resize(500, 350)
    window.show()
    page = window.view("new_job")
    qtbot.waitUntil(lambda: page.height() >= page.minimumSizeHint().height())
    assert page.width() >= page.minimumSizeHint().width()
