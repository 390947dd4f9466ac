"""New job for several services: added, changed, removed, and sent as one; nothing vanishes unsaid."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, Problem
from app.operations.draft_job import JobDraft, Obstacle, Preflight
from app.operations.job_group import GroupSent
from app.ui.context import Context
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.new_job.targets import Targets
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.forms import form

WRONG = Problem(kind=Kind.INPUT, title="Population", what_happened="Nothing is chosen.")


@pytest.fixture
def filled(library: FakeLibrary) -> FakeLibrary:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [samples.dataset(1, True), samples.dataset(2, True)]
    for panel in library.all_panels:
        library.all_forms[(panel.service_id, panel.app_id)] = form(panel.service_id, panel.app_id)
    return library


class Bad(set[str]):
    """The panels whose drafts cannot be sent."""


@pytest.fixture
def bad(filled: FakeLibrary, operations: FakeOperations, monkeypatch: pytest.MonkeyPatch) -> Bad:
    panels = Bad()

    def looked(draft: JobDraft) -> Preflight:
        service = next(s for s in filled.all_services if s.id == draft.service_id)
        obstacles = (Obstacle(field="population", problem=WRONG),) if draft.panel_id in panels else ()
        return Preflight(obstacles=obstacles, service=service, dataset=filled.all_datasets[0])

    async def one(draft: JobDraft) -> Preflight:
        return looked(draft)

    async def group(drafts: list[JobDraft], phase_with: str) -> tuple[Preflight, ...]:
        return tuple(looked(draft) for draft in drafts)

    monkeypatch.setattr(operations, "preview", one, raising=False)
    monkeypatch.setattr(operations, "preview_group", group, raising=False)
    return panels


@pytest.fixture
def view(qtbot: QtBot, context: Context, bad: Bad) -> NewJobView:
    made = NewJobView(context)
    qtbot.addWidget(made)
    made.resize(1200, 860)
    made.show()
    qtbot.waitUntil(lambda: made.where.tree.topLevelItemCount() > 0)
    return made


def fill(qtbot: QtBot, view: NewJobView, number: int) -> str:
    """Choose a panel and tick its terms."""
    panel = view.panels[number]
    view._choose_panel((panel.service_id, panel.app_id, panel.id))
    qtbot.waitUntil(lambda: view.form is not None and set(view.bar.boxes) == {"check1", "check2"})
    for box in view.bar.boxes.values():
        box.setChecked(True)
    return panel.id


def two(qtbot: QtBot, view: NewJobView) -> tuple[str, str]:
    """One in the list, one on the page."""
    first = fill(qtbot, view, 0)
    view.how.name_changed.emit("My cohort")
    qtbot.waitUntil(view.bar.another.isEnabled)
    view.bar.another.click()
    second = fill(qtbot, view, 1)
    qtbot.waitUntil(view.bar.button.isEnabled)
    return first, second


def sent(operations: FakeOperations) -> tuple[list[JobDraft], dict[str, Any]]:
    (call,) = [each for each in operations.calls if each[0] == "create_group"]
    return call[1][0], call[2]


def test_a_filled_form_waits_in_the_list(qtbot: QtBot, view: NewJobView) -> None:
    assert not view.targets.card.isVisible()
    first, second = two(qtbot, view)
    assert view.targets.card.isVisible()
    assert view.bar.button.text() == "Send 2 jobs"
    assert "to 1 service:" in view.bar.summary.text()
    (kept,) = view.targets.fillings
    assert (kept.panel_id, view.filling.panel_id) == (first, second)
    assert set(kept.terms) == set(view.filling.terms) == {"check1", "check2"}
    assert kept.name == view.filling.name == "My cohort"


def test_all_are_sent_as_one(qtbot: QtBot, view: NewJobView, operations: FakeOperations) -> None:
    panels = two(qtbot, view)
    operations.answers["create_group"] = GroupSent(
        Changes.of(Noun.JOB, "job-1", "job-2"), ("job-1", "job-2"), ((), ())
    )
    view.bar.button.click()
    qtbot.waitUntil(lambda: not view.targets and view.filling.draft() is None)
    drafts, more = sent(operations)
    assert tuple(draft.panel_id for draft in drafts) == panels
    assert more == {"send_others": False, "phase_with": "", "phase_by": ""}
    assert not view.targets.card.isVisible()


def test_one_that_cannot_be_sent_holds_up_all_until_a_person_says_otherwise(
    qtbot: QtBot, view: NewJobView, bad: Bad, operations: FakeOperations
) -> None:
    first, second = two(qtbot, view)
    bad.add(first)
    view._keep()
    qtbot.waitUntil(lambda: not view.bar.button.isEnabled() and "Population" in view.bar.hint.text())
    view.targets.card.others.setChecked(True)
    qtbot.waitUntil(view.bar.button.isEnabled)
    operations.answers["create_group"] = GroupSent(
        Changes.of(Noun.JOB, "job-2"), ("job-2",), ((Obstacle(field="population", problem=WRONG),), ())
    )
    view.bar.button.click()
    qtbot.waitUntil(lambda: view.filling.draft() is None)
    assert [each.panel_id for each in view.targets.fillings] == [first]
    assert sent(operations)[1]["send_others"] is True


def test_change_and_remove(qtbot: QtBot, view: NewJobView) -> None:
    first, second = two(qtbot, view)
    view.targets.card.buttons[0][0].click()
    qtbot.waitUntil(lambda: view.filling.panel_id == first and "build" in view.how.fields)
    assert [each.panel_id for each in view.targets.fillings] == [second]
    assert all(box.isChecked() for box in view.bar.boxes.values())
    view.targets.card.buttons[0][1].click()
    qtbot.waitUntil(lambda: not view.targets.card.isVisible())
    qtbot.waitUntil(lambda: view.bar.button.text().startswith("Send to ") and view.bar.button.isEnabled())
    assert "services" not in view.bar.button.text()


def test_phasing_once_is_offered_with_a_panel_of_this_computer(
    qtbot: QtBot, view: NewJobView, filled: FakeLibrary, operations: FakeOperations
) -> None:
    service, panel = filled.all_services[0], filled.all_panels[0]
    filled.all_services.append(service.model_copy(update={"id": "here", "family": "local"}))
    filled.all_panels.append(panel.model_copy(update={"service_id": "here", "id": "mine", "build": "GRCh37"}))
    view.refresh()
    qtbot.waitUntil(lambda: len(view.panels) == len(filled.all_panels))
    two(qtbot, view)
    phasing = view.bar.phasing
    assert phasing.wanted.isVisible()
    assert phasing.wanted.text() == "Phase once on this computer"
    assert phasing.panel_id() == ""
    phasing.wanted.setChecked(True)
    operations.answers["create_group"] = GroupSent(
        Changes.of(Noun.JOB, "job-1", "job-2"), ("job-1", "job-2"), ((), ())
    )
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    qtbot.waitUntil(lambda: not view.targets)
    assert sent(operations)[1]["phase_with"] == "mine"


def test_the_list_survives_a_restart_without_its_ticks(
    qtbot: QtBot, view: NewJobView, context: Context
) -> None:
    first, _ = two(qtbot, view)
    (again,) = Targets(context, view).fillings
    assert (again.panel_id, again.terms) == (first, {})


@pytest.mark.parametrize("kept", [None, 3, [3, None], [{"panel_id": "p"}]])
def test_a_list_that_cannot_be_recalled_is_empty(qtbot: QtBot, context: Context, kept: object) -> None:
    context.layout.set("new_job/targets", kept)
    owner = NewJobView(context)
    qtbot.addWidget(owner)
    assert owner.targets.fillings == []


def test_other_data_go_to_all(qtbot: QtBot, view: NewJobView, filled: FakeLibrary) -> None:
    two(qtbot, view)
    other = filled.all_datasets[1].id
    view._choose_dataset(other)
    qtbot.waitUntil(lambda: {each.dataset_id for each in view.targets.fillings} == {other})
