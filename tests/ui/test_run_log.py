"""The log of a run on the page of a job."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.domain.job import Job, JobState
from app.domain.problem import Kind, Problem
from app.services.abilities import RunLog
from app.ui.context import Context
from app.ui.views.jobs.run_log import RunLogCard
from tests.ui.fakes import FakeOperations
from tests.ui.samples import NOW


def job(job_id: str = "job-1", remote_id: str | None = "run-1") -> Job:
    return Job(
        id=job_id,
        name="Study",
        remote_name="study.x1",
        remote_id=remote_id,
        service_id="node",
        app_id="minimac4@1",
        panel_id="own",
        state=JobState.RUNNING,
        created=NOW,
    )


def test_the_log_is_read_when_asked_for(context: Context, operations: FakeOperations, qtbot: QtBot) -> None:
    card = RunLogCard(context)
    qtbot.addWidget(card)
    card.show_job(job(), True)
    assert not card.isHidden()
    assert operations.names() == []
    operations.answers["run_logs"] = (
        RunLog(name="stderr", text="no such panel", cut=True),
        RunLog(name="stdout", text="{}"),
    )
    card.button.click()
    qtbot.waitUntil(lambda: card.tabs.count() == 2)
    assert card.tabs.tabText(0) == "Errors and messages (its end)"
    operations.answers["run_logs"] = Problem(
        kind=Kind.NO_NETWORK, title="The service cannot be reached", what_happened="nothing listens"
    )
    card.button.click()
    qtbot.waitUntil(lambda: "cannot be reached" in card.note.text())
    card.show_job(job("job-2"), True)
    assert card.tabs.count() == 0


def test_it_is_not_offered_where_there_is_none(context: Context, qtbot: QtBot) -> None:
    card = RunLogCard(context)
    qtbot.addWidget(card)
    for which, keeps in ((job(), False), (job(remote_id=None), True)):
        card.show_job(which, keeps)
        assert card.isHidden()


def test_the_words_have_the_width_of_the_card(context: Context, qtbot: QtBot) -> None:
    """Beside the button they became a column of a few letters in a window of 800 pixels."""
    card = RunLogCard(context)
    qtbot.addWidget(card)
    card.show_job(job(), True)
    card.resize(280, 200)
    card.show()
    assert card.note.width() > 0.8 * card.width()
    assert card.note.geometry().bottom() < card.button.geometry().top()
