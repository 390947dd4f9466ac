"""The pages one by one, with fakes."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.job import JobState
from app.domain.notice import NoticeKind, NoticeLevel
from app.domain.preset import Certainty, Preset, Source
from app.domain.problem import Kind, Problem
from app.domain.service import HealthState, TokenInfo
from app.operations.tasks import Task, TaskKind, TaskState
from app.ui.context import Context
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.views.activity.activity_view import ActivityView
from app.ui.views.home.home_view import HomeView
from app.ui.views.panels.panels_view import PanelsView
from app.ui.views.services.service_detail import token_status, warning_of
from app.ui.views.services.services_view import ServicesView
from app.ui.views.settings.settings_view import SettingsView
from app.ui.views.view import View
from app.ui.widgets.problem_panel import ProblemPanel
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.samples import NOW

REFUSAL = Problem(kind=Kind.SIGN_IN, title="Not accepted", what_happened="The service says no.")


def words(widget: QWidget) -> str:
    """All visible text."""
    labels = [w.text() for w in widget.findChildren(QLabel) if w.isVisible()]
    return "\n".join(labels + [b.text() for b in widget.findChildren(QPushButton) if b.isVisible()])


def show(view: View, qtbot: QtBot) -> None:
    qtbot.addWidget(view)
    view.resize(1100, 760)
    view.show()


def button(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text and b.isVisible())


# Home


def test_home_begins_with_three_steps_and_practice(
    context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    operations.answers["add_practice_data"] = Changes.of(Noun.DATASET, "d1")
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.first_run.isVisible())
    assert not view.first_run.steps[2].button.isEnabled()
    view.first_run.practice.click()
    assert not view.first_run.practice.isEnabled()
    qtbot.waitUntil(lambda: went == [("uploads", "d1")])
    wanted = ["start_practice", "add_practice_data", "check_dataset"]
    qtbot.waitUntil(lambda: operations.names() == wanted)


def test_who_left_the_first_page_is_not_taken_to_the_practice_data(
    context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    operations.answers["add_practice_data"] = Changes.of(Noun.DATASET, "d1")
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.first_run.isVisible())
    view.first_run.practice.click()
    view.hide()
    qtbot.waitUntil(lambda: "check_dataset" in operations.names())
    assert went == []


def test_home_shows_a_failed_practice_in_place(
    context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["start_practice"] = REFUSAL
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.first_run.isVisible())
    view.first_run.practice.click()
    qtbot.waitUntil(lambda: view.problem.isVisible())
    assert view.first_run.practice.isEnabled()


def test_home_has_four_blocks_when_there_is_something(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_services = list(samples.services())
    library.all_jobs = [samples.job(1), samples.job(2, JobState.FAILED), samples.job(3, JobState.SUCCESS)]
    library.all_results = [samples.result(1)]
    library.all_datasets = [samples.dataset(1), samples.dataset(2, False)]
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: "Needs you" in words(view))
    said = words(view)
    for each in ("cohort-A-2 failed", "Running", "Ready", "Recent datasets", "Would be refused"):
        assert each in said
    assert not view.first_run.isVisible()


def test_home_says_so_when_nothing_needs_anybody(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_jobs = [samples.job(3, JobState.SUCCESS, expires=NOW + timedelta(days=20))]
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: "Nothing needs you" in words(view))
    assert not view.first_run.isVisible()
    library.all_datasets = [samples.dataset(1)]
    context.bridge.announce(Changes.of(Noun.DATASET, "dataset-1"))
    qtbot.waitUntil(lambda: "Recent datasets" in words(view))
    assert "Nothing needs you" not in words(view)


def test_home_keeps_the_keyboard_where_it_was(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_datasets = [samples.dataset(1), samples.dataset(2)]
    view = HomeView(context)
    show(view, qtbot)
    view.activateWindow()
    qtbot.waitUntil(lambda: "cohort-B" in words(view))
    before = next(b for b in view.findChildren(QPushButton) if b.accessibleName() == "Open: cohort-B")
    before.setFocus()
    library.all_datasets.append(samples.dataset(3))
    context.bridge.announce(Changes.of(Noun.DATASET, "dataset-3"))
    qtbot.waitUntil(lambda: "cohort-C" in words(view))

    def focused() -> bool:
        now = QApplication.focusWidget()
        return now is not None and now is not before and now.accessibleName() == "Open: cohort-B"

    qtbot.waitUntil(focused)


def test_home_mends_a_token_where_it_is(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    library.all_services = [samples.services()[1]]
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: "ends in 20 h" in words(view))
    button(view, "Set token…").click()
    assert went == [("services", "topmed")]


# Services


@pytest.fixture
def services(context: Context, library: FakeLibrary, qtbot: QtBot) -> ServicesView:
    library.all_services = list(samples.services())
    library.all_health = list(samples.health())
    library.all_events = list(samples.events())
    library.all_panels = list(samples.panels())
    view = ServicesView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.detail.isVisible())
    return view


def test_services_show_the_first_and_then_the_chosen(services: ServicesView, qtbot: QtBot) -> None:
    assert services.detail.name.text() == "Michigan Imputation Server"
    assert "median" in services.detail.plot.accessibleName()
    services.reveal("topmed")
    qtbot.waitUntil(lambda: services.detail.name.text() == "TOPMed Imputation Server")
    assert "Submissions are paused" in words(services.detail.warning)
    assert "Ends in 20 h" in services.detail.token_badge.accessibleName()


def test_services_do_what_the_buttons_say(
    services: ServicesView, operations: FakeOperations, qtbot: QtBot
) -> None:
    for each in (services.detail.check, services.detail.sync, services.detail.switch):
        each.click()
    qtbot.waitUntil(lambda: len(operations.calls) == 3)
    assert operations.calls[0][:2] == ("check_services", (("michigan",),))
    assert operations.calls[1][:2] == ("sync_panels", (("michigan",),))
    assert operations.calls[2][:2] == ("enable_service", ("michigan", False))


def test_removing_asks_first(
    services: ServicesView, context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    context.commands.run("service.remove", ("michigan", "topmed"))
    box = services.findChild(QMessageBox)
    assert box is not None
    assert box.text() == "Remove 2 services?"
    box.reject()
    assert operations.calls == []
    context.commands.run("service.remove", ("michigan",))
    last = services.findChildren(QMessageBox)[-1]
    button(last, "Remove 1 service").click()
    qtbot.waitUntil(lambda: operations.names() == ["remove_service"])


def test_the_practice_server_starts_and_stops(
    services: ServicesView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.practice = "http://127.0.0.1:4711"
    services.practice.button.click()
    qtbot.waitUntil(lambda: services.practice.running)
    assert "4711" in services.practice.words.text()
    library.practice = None
    services.practice.button.click()
    qtbot.waitUntil(lambda: not services.practice.running)
    assert operations.names() == ["start_practice", "stop_practice"]


def test_what_is_said_of_tokens_and_trouble(services: ServicesView) -> None:
    service = samples.services()[0]

    def said(**token: object) -> str:
        changed = service.model_copy(update={"token": TokenInfo.model_validate(token)})
        return token_status(services, changed, NOW).word

    assert said() == "No token"
    assert said(present=True) == "Not asked yet"
    assert said(present=True, valid=True) == "Accepted"
    assert said(present=True, valid=False) == "Not accepted"
    assert said(present=True, valid=True, expires=NOW - timedelta(1)) == "Ended"
    here = service.model_copy(update={"family": "local", "token": TokenInfo(present=True, valid=True)})
    assert token_status(services, here, NOW).word == "Needs none"
    off = service.model_copy(
        update={"enabled": False, "state": HealthState.OFF, "off_reason": "Down for 30 days."}
    )
    assert warning_of(services, off, NOW)[0] == "Down for 30 days."
    assert warning_of(services, service, NOW) == ("", None)


def test_setting_a_token(context: Context, operations: FakeOperations, qtbot: QtBot) -> None:
    dialog = SetTokenDialog(context, samples.services()[0])
    dialog.show()
    assert not dialog.set_button.isEnabled()
    dialog.token.box.setText(" eyJ.abc\n.def ")
    assert "eyJ" not in dialog.token.note.text()
    operations.answers["set_token"] = REFUSAL
    dialog.set_button.click()
    qtbot.waitUntil(lambda: dialog.problem.isVisible())
    operations.answers["set_token"] = Changes()
    with qtbot.waitSignal(dialog.accepted):
        dialog.set_button.click()
    qtbot.waitUntil(lambda: operations.names() == ["set_token", "set_token", "sync_panels"])
    assert operations.calls[1][1][1].get_secret_value() == "eyJ.abc.def"


def test_adding_a_service(
    context: Context,
    library: FakeLibrary,
    operations: FakeOperations,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    preset = Preset(
        id="michigan",
        name="Michigan",
        operator="UM",
        country="US",
        base_url="https://imputationserver.example",
        family="cloudgene",
        token_help="On the profile page.",
        token_url="https://imputationserver.example/profile",
        sources={"docs": Source(text="s", as_of="2026", certainty=Certainty.A)},
        main_source="docs",
    )
    library.all_presets = [preset]
    operations.answers["add_service"] = Changes.of(Noun.SERVICE, "michigan")
    dialog = AddServiceDialog(context)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.name.text() == "Michigan")
    dialog.token_page.click()
    assert opened == [preset.token_url]
    dialog.address.setText("https://other.example")
    dialog.address.textEdited.emit("https://other.example")
    assert dialog.chosen() is None  # another address is not the service of the catalogue
    assert dialog.address.text() == "https://other.example"
    dialog.choice.choose(preset.id)
    assert dialog.address.text() == preset.base_url
    dialog.choice.choose(None)
    assert not dialog.add_button.isEnabled()
    dialog.name.setText("Mine")
    dialog.address.setText("http://server.example")
    assert dialog.plain.isVisible()
    assert dialog.height() >= dialog.minimumSizeHint().height()
    dialog.address.setText("http://127.0.0.1:80")
    assert not dialog.plain.isVisible()
    with qtbot.waitSignal(dialog.accepted):
        dialog.add_button.click()
    qtbot.waitUntil(lambda: operations.names() == ["add_service", "sync_panels"])
    assert operations.calls[0][1] == ("Mine", "http://127.0.0.1:80")
    assert operations.calls[0][2]["preset_id"] is None


# Panels


def test_panels_show_detail_and_what_changed(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_panel_changes = list(samples.panel_changes())
    view = PanelsView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.detail.name.text() == "1000 Genomes Phase 3 (Version 5)")
    qtbot.waitUntil(lambda: "populations: Mixed added" in words(view.detail))
    view.reveal("topmed/imputationserver2@2.0.12/apps@topmed-r3@1.0.0")
    qtbot.waitUntil(lambda: view.detail.name.text() == "TOPMed r3")


def test_all_panels_are_read_on_demand(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    view = PanelsView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.sync.isVisible())
    view.sync.click()
    qtbot.waitUntil(lambda: operations.names() == ["sync_panels"])
    qtbot.waitUntil(lambda: view.sync.isEnabled())
    assert len(context.notices.boxes()) == 1


# Activity


def test_activity_follows_tasks(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    stopped: list[str] = []
    context.cancel_task = stopped.append
    running = Task(TaskKind.UPLOAD, "cohort-A", id="t1")
    library.all_tasks = [running]
    library.all_events = list(samples.events())
    view = ActivityView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: "t1" in view.rows)
    view.rows["t1"].cancel.click()
    assert stopped == ["t1"]
    running.state, running.ended = TaskState.FAILED, time.monotonic()
    running.problem = REFUSAL
    context.bridge.announce(Changes.of(Noun.TASK, "t1"))
    qtbot.waitUntil(lambda: not view.rows)
    qtbot.waitUntil(lambda: "The service says no." in words(view))
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 6)


# Settings


@pytest.fixture
def settings(context: Context, qtbot: QtBot) -> SettingsView:
    view = SettingsView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: view.settings is not None)
    return view


def test_settings_are_written_at_once_and_undone(
    settings: SettingsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    box = settings.editors["visits", "health_every_minutes"].widget
    assert isinstance(box, QSpinBox)
    assert (box.minimum(), box.maximum()) == (1, 1440)
    box.setValue(20)
    qtbot.waitUntil(lambda: library.settings_now.visits.health_every_minutes == 20)
    check = settings.editors["storage", "keep_archives"].widget
    assert isinstance(check, QCheckBox)
    check.click()
    qtbot.waitUntil(lambda: library.settings_now.storage.keep_archives)
    settings.undo_button.click()
    qtbot.waitUntil(lambda: not library.settings_now.storage.keep_archives)
    settings.undo()
    qtbot.waitUntil(lambda: library.settings_now.visits.health_every_minutes == 5)
    assert not settings.undo_button.isEnabled()
    assert box.value() == 5


def test_choices_and_levels(
    settings: SettingsView, context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    scheme = settings.editors["appearance", "colour_scheme"].widget
    assert isinstance(scheme, QComboBox)
    scheme.setCurrentIndex(scheme.findData("dark"))
    assert context.theme.dark
    levels = settings.editors["notifications", "levels"].widget
    box = next(b for b in levels.findChildren(QComboBox) if b.accessibleName() == "Panels changed")
    box.setCurrentIndex(box.findText("Off"))
    qtbot.waitUntil(
        lambda: library.settings_now.notifications.levels[NoticeKind.PANELS_CHANGED] == NoticeLevel.OFF
    )
    assert library.settings_now.notifications.levels[NoticeKind.JOB_DONE] == NoticeLevel.DESKTOP


def test_every_setting_is_found_by_its_words(settings: SettingsView, qtbot: QtBot) -> None:
    settings.search.setText("quiet hours")
    shown = [key for key, row in settings.rows.items() if row.isVisible()]
    assert ("notifications", "quiet_hours") in shown
    assert ("storage", "keep_archives") not in shown
    settings.search.setText("zebra")
    assert settings.nothing.isVisible()


def test_a_refused_setting_is_shown_and_read_again(
    settings: SettingsView, operations: FakeOperations, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_settings: object) -> Changes:
        from app.domain.problem import ProblemError

        raise ProblemError(REFUSAL)

    monkeypatch.setattr(operations, "save_settings", refuse)
    check = settings.editors["storage", "keep_archives"].widget
    assert isinstance(check, QCheckBox)
    check.click()
    qtbot.waitUntil(lambda: settings.problem.isVisible())
    qtbot.waitUntil(lambda: not check.isChecked())


# Widgets


def test_a_problem_in_place_can_be_tried_again_unfolded_and_copied(
    context: Context, qtbot: QtBot, qapp: object
) -> None:
    from PySide6.QtGui import QGuiApplication

    done: list[str] = []
    panel = ProblemPanel(context.theme)
    qtbot.addWidget(panel)
    busy = Problem(kind=Kind.BUSY, title="Busy", what_happened="Later.", retry=True, details="HTTP 503")
    panel.show_problem(busy, lambda: done.append("again"), "Open", lambda: done.append("open"))
    assert not panel.details.isVisible()
    qtbot.mouseClick(panel.unfold, Qt.MouseButton.LeftButton)
    assert panel.details.isVisible()
    panel.copy.click()
    assert QGuiApplication.clipboard().text() == "Busy. Later.\nHTTP 503"
    panel.action.click()
    panel.retry.click()
    assert done == ["open", "again"]
    assert not panel.isVisible()


@pytest.mark.parametrize("make", [HomeView, ServicesView, PanelsView, ActivityView, SettingsView])
def test_views_open_fast(context: Context, library: FakeLibrary, qtbot: QtBot, make: type[View]) -> None:
    library.all_services = list(samples.services())
    make(context).deleteLater()
    started = time.thread_time()
    view = make(context)
    qtbot.addWidget(view)
    view.show()
    assert time.thread_time() - started < 0.5


def test_home_says_how_many_more_need_a_person(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    library.all_jobs = [samples.job(n, JobState.FAILED) for n in range(10)]
    library.all_datasets = [samples.dataset(n) for n in range(1, 9)]
    view = HomeView(context)
    show(view, qtbot)
    qtbot.waitUntil(lambda: "and 4 more" in words(view))
    assert button(view, "All datasets").isVisible()
