"""New job: sensible defaults, mistakes beside their fields, terms ticked by a person, sent once."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.service import HealthState
from app.operations.draft_job import Obstacle, Preflight
from app.ui.context import Context
from app.ui.views.new_job.filling import Filling, choices_of, suited, why_not, with_defaults
from app.ui.views.new_job.how_column import HowColumn, WideScroll
from app.ui.views.new_job.job_form import KEPT
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.new_job.what_column import WhatColumn
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.forms import form


@pytest.fixture
def filled(library: FakeLibrary) -> FakeLibrary:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [samples.dataset(1, True), samples.dataset(2, False)]
    for panel in library.all_panels:
        stored = form(panel.service_id, panel.app_id)
        library.all_forms[(panel.service_id, panel.app_id)] = stored
    return library


def preview(library: FakeLibrary, *obstacles: Obstacle) -> Preflight:
    return Preflight(obstacles=obstacles, service=library.all_services[0], dataset=library.all_datasets[0])


@pytest.fixture
def view(qtbot: QtBot, context: Context, filled: FakeLibrary, operations: FakeOperations) -> NewJobView:
    operations.answers["preview"] = preview(filled)
    made = NewJobView(context)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    qtbot.waitUntil(lambda: made.where.tree.topLevelItemCount() > 0)
    return made


def choose_panel(qtbot: QtBot, view: NewJobView) -> None:
    panel = view.panels[0]
    view._choose_panel((panel.service_id, panel.app_id, panel.id))
    qtbot.waitUntil(lambda: view.form is not None and "build" in view.how.fields)


def test_help_of_a_service_is_never_taken_for_html(qtbot: QtBot) -> None:
    """Qt guesses: a text with a tag in it would be shown with its pictures and links."""
    evil = 'R2 < 0.3 <img src="file:///x"> <a href="http://evil.example">sign in</a>'
    box = Parameter(id="x", label="x", type=ParameterType.CHECKBOX, details=evil)
    column = HowColumn()
    qtbot.addWidget(column)
    column.show_form(Form(app_id="a", app_name="A", parameters=(box,)), Filling(), "")
    shown = QTextDocument()
    shown.setHtml(column.fields["x"].toolTip())
    assert shown.toPlainText() == evil
    assert "<img" not in column.fields["x"].toolTip()


def test_no_password_is_asked_for_where_results_are_not_packed(qtbot: QtBot) -> None:
    box = Parameter(id="x", label="x", type=ParameterType.CHECKBOX)
    for passwords in (True, False):
        column = HowColumn()
        qtbot.addWidget(column)
        asked = Form(app_id="a", app_name="A", parameters=(box,))
        column.show_form(asked, Filling(), "", passwords=passwords)
        assert (column.password in column.findChildren(QCheckBox)) is passwords


def test_defaults_follow_the_data(filled: FakeLibrary) -> None:
    dataset = filled.all_datasets[0]
    filling = Filling(panel_id="apps@hrc-r1.1@2.0.0")
    with_defaults(filling, form().form, dataset)
    assert filling.options["build"] == "hg19"
    assert filling.options["aesEncryption"] is True
    assert filling.options["meta"] is False
    assert filling.options["population"] == ""  # a person must choose: two are offered


def test_what_the_user_chose_stays(filled: FakeLibrary) -> None:
    filling = Filling(panel_id="apps@hrc-r1.1@2.0.0", options={"build": "hg38", "aesEncryption": False})
    with_defaults(filling, form().form, filled.all_datasets[0])
    assert filling.options["build"] == "hg38"
    assert filling.options["aesEncryption"] is False


def test_a_choice_that_is_gone_is_not_kept(filled: FakeLibrary) -> None:
    filling = Filling(panel_id="apps@hrc-r1.1@2.0.0", options={"population": "gone", "old": "x"})
    with_defaults(filling, form().form, None)
    assert filling.options["population"] == ""
    assert "old" not in filling.options


def test_phased_data_are_not_phased_again(filled: FakeLibrary) -> None:
    dataset: Dataset = filled.all_datasets[0]
    assert dataset.report is not None
    phased = dataset.model_copy(update={"report": dataset.report.model_copy(update={"phased": True})})
    phasing = form().form.parameter("phasing")
    assert phasing is not None
    assert suited(phasing, ["eagle", "no_phasing"], phased) == "no_phasing"


def test_bound_choices_follow_the_panel() -> None:
    population = form().form.parameter("population")
    assert population is not None
    assert choices_of(population, Filling(panel_id="nothing"), form().form) == ()
    assert len(choices_of(population, Filling(panel_id="apps@hrc-r1.1@2.0.0"), form().form)) == 2


@pytest.mark.parametrize("kept", [None, 3, [], {"options": 3}, {"options": {"a": 3}, "dataset_id": None}])
def test_a_form_that_cannot_be_recalled_is_empty(kept: object) -> None:
    assert Filling.recalled(kept) == Filling()


def test_ticks_under_terms_are_not_remembered() -> None:
    filling = Filling(dataset_id="d", terms={"check1": "x"})
    assert Filling.recalled(filling.remembered()).terms == {}


def test_services_that_take_nothing_say_why(filled: FakeLibrary) -> None:
    service = filled.all_services[0]
    assert why_not(service.model_copy(update={"enabled": False})) == "switched off"
    token = service.token.model_copy(update={"present": False})
    assert why_not(service.model_copy(update={"token": token})) == "needs a token"


def test_the_form_of_the_service_is_shown(qtbot: QtBot, view: NewJobView) -> None:
    choose_panel(qtbot, view)
    assert isinstance(view.how.fields["build"], QComboBox)
    assert isinstance(view.how.fields["aesEncryption"], QCheckBox)
    assert set(view.bar.boxes) == {"check1", "check2"}
    assert not any(box.isChecked() for box in view.bar.boxes.values())


def test_a_mistake_stands_below_its_field(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary, operations: FakeOperations
) -> None:
    wrong = Problem(kind=Kind.INPUT, title="Population", what_happened="Nothing is chosen.")
    operations.answers["preview"] = preview(filled, Obstacle(field="population", problem=wrong))
    choose_panel(qtbot, view)
    label = view.how._mistakes["population"]
    qtbot.waitUntil(lambda: label.text() == "Choose one.")  # a hint: nobody touched it yet
    assert not label.property("bad")
    assert not view.bar.button.isEnabled()
    assert view.bar.hint.text().startswith("Choose “")
    view._set_option("population", "")
    qtbot.waitUntil(lambda: label.text() == "Nothing is chosen.")
    assert label.property("bad")


def test_what_is_being_checked_is_no_mistake(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary, operations: FakeOperations
) -> None:
    first = Problem(kind=Kind.INPUT, title="The files are not checked", what_happened="Not yet.")
    operations.answers["preview"] = preview(filled, Obstacle(field="dataset", problem=first))
    filled.all_datasets[0] = filled.all_datasets[0].model_copy(update={"state": DatasetState.CHECKING})
    view.reveal(filled.all_datasets[0].id)
    choose_panel(qtbot, view)
    qtbot.waitUntil(lambda: view.bar.hint.text() == "The files are being checked.")
    assert "is being checked" in view.what.note.text()
    assert not view.what.problems.isVisible()
    assert not view.bar.button.isEnabled()


def test_nothing_is_sent_to_a_service_that_does_not_answer(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary
) -> None:
    down = [s.model_copy(update={"state": HealthState.DOWN}) for s in filled.all_services]
    filled.all_services = down
    view.refresh()
    choose_panel(qtbot, view)
    qtbot.waitUntil(lambda: "does not answer" in view.bar.hint.text())
    assert not view.bar.button.isEnabled()


def test_a_stopped_practice_server_can_be_started_here(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary, operations: FakeOperations
) -> None:
    service = filled.all_services[0].model_copy(update={"practice": True, "state": HealthState.UNKNOWN})
    filled.all_services[0] = service
    assert why_not(service) == "not running"
    assert why_not(service, "http://127.0.0.1:1") == why_not(service.model_copy(update={"practice": False}))
    view.refresh()
    qtbot.waitUntil(view.where.start.isVisible)
    view.where.start.click()
    qtbot.waitUntil(lambda: "start_practice" in operations.names())


def test_a_good_form_is_sent_once(
    qtbot: QtBot, view: NewJobView, context: Context, operations: FakeOperations
) -> None:
    went: list[Any] = []
    context.navigate = lambda *where: went.append(where)
    operations.answers["create_job"] = Changes.of(Noun.JOB, "job-9")
    choose_panel(qtbot, view)
    for box in view.bar.boxes.values():
        box.setChecked(True)
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    view.bar.button.click()
    qtbot.waitUntil(lambda: bool(went))
    assert went == [("jobs", "job-9")]
    assert operations.names().count("create_job") == 1
    draft = next(args[0] for name, args, _ in operations.calls if name == "create_job")
    assert set(draft.terms) == {"check1", "check2"}
    assert draft.options["aesEncryption"] is True


def test_after_sending_the_next_job_begins_with_its_data(
    qtbot: QtBot, view: NewJobView, operations: FakeOperations
) -> None:
    """No row looks chosen that is not: a click on it would change nothing."""
    operations.answers["create_job"] = Changes.of(Noun.JOB, "job-9")
    choose_panel(qtbot, view)
    for box in view.bar.boxes.values():
        box.setChecked(True)
    qtbot.waitUntil(view.bar.button.isEnabled)
    chosen = view.filling.dataset_id
    view.bar.button.click()
    qtbot.waitUntil(lambda: view.filling.dataset_id == "")
    assert view.what.list.currentItem() is None
    row = view.what.list.visualItemRect(view.what.list.item(0)).center()
    qtbot.mouseClick(view.what.list.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert view.filling.dataset_id == chosen


def test_panels_that_two_applications_call_alike_are_told_apart(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary
) -> None:
    first = filled.all_panels[0]
    other = first.model_copy(update={"app_id": "another@1", "name": "By another workflow"})
    filled.all_forms[(other.service_id, other.app_id)] = form(other.service_id, other.app_id)
    filled.all_panels.append(other)
    view.refresh()
    qtbot.waitUntil(lambda: other in view.panels)
    for panel in (other, first):
        view._choose_panel((panel.service_id, panel.app_id, panel.id))
        view.refresh()
        qtbot.waitUntil(lambda panel=panel: current(view) == panel.name)
        qtbot.waitUntil(lambda panel=panel: f"panel {panel.name}" in view.bar.route.text())


def test_files_that_options_name_are_told_among_what_is_sent(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary
) -> None:
    """A panel of one's own goes along to a WES node: it is somebody's genotypes too."""
    panel = filled.all_panels[0]
    stored = filled.all_forms[(panel.service_id, panel.app_id)]
    own = Parameter(id="panel_file", label="Panel file", type=ParameterType.TEXT, raw_type="file")
    parameters = (*stored.form.parameters, own)
    filled.all_forms[(panel.service_id, panel.app_id)] = stored.model_copy(
        update={"form": stored.form.model_copy(update={"parameters": parameters})}
    )
    choose_panel(qtbot, view)
    qtbot.waitUntil(lambda: "panel_file" in view.how.fields)
    qtbot.waitUntil(lambda: "Will be sent" in view.bar.summary.text())
    assert "Panel file" not in view.bar.summary.text()
    view._set_option("panel_file", "/data/panel.vcf.gz")
    qtbot.waitUntil(lambda: "If “Panel file” names a file of this computer" in view.bar.summary.text())


def current(view: NewJobView) -> str:
    """The chosen row."""
    row = view.where.tree.currentItem()
    return row.text(0) if row is not None else ""


def test_a_refusal_is_shown_in_place(qtbot: QtBot, view: NewJobView, operations: FakeOperations) -> None:
    refused = Problem(kind=Kind.SIGN_IN, title="The token is not accepted", what_happened="It is old.")
    operations.answers["create_job"] = refused
    choose_panel(qtbot, view)
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    qtbot.waitUntil(view.bar.problem.isVisible)
    assert view.bar.problem.title.text() == "The token is not accepted"


def test_a_half_filled_form_survives(qtbot: QtBot, view: NewJobView, context: Context) -> None:
    choose_panel(qtbot, view)
    view.how.name.setText("My study")
    view.how.name.textEdited.emit("My study")
    again = NewJobView(context)
    qtbot.addWidget(again)
    assert again.filling.name == "My study"
    assert again.filling.panel_id == view.filling.panel_id
    assert context.layout.value(KEPT)["name"] == "My study"


def test_news_of_a_service_do_not_take_the_keyboard_away(
    qtbot: QtBot, view: NewJobView, context: Context, filled: FakeLibrary
) -> None:
    choose_panel(qtbot, view)
    name, build, box = view.how.name, view.how.fields["build"], view.bar.boxes["check1"]
    qtbot.keyClicks(name, "My")
    box.setChecked(True)
    filled.all_services = [s.model_copy(update={"response_ms": 9.0}) for s in filled.all_services]
    context.bridge.announce(Changes.of(Noun.SERVICE, "michigan") | Changes.of(Noun.DATASET, "dataset-1"))
    qtbot.waitUntil(lambda: view.services[0].response_ms == 9.0)
    qtbot.wait(100)
    qtbot.keyClicks(name, " study")
    assert (view.how.name, view.how.fields["build"], view.bar.boxes["check1"]) == (name, build, box)
    assert view.filling.name == "My study"
    assert box.isChecked()


def test_signs_follow_the_scheme_and_the_choice_stays(
    qtbot: QtBot, view: NewJobView, context: Context
) -> None:
    row = view.where.tree.topLevelItem(0)
    assert row is not None
    child = next(
        parent.child(0)
        for n in range(view.where.tree.topLevelItemCount())
        if (parent := view.where.tree.topLevelItem(n)) is not None
        and parent.childCount()
        and not parent.child(0).isDisabled()
    )
    view.where.tree.setCurrentItem(child)
    name, before = child.text(0), row.icon(0).pixmap(16, 16).toImage()
    context.theme.choose("dark")
    again, chosen = view.where.tree.topLevelItem(0), view.where.tree.currentItem()
    assert again is not None
    assert again.icon(0).pixmap(16, 16).toImage() != before
    assert chosen is not None
    assert chosen.text(0) == name
    assert view.filling.panel_id


def test_no_field_is_cut_in_a_small_window(qtbot: QtBot, view: NewJobView) -> None:
    view.resize(732, 504)
    choose_panel(qtbot, view)
    scroll = view.how.findChild(WideScroll)
    assert scroll is not None
    qtbot.waitUntil(lambda: scroll.viewport().width() >= scroll.widget().minimumSizeHint().width())


def test_a_long_list_comes_in_turns_and_what_is_chosen_stays_chosen(qtbot: QtBot, context: Context) -> None:
    many = [samples.dataset(1).model_copy(update={"id": f"d{n}", "name": f"cohort {n}"}) for n in range(300)]
    column = WhatColumn(context, lambda: None, lambda: None)
    qtbot.addWidget(column)
    told: list[str] = []
    column.chosen.connect(told.append)
    column.show_datasets(many, "d290")
    qtbot.waitUntil(lambda: column.list.count() == 300)
    current = column.list.currentItem()
    assert current is not None
    assert current.text().startswith("cohort 290\n")
    column.show_datasets(many[:2], "")
    assert column.list.count() == 2
    assert told == []
