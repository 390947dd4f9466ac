"""New job for one service that takes phased data: they are phased here first, where a person wishes it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.service import StoredForm
from app.operations.draft_job import JobDraft, Preflight, check_phased
from app.operations.job_group import GroupSent
from app.ui.context import Context
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.new_job.phasing_choice import KEPT, PhasingChoice
from app.ui.views.new_job.phasing_offer import beagle_is_here, fitting_panels, lacking_words, offer_for_one
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.forms import form

WES = "wes"


def takes_phased(app_id: str) -> StoredForm:
    """Minimac 4 by a workflow: a panel, the files, and no phasing."""
    panels = (Choice(key="wes-panel", label="1000 Genomes"),)
    parameters = (
        Parameter(id="refpanel", label="Reference panel", type=ParameterType.PANEL, choices=panels),
        Parameter(id="files", label="Input files", type=ParameterType.FILES),
    )
    made = Form(app_id=app_id, app_name="Minimac 4", parameters=parameters, phased=True)
    return StoredForm(service_id=WES, form=made, as_of=samples.NOW)


def local_form(*programs: str) -> StoredForm:
    choices = tuple(Choice(key=each, label=each) for each in ("auto", "builtin", *programs))
    phasing = Parameter(id="phasing", label="Phasing", type=ParameterType.CHOICE, choices=choices)
    return StoredForm(
        service_id="here", form=Form(app_id="here", app_name="Here", parameters=(phasing,)), as_of=samples.NOW
    )


@pytest.fixture
def filled(library: FakeLibrary) -> FakeLibrary:
    """A service whose workflow takes phased data, Michigan, and a panel of this computer."""
    service, panel = samples.services()[0], samples.panels()[0]
    more = [(WES, "wes", "wes-panel", "minimac@1"), ("here", "local", "mine", "here")]
    library.all_services = [service]
    library.all_panels = [panel]
    library.all_forms[(service.id, panel.app_id)] = form(service.id, panel.app_id)
    for service_id, family, panel_id, app_id in more:
        told = {"id": service_id, "family": family, "name": service_id.upper()}
        library.all_services.append(service.model_copy(update=told))
        told = {
            "service_id": service_id,
            "id": panel_id,
            "app_id": app_id,
            "name": panel_id,
            "build": "GRCh37",
        }
        library.all_panels.append(panel.model_copy(update=told | {"chromosomes": ()}))
    library.all_forms[(WES, "minimac@1")] = takes_phased("minimac@1")
    library.all_forms[("here", "here")] = local_form("beagle")
    library.all_datasets = [samples.dataset(1, True)]
    return library


@pytest.fixture
def previews(filled: FakeLibrary, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operations say of phasing, by their own rule."""

    def looked(draft: JobDraft, phase_with: str = "") -> Preflight:
        service = next(s for s in filled.all_services if s.id == draft.service_id)
        stored = filled.all_forms[(draft.service_id, draft.app_id)]
        data = filled.all_datasets[0]
        wrong = () if phase_with else check_phased(draft, data, stored.form)
        return Preflight(obstacles=wrong, service=service, form=stored.form, dataset=data)

    async def one(draft: JobDraft) -> Preflight:
        return looked(draft)

    async def group(drafts: list[JobDraft], phase_with: str) -> tuple[Preflight, ...]:
        return tuple(looked(draft, phase_with) for draft in drafts)

    monkeypatch.setattr(operations, "preview", one, raising=False)
    monkeypatch.setattr(operations, "preview_group", group, raising=False)


@pytest.fixture
def view(qtbot: QtBot, context: Context, previews: None) -> NewJobView:
    made = NewJobView(context)
    qtbot.addWidget(made)
    made.resize(1200, 860)
    made.show()
    qtbot.waitUntil(lambda: made.where.tree.topLevelItemCount() > 0)
    return made


def choose(qtbot: QtBot, view: NewJobView, panel_id: str) -> None:
    panel = next(each for each in view.panels if each.id == panel_id)
    view._choose_panel((panel.service_id, panel.app_id, panel.id))
    qtbot.waitUntil(lambda: view._form_of == (panel.service_id, panel.app_id))


def refused(qtbot: QtBot, view: NewJobView) -> PhasingChoice:
    """The workflow is chosen, and cannot be sent to for what the data are."""
    choose(qtbot, view, "wes-panel")
    phasing = view.bar.phasing
    qtbot.waitUntil(lambda: phasing.problem.isVisible() and not view.bar.button.isEnabled())
    return phasing


def sent(operations: FakeOperations) -> tuple[list[JobDraft], dict[str, Any]]:
    (call,) = [each for each in operations.calls if each[0] == "create_group"]
    return call[1][0], call[2]


def test_the_remedy_stands_beside_what_is_wrong(
    qtbot: QtBot, view: NewJobView, operations: FakeOperations
) -> None:
    phasing = refused(qtbot, view)
    assert "Minimac 4 takes them as if they were" in phasing.problem.text()
    assert view.what.problems.text() == ""
    assert view.bar.hint.text() == "The data are not phased."
    assert phasing.wanted.text() == "Phase here first"
    assert not phasing.panel.isVisible()
    phasing.wanted.click()
    qtbot.waitUntil(view.bar.button.isEnabled)
    assert not phasing.problem.isVisible()
    assert phasing.panel.isVisible()
    phasing.program.setCurrentIndex(phasing.program.findData("beagle"))
    qtbot.waitUntil(lambda: "Will be phased on this computer with mine" in view.bar.summary.text())
    assert view.bar.button.text() == "Phase and send to WES"
    operations.answers["create_group"] = GroupSent(Changes.of(Noun.JOB, "job-1"), ("job-1",), ((),))
    view.bar.button.click()
    qtbot.waitUntil(lambda: view.filling.draft() is None)
    drafts, more = sent(operations)
    assert [(each.service_id, each.group) for each in drafts] == [(WES, None)]
    assert more == {"send_others": False, "phase_with": "mine", "phase_by": "beagle"}
    assert "create_job" not in operations.names()
    assert not phasing.wanted.isChecked(), "the next draft begins without"


def test_who_phases_by_itself_is_asked_not_to_only_where_a_person_wishes(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary
) -> None:
    choose(qtbot, view, filled.all_panels[0].id)
    phasing = view.bar.phasing
    qtbot.waitUntil(phasing.wanted.isVisible)
    assert not phasing.problem.isVisible()
    assert phasing.panel_id() == ""
    assert "is told not to phase" in phasing.note.text()
    choose(qtbot, view, "mine")
    qtbot.waitUntil(lambda: not phasing.isVisible())


def test_without_a_panel_of_this_computer_the_page_says_which_is_lacking(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary
) -> None:
    filled.all_panels[-1] = filled.all_panels[-1].model_copy(update={"build": "GRCh38"})
    view.refresh()
    qtbot.waitUntil(lambda: view.panels[-1].build == "GRCh38")
    phasing = refused(qtbot, view)
    assert not phasing.wanted.isVisible()
    assert "none is in GRCh37" in phasing.note.text()
    assert phasing.go.isVisible()


def test_beagle_is_offered_where_it_is(qtbot: QtBot, view: NewJobView, filled: FakeLibrary) -> None:
    phasing = refused(qtbot, view)
    qtbot.waitUntil(lambda: phasing.program.count() == 2)
    filled.all_forms[("here", "here")] = local_form()
    view.refresh()
    qtbot.waitUntil(lambda: phasing.program.count() == 1)


def test_a_person_stops_the_phasing_and_goes_on(
    qtbot: QtBot, view: NewJobView, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The strip ends the work; the page is ready again, with the draft as it was."""
    begun: list[asyncio.Task[Any]] = []
    there = threading.Event()

    async def phase(drafts: list[JobDraft], **more: Any) -> GroupSent:
        own = asyncio.current_task()
        assert own is not None
        begun.append(own)
        there.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(operations, "create_group", phase, raising=False)
    phasing = refused(qtbot, view)
    phasing.wanted.click()
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    assert not view.bar.button.isEnabled()
    assert view.bar.hint.text().startswith("Phasing on this computer")
    assert there.wait(60)
    view.context.bridge.loop.call_soon_threadsafe(begun[0].cancel)
    qtbot.waitUntil(view.bar.button.isEnabled)
    assert view.filling.service_id == WES
    assert phasing.panel_id() == "mine"
    assert not view.bar.problem.isVisible()


def test_a_failure_is_told_on_the_page(qtbot: QtBot, view: NewJobView, operations: FakeOperations) -> None:
    operations.answers["create_group"] = Problem(
        kind=Kind.INPUT, title="Not every chromosome can be phased here", what_happened="It has X."
    )
    phasing = refused(qtbot, view)
    phasing.wanted.click()
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    qtbot.waitUntil(view.bar.problem.isVisible)
    assert view.bar.problem.title.text() == "Not every chromosome can be phased here"
    assert view.filling.draft() is not None
    qtbot.waitUntil(view.bar.button.isEnabled)


def test_the_choice_survives_closing(qtbot: QtBot, view: NewJobView, context: Context) -> None:
    phasing = refused(qtbot, view)
    phasing.wanted.click()
    phasing.program.setCurrentIndex(phasing.program.findData("beagle"))
    again = NewJobView(context)
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.bar.phasing.panel_id() == "mine")
    assert again.bar.phasing.program_id() == "beagle"
    again.bar.phasing.forget()
    assert context.layout.value(KEPT) is None


@pytest.mark.parametrize("kept", [3, [1], {"panel": 4}])
def test_a_choice_that_cannot_be_recalled_harms_nothing(qtbot: QtBot, context: Context, kept: object) -> None:
    context.layout.set(KEPT, kept)
    made = PhasingChoice(context)
    qtbot.addWidget(made)
    assert made.panel_id() == ""


def test_what_is_offered() -> None:
    service, data = samples.services()[0], samples.dataset(1, True)
    assert data.report is not None
    phased = data.model_copy(update={"report": data.report.model_copy(update={"phased": True})})
    wanting, asking = takes_phased("a").form, form().form
    anew = asking.model_copy(update={"parameters": ()})
    assert offer_for_one(wanting, "p", service, data) is True
    assert offer_for_one(asking, "p", service, data) is False
    for told in ((wanting, phased), (anew, data), (None, data), (asking, None)):
        assert offer_for_one(told[0], "p", service, told[1]) is None
    here = service.model_copy(update={"family": "local"})
    assert offer_for_one(asking, "p", here, data) is None


def test_a_panel_must_have_the_chromosomes() -> None:
    data = samples.dataset(1, True)
    assert data.report is not None
    here = samples.services()[0].model_copy(update={"id": "here", "family": "local"})
    panel = samples.panels()[0].model_copy(update={"service_id": "here", "id": "mine", "build": "GRCh37"})

    def fits(*chromosomes: str) -> bool:
        one = panel.model_copy(update={"chromosomes": chromosomes})
        return fitting_panels((here,), (one,), data) == (("mine", panel.name),)

    assert fits(*data.report.chromosomes)
    assert fits(), "it does not say what it has"
    assert not fits("nowhere")
    report = data.report.model_copy(update={"chromosomes": ("1", "2", "3", "4", "5")})
    assert lacking_words(data.model_copy(update={"report": report})) == "GRCh37 with chromosomes 1 … 5"
    assert lacking_words(None) == "their build"


def test_beagle_is_tried_where_nobody_looked() -> None:
    assert beagle_is_here(None)
    assert beagle_is_here(local_form("beagle").form)
    assert not beagle_is_here(local_form().form)
