"""The page of a job at a web page: steps, what was prepared, telling, and the result brought."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QInputDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.guided import GuidedFact, GuidedSheet, GuidedStep
from app.domain.job import FileState, JobFile, JobState, SendPhase
from app.domain.problem import Kind, Problem
from app.operations.draft_job import Preflight
from app.ui.context import Context
from app.ui.status import service_shown
from app.ui.views.jobs.fetch_password import FetchPasswordDialog
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.forms import form
from tests.ui.samples import NOW

SHEET = GuidedSheet(
    page="https://example.org/imputation",
    folder="prepared",
    files=("mine.chr20.vcf.gz",),
    written="1 file: 60 of 60 sites of 8 people",
    cautions=("The site list is not here.",),
    steps=(
        GuidedStep(text="Open the page and sign in.", page="https://example.org/imputation", done=True),
        GuidedStep(text="Begin.", enter=(("Panel", "One"),)),
    ),
    deadline=NOW + timedelta(days=30),
    facts=(
        GuidedFact(label="Builds", value="GRCh37", source="a paper, 2020, certainty B"),
        GuidedFact(label="Largest file", value="not known", source=""),
    ),
)


def said(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


@pytest.fixture
def jobs(context: Context, library: FakeLibrary, qtbot: QtBot) -> JobsView:
    waiting = samples.job(1, JobState.WAITING, phase=SendPhase.ANSWERED, fetch_wanted=False)
    library.all_services = list(samples.services())
    library.all_jobs = [waiting, samples.job(2, phase=SendPhase.ANSWERED)]
    library.all_sheets = {"job-1": SHEET}
    view = JobsView(context)
    qtbot.addWidget(view)
    view.resize(1200, 900)
    view.show()
    qtbot.waitUntil(lambda: view.detail.isVisible())
    view.reveal("job-1")
    qtbot.waitUntil(lambda: view.detail.by_hand.isVisible())
    return view


def test_the_steps_with_what_is_known(jobs: JobsView, qtbot: QtBot) -> None:
    card = jobs.detail.by_hand
    words = said(card)
    for part in ("60 of 60 sites", "The site list is not here.", "Panel:", "certainty B", "Largest file"):
        assert part in words
    assert [box.isChecked() for box in card.boxes] == [True, False]
    assert jobs.detail.badge.accessibleName() == "Waits for you"
    assert not jobs.detail.fetch.isVisible()
    assert not jobs.detail.again.isVisible()
    jobs.reveal("job-2")
    qtbot.waitUntil(lambda: not card.isVisible())


def test_a_tick_is_kept(
    jobs: JobsView, operations: FakeOperations, library: FakeLibrary, qtbot: QtBot
) -> None:
    card = jobs.detail.by_hand
    card.boxes[1].click()
    qtbot.waitUntil(lambda: operations.names() == ["tick_step"])
    assert operations.calls[0][1] == ("job-1", 1, True)
    second = SHEET.steps[1].model_copy(update={"done": True})
    boxes = list(card.boxes)
    library.all_sheets["job-1"] = SHEET.model_copy(update={"steps": (SHEET.steps[0], second)})
    jobs.refresh()
    qtbot.waitUntil(lambda: card.sheet is not None and card.sheet.steps[1].done)
    assert card.boxes == boxes
    assert operations.names() == ["tick_step"]


def test_pages_open_and_fields_are_copied(
    jobs: JobsView, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    card = jobs.detail.by_hand
    card.open_page.click()
    card.open_folder.click()
    assert opened == ["https://example.org/imputation", "file:prepared"]
    names = {button.accessibleName(): button for button in card.findChildren(QPushButton)}
    names["Copy what belongs into Panel"].click()
    assert QGuiApplication.clipboard().text() == "One"


def test_telling_how_it_goes(jobs: JobsView, operations: FakeOperations, qtbot: QtBot) -> None:
    card = jobs.detail.by_hand
    menu = card.tell.menu()
    words = [action.text() for action in menu.actions()]
    menu.actions()[words.index("I have uploaded the files")].trigger()
    qtbot.waitUntil(lambda: bool(operations.calls))
    assert operations.calls[-1][:2] == ("tell_job", ("job-1", JobState.SUBMITTED))
    menu.actions()[words.index("It failed…")].trigger()
    dialog = card.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("No overlap")
    dialog.accept()
    qtbot.waitUntil(lambda: len(operations.calls) == 2)
    assert operations.calls[-1][1] == ("job-1", JobState.FAILED, "No overlap")


def test_a_dropped_result_is_that_of_the_job(
    jobs: JobsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    paths = [Path("chr20.dose.vcf.gz")]
    assert jobs.drop_words(paths) == "Take in as the result of cohort-A-1"
    assert jobs.drop_words([Path("folder")])
    for name in ("imputed.vcf.gz", "hla.csv", "answer.zip", "chr20.dose.vcf.gz.crdownload"):
        assert jobs.drop_words([Path(name)]), name
    assert jobs.drop_words([Path("note.docx")]) is None
    assert jobs.drop_words([Path("study.bed"), Path("chr20.dose.vcf.gz")]) is None
    jobs.drop(paths)
    qtbot.waitUntil(lambda: operations.names() == ["bring_result"])
    assert operations.calls[0][1] == ("job-1", paths)


def test_an_archive_that_needs_a_password_asks_for_it(
    jobs: JobsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["bring_result"] = Problem(
        kind=Kind.INPUT, title="A password is needed", what_happened="x", details="archive.no_password"
    )
    jobs.bring([Path("chr_20.zip")])
    qtbot.waitUntil(lambda: jobs.findChild(FetchPasswordDialog) is not None)


def test_a_job_whose_result_is_here_takes_no_other(
    jobs: JobsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    file = JobFile(name="a.zip", state=FileState.VERIFIED)
    done = samples.job(
        1, JobState.SUCCESS, phase=SendPhase.ANSWERED, fetch_wanted=False, remote_files=(file,)
    )
    library.all_jobs[0] = done
    jobs.refresh()
    qtbot.waitUntil(lambda: not jobs.detail.by_hand.bring.isVisible())
    assert jobs.drop_words([Path("chr20.dose.vcf.gz")]) is None


def test_a_new_job_at_a_page_prepares_files(
    context: Context,
    library: FakeLibrary,
    operations: FakeOperations,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library.all_services = [samples.services()[0].model_copy(update={"family": "guided"})]
    library.all_panels = list(samples.panels())
    library.all_datasets = [samples.dataset(1, True)]
    panel = library.all_panels[0]
    library.all_forms[(panel.service_id, panel.app_id)] = form(panel.service_id, panel.app_id)
    library.reasons = {panel.service_id: {"passwords": "The page makes it."}}
    operations.answers["preview"] = Preflight(
        obstacles=(), service=library.all_services[0], dataset=library.all_datasets[0]
    )
    view = NewJobView(context)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.where.tree.topLevelItemCount() > 0)
    view._choose_dataset(library.all_datasets[0].id)
    view._choose_panel((panel.service_id, panel.app_id, panel.id))
    qtbot.waitUntil(lambda: view.form is not None and "build" in view.how.fields)
    qtbot.waitUntil(lambda: view.bar.button.text() == "Prepare the files")
    assert "You upload them there." in view.bar.summary.text()
    assert service_shown(library.all_services[0]).word == "By hand"
    assert view.how.password not in view.how.findChildren(QCheckBox)
    operations.answers["create_job"] = Changes.of(Noun.JOB, "job-9")
    told: list[str] = []
    monkeypatch.setattr(context.notices, "say", lambda title, *_, **__: told.append(title))
    qtbot.waitUntil(view.bar.button.isEnabled)
    view.bar.button.click()
    qtbot.waitUntil(lambda: told == ["The files are being prepared"])
