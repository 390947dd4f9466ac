"""A job is sent exactly once, whatever breaks on the way."""

import asyncio

import pytest

from app.domain.changes import Noun
from app.domain.finding import CheckReport, Finding, Severity
from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job, restart_job
from app.operations.send_job import send_job
from app.operations.submit_job import create_job, submit_job
from app.store import jobs
from tests.helpers.desk_fixtures import only_job, pass_check
from tests.helpers.fake_family import FakeFamily, fault


def test_a_good_draft_becomes_one_job_at_the_server(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    changes = asyncio.run(submit_job(desk, ready))
    job = asyncio.run(desk.job(changes.ids(Noun.JOB)[0]))
    assert (job.state, job.phase, job.remote_id) == (JobState.SUBMITTED, SendPhase.ANSWERED, "job-1")
    sent = fake.submissions[0]
    assert sent.options == {
        "refpanel": "apps@one",
        "population": "eur",
        "build": "hg19",
        "aesEncryption": True,
        "check1": "accepted",
    }
    assert sent.remote_name.startswith("My-cohort.")
    assert sent.password is not None
    assert len(sent.password.get_secret_value()) == 24
    assert desk.secrets.get(f"password:{job.id}") == sent.password


def test_the_password_is_nowhere_in_the_database(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    password = fake.submissions[0].password
    assert password is not None
    desk.store.close()
    for path in desk.home.glob("haplodesk.db*"):
        assert password.get_secret_value().encode() not in path.read_bytes()


def test_consents_are_kept_with_person_time_and_hash(desk: Desk, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    (consent,) = desk.store.read_now(lambda c: jobs.consents(c, job.id))
    assert consent.text == "I will not re-identify anybody."
    assert len(consent.text_sha256) == 64
    assert consent.person


@pytest.mark.parametrize("lost", [Kind.NO_NETWORK, Kind.BUSY, Kind.BUG])
def test_a_lost_answer_is_found_in_the_list(
    desk: Desk, fake: FakeFamily, ready: JobDraft, lost: Kind
) -> None:
    fake.answer_lost = fault(lost)
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.remote_id) == (JobState.SUBMITTED, "job-1")
    assert len(fake.remote) == 1


def test_a_job_that_shows_late_is_waited_for(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.answer_lost, fake.hidden_looks = fault(Kind.NO_NETWORK), 3
    asyncio.run(submit_job(desk, ready))
    assert asyncio.run(only_job(desk)).remote_id == "job-1"
    assert len(fake.remote) == 1


def test_a_job_that_was_never_made_waits_and_is_sent_anew(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.after_seal = fault(Kind.NO_NETWORK)
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.phase) == (JobState.WAITING, SendPhase.CHECKED)
    assert fake.remote == {}
    fake.after_seal = None
    asyncio.run(send_job(desk, job.id))
    assert len(fake.remote) == 1


def test_nothing_is_sent_again_while_the_list_cannot_be_read(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.answer_lost, fake.list_fault = fault(Kind.NO_NETWORK), fault(Kind.BUSY)
    desk_list = fake.list_fault
    fake.list_fault = None
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    fake.list_fault = desk_list
    for _ in range(3):
        asyncio.run(send_job(desk, job_id))
        job = asyncio.run(desk.job(job_id))
        assert (job.state, job.phase) == (JobState.WAITING, SendPhase.SEALED)
    assert fake.calls.count("submit") == 1
    fake.list_fault = None
    asyncio.run(send_job(desk, job_id))
    assert asyncio.run(desk.job(job_id)).remote_id == "job-1"
    assert fake.calls.count("submit") == 1


def test_a_break_before_the_seal_waits_with_growing_pauses(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.before_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    pauses = []
    for _ in range(3):
        asyncio.run(send_job(desk, job_id))
        job = asyncio.run(desk.job(job_id))
        assert job.next_visit is not None
        pauses.append((job.next_visit - desk.clock.now()).total_seconds())
    assert pauses == [30, 60, 120]
    assert fake.calls.count("jobs") == 1  # the look at the quota; no search, for no job can exist


def test_a_refusal_is_told_and_not_repeated(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.after_seal = fault(Kind.REFUSED, "Parameter 'x' not found")
    with pytest.raises(ProblemError):
        asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.FAILED
    assert job.problem is not None
    assert job.problem.title == "Parameter 'x' not found"


def test_two_senders_at_once_send_once(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    async def both() -> None:
        job_id = (await create_job(desk, ready)).ids(Noun.JOB)[0]
        fake.hangs_before_seal = True
        first = asyncio.create_task(send_job(desk, job_id))
        await fake.sending.wait()
        assert not await send_job(desk, job_id)
        fake.hang.set()
        await first

    asyncio.run(both())
    assert len(fake.remote) == 1


def test_cancel_during_the_upload_leaves_nothing_at_the_server(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    async def play() -> None:
        job_id = (await create_job(desk, ready)).ids(Noun.JOB)[0]
        fake.hangs_before_seal = True
        sending = asyncio.create_task(send_job(desk, job_id))
        await fake.sending.wait()
        await cancel_job(desk, job_id)
        with pytest.raises(asyncio.CancelledError):
            await sending

    asyncio.run(play())
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert fake.remote == {}


def test_closing_the_program_during_the_upload_leaves_the_job_to_the_next_start(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    async def play() -> str:
        job_id = (await create_job(desk, ready)).ids(Noun.JOB)[0]
        fake.hangs_before_seal = True
        sending = asyncio.create_task(send_job(desk, job_id))
        await fake.sending.wait()
        desk.closing = True
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return job_id

    job_id = asyncio.run(play())
    desk.closing, fake.hangs_before_seal = False, False
    asyncio.run(send_job(desk, job_id))
    assert len(fake.remote) == 1


def test_a_failed_job_is_sent_again_as_a_new_one(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.after_seal = fault(Kind.REFUSED)
    with pytest.raises(ProblemError):
        asyncio.run(submit_job(desk, ready))
    fake.after_seal = None
    old = asyncio.run(only_job(desk))
    changes = asyncio.run(restart_job(desk, old.id))
    new = next(i for i in changes.ids(Noun.JOB) if i != old.id)
    again = asyncio.run(desk.job(new))
    assert again.state is JobState.SUBMITTED
    assert again.remote_name != old.remote_name
    assert desk.store.read_now(lambda c: jobs.consents(c, new))


def test_severe_findings_stop_a_job_without_a_reason(desk: Desk, ready: JobDraft) -> None:
    severe = Finding(code="x", severity=Severity.SEVERE, title="Truncated")
    report = CheckReport(accepted=False, stage="index", findings=(severe,))
    asyncio.run(pass_check(desk, ready.dataset_id, report))
    with pytest.raises(ProblemError, match="refuse these files"):
        asyncio.run(create_job(desk, ready))
    reasoned = ready.model_copy(update={"override_reason": "The service agreed by mail."})
    job_id = asyncio.run(create_job(desk, reasoned)).ids(Noun.JOB)[0]
    lines = [e.text for e in desk.store.read_now(lambda c: jobs.events(c, job_id=job_id))]
    assert any("The service agreed by mail." in line for line in lines)
