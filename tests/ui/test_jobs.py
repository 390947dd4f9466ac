"""Jobs: the table, the page of a job, its words and its actions."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QLabel, QLineEdit, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.clock import FixedClock
from app.domain.job import Consent, FileState, JobFile, JobState, SendPhase
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.result import ResultState
from app.operations.tasks import Task, TaskKind
from app.ui.context import Context
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.views.jobs import job_words as words
from app.ui.views.jobs.fetch_password import FetchPasswordDialog
from app.ui.views.jobs.jobs_view import JobsView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.samples import NOW

ANSWERED = {"phase": SendPhase.ANSWERED}


def said(widget: QWidget) -> str:
    return "\n".join(w.text() for w in widget.findChildren(QLabel) if w.isVisible())


def press(box: QDialog, text: str) -> None:
    next(b for b in box.findChildren(QPushButton) if b.text() == text).click()


def open_view(context: Context, qtbot: QtBot) -> JobsView:
    view = JobsView(context)
    qtbot.addWidget(view)
    view.resize(1200, 900)
    view.show()
    return view


@pytest.fixture
def jobs(context: Context, library: FakeLibrary, qtbot: QtBot) -> JobsView:
    library.all_services = list(samples.services())
    library.all_jobs = [
        samples.job(1, **ANSWERED),
        samples.job(2, JobState.FAILED, **ANSWERED),
        samples.job(3, JobState.SUCCESS, **ANSWERED),
        samples.job(4, JobState.QUEUED, queue_position=7, steps=(), **ANSWERED),
        samples.job(5, JobState.UPLOADING, remote_id=None, phase=SendPhase.SENDING, steps=()),
        samples.job(6, JobState.UNKNOWN, raw_state=42, **ANSWERED),
    ]
    library.all_events = list(samples.events())
    view = open_view(context, qtbot)
    qtbot.waitUntil(lambda: view.detail.isVisible())
    return view


def choose(view: JobsView, job_id: str, qtbot: QtBot) -> None:
    view.reveal(job_id)
    qtbot.waitUntil(lambda: view.shown_job() is not None and view.shown_job().id == job_id)  # type: ignore[union-attr]


def test_the_first_job_with_stages_messages_and_timeline(jobs: JobsView) -> None:
    detail = jobs.detail
    assert detail.name.text() == "cohort-A-1"
    assert "Phased and imputed: Running" in detail.stages.accessibleName()
    assert "3 valid VCF files found. Samples: 48. SNPs: 4003." in said(detail.messages)
    assert "Excluded sites in total: 122." in said(detail.messages)
    assert [row[1] for row in detail.events.short_model.rows] == ["send", "decision"]
    assert (detail.cancel.isVisible(), detail.again.isVisible(), detail.fetch.isVisible()) == (
        True,
        False,
        False,
    )


def test_nothing_of_the_page_is_cut_in_a_small_window(jobs: JobsView, qtbot: QtBot) -> None:
    """The page does not scroll to the side, so its cards stand below one another there."""
    inside = jobs.detail.page.widget()
    for width, ways in ((1200, "LeftToRight"), (616, "TopToBottom")):
        jobs.resize(width, 700)
        qtbot.waitUntil(lambda ways=ways: jobs.detail.cards.direction().name == ways)
        qtbot.waitUntil(lambda: inside.width() <= jobs.detail.page.viewport().width())


def test_an_unknown_state_is_shown_with_its_number(jobs: JobsView, qtbot: QtBot) -> None:
    choose(jobs, "job-6", qtbot)
    assert jobs.detail.badge.accessibleName() == "Unknown (42)"
    model = jobs.table.model
    qtbot.waitUntil(lambda: model.index(5, 1).data() == "Unknown (42)")


def test_a_failure_names_cause_and_remedy(
    jobs: JobsView, context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    choose(jobs, "job-2", qtbot)
    panel = jobs.detail.problem
    assert panel.title.text() == "The service refused the data"
    assert "strand flips" in panel.details.toPlainText()
    assert panel.action.text() == "Check the files again"
    panel.action.click()
    qtbot.waitUntil(lambda: operations.names() == ["check_dataset"])
    assert operations.calls[0][1] == ("dataset-1", "michigan", "apps@1000g-phase-3-v5@2.0.0")
    assert went == [("uploads", "dataset-1")]
    assert jobs.detail.again.text() == "Send again"
    jobs.detail.again.click()
    qtbot.waitUntil(
        lambda: bool(operations.calls) and operations.calls[-1][:2] == ("restart_job", ("job-2",))
    )


def test_cancelling_asks_first(jobs: JobsView, operations: FakeOperations, qtbot: QtBot) -> None:
    jobs.detail.cancel.click()
    box = jobs.findChild(QMessageBox)
    assert box is not None
    assert box.text() == "Cancel cohort-A-1?"
    assert {b.text() for b in box.buttons()} == {"Cancel the job", "Keep it running"}
    box.reject()
    assert operations.calls == []
    jobs.context.commands.run("job.cancel", ("job-1", "job-4"))
    press(jobs.findChildren(QMessageBox)[-1], "Cancel 2 jobs")
    qtbot.waitUntil(lambda: operations.names() == ["cancel_job", "cancel_job"])


def test_sending_again_shows_the_new_job(
    jobs: JobsView, operations: FakeOperations, library: FakeLibrary, qtbot: QtBot
) -> None:
    operations.answers["restart_job"] = Changes.of(Noun.JOB, "job-2", "job-6")
    jobs.send_again(("job-2",))
    qtbot.waitUntil(lambda: jobs.current == "job-6")


def test_the_remedy_of_a_practice_job_is_to_start_the_server(
    jobs: JobsView, operations: FakeOperations, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_services = [s.model_copy(update={"practice": True}) for s in library.all_services]
    wrong = Problem(kind=Kind.SIGN_IN, title="Sign in", what_happened="No.", what_you_can_do="Profile page.")
    lost = {"remote_id": None, "phase": SendPhase.CHECKED}
    library.all_jobs.append(samples.job(7, JobState.WAITING, problem=wrong, **lost))
    jobs.reveal("job-7")
    panel = jobs.detail.problem
    qtbot.waitUntil(lambda: panel.action.text() == "Start the practice server")
    assert "rofile page" not in " ".join(each.text() for each in panel.findChildren(QLabel))
    panel.action.click()
    qtbot.waitUntil(lambda: operations.names() == ["start_practice"])


def test_a_problem_of_an_action_is_shown_on_the_page(
    jobs: JobsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["restart_job"] = Problem(kind=Kind.BUSY, title="Busy", what_happened="Later.")
    jobs.send_again(("job-1",))
    qtbot.waitUntil(lambda: jobs.detail.problem.isVisible())
    assert jobs.detail.problem.title.text() == "Busy"
    jobs.send_again(("job-9",))
    qtbot.waitUntil(lambda: len(jobs.context.notices.boxes()) == 1)


def test_an_upload_moves_without_reading_the_store(
    jobs: JobsView, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    choose(jobs, "job-5", qtbot)
    task = Task(TaskKind.UPLOAD, "cohort-A-5 → Michigan", id="u", job_id="job-5")
    task.progress = Progress(done=62, total=100, rate=48e6, left_s=250)
    library.all_tasks = [task]
    context.bridge.announce(Changes.of(Noun.TASK, "u"))
    qtbot.waitUntil(lambda: "u" in jobs.detail.tasks.rows)
    assert jobs.detail.tasks.rows["u"].words.text() == "62 % · 48.0 MB/s · 4 min left"
    assert jobs.detail.stages.stages[1].progress == 0.62


def test_the_countdown_ticks(jobs: JobsView, context: Context, qtbot: QtBot) -> None:
    choose(jobs, "job-3", qtbot)
    assert "deleted at the service in 6 days 20 h" in jobs.detail.line.text()
    assert jobs.detail.fetch.isVisible()
    cast(FixedClock, context.clock).advance(timedelta(days=6, hours=2).total_seconds())
    jobs.tick()
    assert "deleted at the service in 18:00:00" in jobs.detail.line.text()
    for _ in range(20):
        jobs.tick()


def test_fetching_in_three_ways(
    jobs: JobsView, operations: FakeOperations, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(jobs, "job-3", qtbot)
    jobs.detail.fetch.click()
    qtbot.waitUntil(
        lambda: (
            bool(operations.calls) and operations.calls[-1][:2] == ("fetch_results", ("job-3", None, None))
        )
    )
    jobs.context.commands.run("job.fetch_password", ("job-3",))
    qtbot.waitUntil(lambda: jobs.findChild(FetchPasswordDialog) is not None)
    dialog = jobs.findChild(FetchPasswordDialog)
    assert dialog is not None
    assert dialog.box.echoMode() == QLineEdit.EchoMode.Password
    assert not dialog.fetch_button.isEnabled()
    dialog.box.setText("s3cret")
    dialog.show_it.setChecked(True)
    assert dialog.box.echoMode() == QLineEdit.EchoMode.Normal
    dialog.fetch_button.click()
    qtbot.waitUntil(lambda: len(operations.calls) == 2)
    assert operations.calls[-1][1][2].get_secret_value() == "s3cret"
    jobs.context.commands.run("job.fetch_to", ("job-3",))
    qtbot.waitUntil(lambda: jobs.findChild(QFileDialog) is not None)
    chooser = jobs.findChild(QFileDialog)
    assert chooser is not None
    chooser.fileSelected.emit(str(tmp_path))
    chooser.reject()
    press(jobs.findChildren(QMessageBox)[-1], "Fetch again")  # a file of it is here already
    qtbot.waitUntil(lambda: len(operations.calls) == 3)
    assert operations.calls[-1][1] == ("job-3", tmp_path / "cohort-A-3.x", None)


def test_a_wrong_password_offers_another(
    jobs: JobsView, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    broken = samples.result(1, ResultState.INCOMPLETE)
    text = "The password does not open the archive. chr_20.zip."
    library.all_results = [broken.model_copy(update={"problem": text, "verified": None})]
    choose(jobs, "job-3", qtbot)
    qtbot.waitUntil(lambda: jobs.detail.problem.isVisible())
    assert jobs.detail.problem.happened.text() == text
    jobs.detail.problem.action.click()
    qtbot.waitUntil(lambda: jobs.findChild(FetchPasswordDialog) is not None)
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    jobs.detail.result_button.click()
    qtbot.waitUntil(lambda: went == [("results", "result-1")])


def test_a_bad_token_is_mended_here(jobs: JobsView, library: FakeLibrary, qtbot: QtBot) -> None:
    wrong = Problem(kind=Kind.SIGN_IN, title="The token is not accepted", what_happened="401")
    library.all_jobs.append(
        samples.job(7, JobState.WAITING, problem=wrong, remote_id=None, phase=SendPhase.CHECKED)
    )
    jobs.refresh()
    choose(jobs, "job-7", qtbot)
    assert jobs.detail.problem.action.text() == "Set token…"
    assert jobs.detail.again.text() == "Try now"
    jobs.detail.problem.action.click()
    qtbot.waitUntil(lambda: jobs.findChild(SetTokenDialog) is not None)


def test_forgetting_looking_and_copying(jobs: JobsView, operations: FakeOperations, qtbot: QtBot) -> None:
    commands = jobs.context.commands
    assert not commands.run("job.forget", ("job-1",))  # it runs
    commands.run("job.copy_id", ("job-1", "job-5"))
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "job-20261125-000001\njob-5")
    commands.run("job.look", ("job-1", "job-2"))
    qtbot.waitUntil(lambda: operations.calls == [("visit_jobs", ("michigan",), {})])
    choose(jobs, "job-2", qtbot)
    commands.run("job.forget", ("job-2",))
    press(jobs.findChildren(QMessageBox)[-1], "Forget 1 job")
    qtbot.waitUntil(lambda: operations.names()[-1:] == ["forget_job"])
    menu = jobs.detail.more_menu()
    usable = [a.text() for a in menu.actions() if a.isEnabled() and a.text()]
    assert "Forget…" in usable
    assert "Cancel…" not in usable
    menu.deleteLater()


def test_an_empty_list_begins_a_job(context: Context, qtbot: QtBot) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda view, item: went.append((view, item))
    view = open_view(context, qtbot)
    qtbot.waitUntil(
        lambda: any(b.text() == "New job" and b.isVisible() for b in view.findChildren(QPushButton))
    )
    next(b for b in view.findChildren(QPushButton) if b.text() == "New job" and b.isVisible()).click()
    assert went == [("new_job", None)]


def test_jobs_open_fast(context: Context, qtbot: QtBot) -> None:
    JobsView(context).deleteLater()
    started = time.thread_time()
    open_view(context, qtbot)
    assert time.thread_time() - started < 0.5


# Words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(9, "0:00:09"), (64_782, "17:59:42"), (86_400, "1 day 0 h"), (590_400, "6 days 20 h"), (-5, "0:00:00")],
)
def test_countdowns(seconds: float, text: str) -> None:
    assert words.countdown(seconds) == text


def test_what_was_sent_names_options_and_consents(theme: object) -> None:
    consent = Consent(
        job_id="job-1",
        service_id="michigan",
        parameter_id="terms",
        text="I will not re-identify.",
        text_sha256="0",
        person="jdoe",
        at=samples.ago(hours=2),
    )
    job = samples.job(
        1,
        options={"population": "eur", "aes": True},
        files=samples.dataset(1).files,
        override_reason="Agreed with the service.",
    )
    pairs = dict(words.sent_pairs(job, "Michigan", (consent,), NOW))
    assert pairs["Files"] == "3 files, 85.2 MB: chr20.vcf.gz, chr21.vcf.gz, chr22.vcf.gz"
    assert (pairs["population"], pairs["aes"]) == ("eur", "on")
    assert pairs["Terms accepted"].startswith("jdoe, 2 h ago (")
    assert pairs["Terms accepted"].endswith("I will not re-identify.")
    assert pairs["Sent in spite of findings"] == "Agreed with the service."


def test_files_say_how_often_they_may_be_fetched() -> None:
    assert [words.downloads_words(n) for n in (None, -1, 0, 9)] == ["–", "no limit", "0", "9"]
    failed = JobFile(name="a.zip", size_text="41 MB", state=FileState.FAILED, problem="Cut.", bytes=None)
    assert words.file_row(failed) == ("a.zip", FileState.FAILED, "41 MB", None, "Cut.")
    assert words.expiry_words(samples.job(1), None, NOW) == ""
    late = samples.job(1, JobState.SUCCESS, expires=NOW - timedelta(1))
    assert words.expiry_words(late, None, NOW) == "deleted at the service by now"


def test_a_waiting_job_counts_down_to_its_next_try(theme: object) -> None:
    job = samples.job(1, JobState.WAITING, next_visit=samples.soon(seconds=75))
    assert words.heading_words(job, "Michigan", None, NOW).endswith("· next try in 0:01:15")


def test_the_first_in_a_queue_is_next(theme: object) -> None:
    for place, told in ((0, "next in the queue"), (7, "position 7 in the queue")):
        job = samples.job(4, JobState.QUEUED, queue_position=place)
        assert told in words.heading_words(job, "Michigan", None, NOW)


def test_options_are_said_in_the_words_of_the_service() -> None:
    form = Form(
        app_id="a",
        app_name="A",
        parameters=(
            Parameter(
                id="mode",
                label="Mode",
                type=ParameterType.CHOICE,
                choices=(Choice(key="imputation", label="Quality control and imputation"),),
            ),
            Parameter(
                id="population",
                label="Population:",
                type=ParameterType.BOUND_CHOICE,
                bound_choices={"p": (Choice(key="eur", label="European"),)},
            ),
        ),
    )
    options = {"refpanel": "p", "mode": "imputation", "population": "eur", "new": "x", "terms": "accepted"}
    job = samples.job(1, panel_id="p", options=options)
    assert words.option_pairs(job, form, {"terms"}) == [
        ("Mode", "Quality control and imputation"),
        ("Population", "European"),
        ("new", "x"),
    ]
    assert ("mode", "imputation") in words.option_pairs(job, None, ())


def test_a_service_that_cannot_stop_jobs(jobs: JobsView, library: FakeLibrary, qtbot: QtBot) -> None:
    """The button stays, and says why; what is not at the service yet can be cancelled here."""
    reason = "This service cannot stop a run."
    library.reasons = {each.id: {"cancel": reason} for each in library.all_services}
    choose(jobs, "job-4", qtbot)
    qtbot.waitUntil(lambda: not jobs.detail.cancel.isEnabled())
    assert jobs.detail.cancel.toolTip() == reason
    qtbot.waitUntil(lambda: f"Cannot be stopped\n{reason}" in said(jobs.detail.now))
    choose(jobs, "job-5", qtbot)
    qtbot.waitUntil(lambda: jobs.detail.cancel.isEnabled())
    assert jobs.detail.cancel.toolTip() == ""
    qtbot.waitUntil(lambda: reason not in said(jobs.detail.now))
