"""Jobs that were sent together, and one that may go elsewhere because its service is down."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.job import FileState, Job, JobFile, JobState, SendPhase
from app.domain.service import HealthState
from app.operations.draft_job import JobDraft, Preflight
from app.operations.fail_over import Mirror
from app.ui.context import Context
from app.ui.views.jobs.group_card import MOST_NAMED
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.forms import form

WAITS = {"remote_id": None, "phase": SendPhase.CHECKED, "steps": ()}


def together(number: int, state: JobState) -> Job:
    return samples.job(number, state, phase=SendPhase.ANSWERED).model_copy(update={"group": "group-1"})


@pytest.fixture
def went(context: Context, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    places: list[tuple[str, str | None]] = []
    monkeypatch.setattr(context, "navigate", lambda view, item: places.append((view, item)))
    return places


def opened(context: Context, qtbot: QtBot, job_id: str) -> JobsView:
    view = JobsView(context)
    qtbot.addWidget(view)
    view.resize(1200, 900)
    view.show()
    view.reveal(job_id)
    qtbot.waitUntil(lambda: view.shown_job() is not None and view.detail.isVisible())
    return view


def test_a_group_is_told_honestly_and_leads_to_the_others(
    context: Context, library: FakeLibrary, qtbot: QtBot, went: list[tuple[str, str | None]]
) -> None:
    library.all_services = list(samples.services())
    states = (JobState.SUCCESS, JobState.FAILED, JobState.RUNNING, JobState.SUCCESS)
    library.all_jobs = [together(n, state) for n, state in enumerate(states, 1)]
    library.all_jobs.append(samples.job(9, JobState.RUNNING, phase=SendPhase.ANSWERED))
    first, second = library.all_jobs[0].id, library.all_jobs[1].id
    view = opened(context, qtbot, first)
    card = view.detail.group
    assert card.isVisible()
    assert card.words.text() == "2 done, 1 failed, 1 running"
    assert set(card.links) == {job.id for job in library.all_jobs[1:4]}
    button = card.links[second]
    assert isinstance(button, QPushButton)
    assert button.text().endswith(": failed")
    button.click()
    assert went == [("jobs", second)]
    view.detail.only_group.emit("group-1")
    assert view.table.filter.text() == "group:group-1"
    view.reveal(library.all_jobs[4].id)
    qtbot.waitUntil(lambda: not card.isVisible())


def test_the_table_tells_how_a_group_stands(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    """In the tooltip, with what the filter takes; nothing for a job that went alone."""
    library.all_services = list(samples.services())
    library.all_jobs = [together(1, JobState.SUCCESS), together(2, JobState.FAILED)]
    library.all_jobs.append(samples.job(9, JobState.RUNNING, phase=SendPhase.ANSWERED))
    model = opened(context, qtbot, library.all_jobs[0].id).table.model
    column = next(n for n, each in enumerate(model.columns) if each.key == "group_id")

    def cell(number: int, role: int) -> object:
        row = model.row_of(library.all_jobs[number].id)
        assert row is not None
        return model.data(model.index(row, column), role)

    qtbot.waitUntil(lambda: cell(0, Qt.ItemDataRole.DisplayRole) is not None)
    tip = str(cell(0, Qt.ItemDataRole.ToolTipRole))
    assert "1 done, 1 failed" in tip
    assert "group:group-1" in tip
    assert cell(1, Qt.ItemDataRole.DisplayRole) == "1"
    assert cell(2, Qt.ItemDataRole.DisplayRole) == ""
    assert not cell(2, Qt.ItemDataRole.ToolTipRole)
    assert set(library.asked_groups) == {("group-1",)}


def test_of_many_those_that_need_a_person_are_named(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    """And not those that others took the place of, which the state does not count either."""
    library.all_services = list(samples.services())
    library.all_jobs = [together(n, JobState.SUCCESS) for n in range(1, 48)]
    library.all_jobs += [together(48, JobState.RUNNING), together(49, JobState.FAILED)]
    replaced = together(50, JobState.CANCELLED).model_copy(update={"sent_again_as": library.all_jobs[47].id})
    library.all_jobs.append(replaced)
    view = opened(context, qtbot, library.all_jobs[0].id)
    card = view.detail.group
    assert card.words.text() == "47 done, 1 failed, 1 running"
    assert list(card.links)[:3] == [library.all_jobs[n].id for n in (48, 47, 1)]
    assert len(card.links) == MOST_NAMED
    said = [label.text() for label in card.findChildren(QLabel)]
    assert f"and {48 - MOST_NAMED} more" in said


def test_what_has_no_result_is_sent_again_with_one_button(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    """Not what is done, nor what runs, nor what its service deleted after its result was fetched."""
    library.all_services = list(samples.services())
    states = (JobState.SUCCESS, JobState.FAILED, JobState.RUNNING, JobState.EXPIRED, JobState.DELETED)
    library.all_jobs = [together(n, state) for n, state in enumerate(states, 1)]
    here = JobFile(name="chr22.zip", state=FileState.VERIFIED)
    library.all_jobs[4] = library.all_jobs[4].model_copy(update={"remote_files": (here,)})
    first, failed, expired = (library.all_jobs[n].id for n in (0, 1, 3))
    operations.answers["restart_job"] = Changes.of(Noun.JOB, "job-new")
    view = opened(context, qtbot, first)
    button = view.detail.group.send_rest
    assert button.isVisible()
    assert button.text() == "Send the 2 jobs without a result again"
    button.click()
    qtbot.waitUntil(lambda: operations.names().count("restart_job") == 2)
    assert [call[1] for call in operations.calls if call[0] == "restart_job"] == [(failed,), (expired,)]
    assert view.current == first
    library.all_jobs = [together(n, JobState.SUCCESS) for n in (1, 2)]
    view.refresh()
    qtbot.waitUntil(lambda: not button.isVisible())


@pytest.mark.parametrize("state", [HealthState.DOWN, HealthState.UP], ids=["down", "up"])
def test_a_job_whose_service_is_down_can_go_elsewhere(
    context: Context,
    library: FakeLibrary,
    qtbot: QtBot,
    went: list[tuple[str, str | None]],
    state: HealthState,
) -> None:
    first, second = samples.services()[:2]
    library.all_services = [first.model_copy(update={"state": state}), second]
    job = samples.job(1, JobState.WAITING, **WAITS).model_copy(update={"service_id": first.id})
    library.all_jobs = [job]
    library.all_mirrors = [Mirror(service=second, panel=samples.panels()[0])]
    button = opened(context, qtbot, job.id).detail.elsewhere
    if state is HealthState.UP:
        assert not button.isVisible()
        return
    assert button.text() == f"Send to {second.name} instead…"
    button.click()
    assert went == [("new_job", f"{second.id} instead of {job.id}")]


def test_the_job_that_waits_is_asked_about_and_never_sent_twice_unsaid(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_services, library.all_panels = list(samples.services()), list(samples.panels())
    library.all_datasets = [samples.dataset(1, True)]
    panel = library.all_panels[0]
    library.all_forms[(panel.service_id, panel.app_id)] = form(panel.service_id, panel.app_id)
    waiting = samples.job(1, JobState.WAITING, **WAITS)
    library.all_jobs = [waiting]
    draft = JobDraft(
        dataset_id=library.all_datasets[0].id,
        service_id=panel.service_id,
        app_id=panel.app_id,
        panel_id=panel.id,
    )
    operations.answers["mirror_draft"] = draft
    operations.answers["preview"] = Preflight(
        obstacles=(), service=library.all_services[0], dataset=library.all_datasets[0]
    )
    operations.answers["create_job"] = Changes.of(Noun.JOB, "job-new")
    view = NewJobView(context)
    qtbot.addWidget(view)
    view.show()
    view.reveal(f"{panel.service_id} instead of {waiting.id}")
    qtbot.waitUntil(lambda: view.filling.instead_of == waiting.id)
    qtbot.waitUntil(lambda: view.bar.button.isEnabled())
    view.bar.button.click()
    qtbot.waitUntil(lambda: bool(view.window().findChildren(QMessageBox)))
    (box,) = view.window().findChildren(QMessageBox)
    assert "twice" in box.informativeText()
    assert "cancel_job" not in operations.names()
    next(b for b in box.findChildren(QPushButton) if b.text() == "Cancel the first job").click()
    qtbot.waitUntil(lambda: "cancel_job" in operations.names())
    assert view.filling.instead_of == ""
