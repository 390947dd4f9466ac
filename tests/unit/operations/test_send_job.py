"""A job is sent exactly once, whatever breaks on the way."""

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.finding import CheckReport, Finding, Severity
from app.domain.job import LOCAL_STATES, JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.domain.service import Limits
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job, restart_job
from app.operations.send_job import cancelled_here, send_job
from app.operations.submit_job import create_job, submit_job
from app.services.contract import RemoteJob
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


def send_until_settled(desk: Desk, job_id: str, steps: int = 50) -> list[str]:
    """Call `send_job` as the scheduler does, when its turn comes; the states on the way."""
    states = []
    for _ in range(steps):
        job = asyncio.run(desk.job(job_id))
        states.append(f"{job.state} {job.phase}")
        if job.state not in LOCAL_STATES:
            return states
        if job.next_visit is not None and job.next_visit > desk.clock.now():
            desk.clock.advance((job.next_visit - desk.clock.now()).total_seconds())  # type: ignore[attr-defined]
        asyncio.run(send_job(desk, job_id))
    return states


def test_a_job_that_shows_late_is_waited_for(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.answer_lost, fake.hidden_looks = fault(Kind.NO_NETWORK), 4
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    states = send_until_settled(desk, job_id)
    assert states[-1] == "submitted answered"
    assert "waiting sealed" in states
    assert len(fake.remote) == 1


def test_searching_lasts_as_long_as_a_slow_proxy(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    """A server that is asked every 30 s has a quarter of an hour to show the job, longer for large files."""
    asyncio.run(desk.update_service(ready.service_id, limits=Limits(min_poll_s=30.0)))
    fake.after_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(send_job(desk, job_id))
    sealed = asyncio.run(desk.job(job_id)).sealed
    assert sealed is not None
    while (job := asyncio.run(desk.job(job_id))).phase is SendPhase.SEALED:
        assert job.next_visit is not None
        desk.clock.advance((job.next_visit - desk.clock.now()).total_seconds())  # type: ignore[attr-defined]
        asyncio.run(send_job(desk, job_id))
    assert (desk.clock.now() - sealed).total_seconds() >= 15 * 60


def test_one_look_after_a_long_sleep_proves_nothing(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.after_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(send_job(desk, job_id))
    desk.clock.advance(8 * 3600)  # type: ignore[attr-defined]
    asyncio.run(send_job(desk, job_id))
    assert asyncio.run(desk.job(job_id)).phase is SendPhase.SEALED


def test_a_job_that_was_never_made_waits_and_is_sent_anew(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.after_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(send_job(desk, job_id))
    fake.after_seal = None
    states = send_until_settled(desk, job_id)
    assert "waiting checked" in states
    assert states[-1] == "submitted answered"
    assert len(fake.remote) == 1


def test_a_job_that_shows_after_we_gave_up_is_not_sent_twice(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    """The list is searched once more directly before a body that was once whole is sent again."""
    fake.answer_lost, fake.hidden_looks = fault(Kind.NO_NETWORK), 1000
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    while True:
        asyncio.run(send_job(desk, job_id))
        job = asyncio.run(desk.job(job_id))
        assert job.next_visit is not None
        desk.clock.advance((job.next_visit - desk.clock.now()).total_seconds())  # type: ignore[attr-defined]
        if job.phase is SendPhase.CHECKED:
            break
    fake.answer_lost, fake.hidden_looks = None, 0
    asyncio.run(send_job(desk, job_id))
    assert asyncio.run(desk.job(job_id)).remote_id == "job-1"
    assert len(fake.remote) == 1


def test_nothing_is_sent_again_while_the_list_cannot_be_read(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.answer_lost = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    fake.list_fault = fault(Kind.BUSY)
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
    assert fake.remote == {}


def test_a_full_quota_is_seen_before_the_body_is_sent_again(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.before_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(send_job(desk, job_id))
    fake.remote["other"] = RemoteJob(remote_id="other", name="x", state=JobState.RUNNING, raw_state=2)
    limits = Limits(min_poll_s=0.02, max_running_jobs=1)
    asyncio.run(desk.update_service(ready.service_id, limits=limits))
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(send_job(desk, job_id))
    job = asyncio.run(desk.job(job_id))
    assert job.state is JobState.WAITING
    assert job.problem is not None
    assert job.problem.title == "Too many jobs at once"
    assert fake.calls.count("submit") == 1


def test_a_refused_token_does_not_repeat_the_upload(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.before_seal = fault(Kind.SIGN_IN)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    fake.token_valid = False
    with pytest.raises(ProblemError):
        asyncio.run(send_job(desk, job_id))
    job, service = asyncio.run(desk.job(job_id)), asyncio.run(desk.service(ready.service_id))
    assert service.token.valid is False
    assert job.state is JobState.WAITING
    assert job.next_visit is not None
    assert job.next_visit > desk.clock.now()


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


def test_a_cancel_by_another_process_stops_the_last_bytes(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    """The other process only writes to the store; the sender must read it before it seals."""

    async def play() -> None:
        job_id = (await create_job(desk, ready)).ids(Noun.JOB)[0]
        fake.hangs_before_seal = True
        sending = asyncio.create_task(send_job(desk, job_id))
        await fake.sending.wait()
        assert await cancelled_here(desk, job_id, "Cancelled by the command line.")
        fake.hang.set()
        await sending

    asyncio.run(play())
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert fake.remote == {}


def test_cancelling_a_job_that_may_exist_waits_until_that_is_certain(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    fake.answer_lost = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    fake.list_fault = fault(Kind.BUSY)
    asyncio.run(send_job(desk, job_id))
    asyncio.run(cancel_job(desk, job_id))
    job = asyncio.run(desk.job(job_id))
    assert (job.state, job.phase, job.cancel_wanted) == (JobState.WAITING, SendPhase.SEALED, True)
    fake.list_fault = None
    asyncio.run(send_job(desk, job_id))
    assert asyncio.run(desk.job(job_id)).state is JobState.CANCELLED
    assert fake.remote["job-1"].state is JobState.CANCELLED


def test_cancelling_a_job_that_never_was_ends_it(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.after_seal = fault(Kind.NO_NETWORK)
    job_id = asyncio.run(create_job(desk, ready)).ids(Noun.JOB)[0]
    asyncio.run(send_job(desk, job_id))
    asyncio.run(cancel_job(desk, job_id))
    states = send_until_settled(desk, job_id)
    assert asyncio.run(desk.job(job_id)).state is JobState.CANCELLED, states
    assert fake.calls.count("submit") == 1


def test_an_open_job_is_cancelled_at_the_server(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    asyncio.run(cancel_job(desk, job.id))
    assert asyncio.run(only_job(desk)).state is JobState.CANCELLED
    assert fake.remote["job-1"].state is JobState.CANCELLED


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


def test_sending_again_twice_makes_one_job(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    fake.after_seal = fault(Kind.REFUSED)
    with pytest.raises(ProblemError):
        asyncio.run(submit_job(desk, ready))
    fake.after_seal = None
    old = asyncio.run(only_job(desk))

    async def both() -> list[object]:
        return await asyncio.gather(
            restart_job(desk, old.id), restart_job(desk, old.id), return_exceptions=True
        )

    answers = asyncio.run(both())
    assert sum(isinstance(a, ProblemError) for a in answers) == 1
    assert len(fake.remote) == 1


def test_terms_in_other_words_are_not_accepted(desk: Desk, ready: JobDraft) -> None:
    changed = ready.model_copy(update={"terms": {"check1": "I agree to anything."}})
    with pytest.raises(ProblemError, match="The terms have changed"):
        asyncio.run(create_job(desk, changed))


def test_the_strong_encryption_is_asked_for_unless_refused(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready.model_copy(update={"options": {"population": "eur"}})))
    refused = {"population": "eur", "aesEncryption": "false"}
    asyncio.run(submit_job(desk, ready.model_copy(update={"options": refused})))
    assert fake.submissions[0].options["aesEncryption"] is True
    assert "aesEncryption" not in fake.submissions[1].options


@pytest.mark.parametrize(
    "word", ["short1", "-abcdefghijkl", "123456789012", "pass word 1234", "pässword12345"]
)
def test_a_password_that_a_server_would_change_is_refused(desk: Desk, ready: JobDraft, word: str) -> None:
    with pytest.raises(ProblemError, match="would not survive"):
        asyncio.run(create_job(desk, ready, SecretStr(word)))


def test_a_given_password_is_kept_before_the_job_is_seen(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready, SecretStr("my.own-password_1")))
    job = asyncio.run(only_job(desk))
    kept = desk.secrets.get(f"password:{job.id}")
    assert kept == fake.submissions[0].password == SecretStr("my.own-password_1")
