"""One list request serves all jobs, and what the server says is taken in whole."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.job import Job, JobFile, JobState, JobStep, MessageKind, StepMessage, StepState
from app.domain.notice import NoticeKind
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations import visit_jobs as visiting
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import take_in, visit_jobs
from app.services.contract import Connection, RemoteJob
from app.store import jobs, notices
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import NOW, FakeFamily, fault


def kinds(desk: Desk) -> list[NoticeKind]:
    return [n.kind for n in desk.store.read_now(lambda c: notices.recent(c, 50))]


def visit_again(desk: Desk, ready: JobDraft) -> None:
    """A visit at which the list is asked for anew."""
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(visit_jobs(desk, ready.service_id))


def test_three_jobs_take_one_request(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    for number in range(3):
        asyncio.run(submit_job(desk, ready.model_copy(update={"name": f"Job {number}"})))
    fake.calls.clear()
    visit_again(desk, ready)
    assert fake.calls == ["jobs"]


def test_an_ended_job_is_asked_for_once(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.content = {"chr_20.zip": b"x"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    fake.calls.clear()
    for _ in range(3):
        visit_again(desk, ready)
    assert fake.calls == ["jobs", "job job-1", "jobs", "jobs"]
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.SUCCESS
    assert job.remote_files == (JobFile(name="chr_20.zip", size_text="1 bytes", downloads_left=10),)
    assert kinds(desk).count(NoticeKind.JOB_DONE) == 1


def test_where_a_job_was_at_is_forgotten_when_it_ended_well(desk: Desk, ready: JobDraft) -> None:
    """Servers that tell nothing more than the end: the table would say that the workflow runs."""
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk)).model_copy(update={"step": "The workflow runs"})
    service = asyncio.run(desk.service(job.service_id))
    steps = {
        state: visiting.merged(
            job, RemoteJob(remote_id="job-1", name=job.remote_name, state=state), service
        ).step
        for state in (JobState.RUNNING, JobState.SUCCESS, JobState.CANCELLED, JobState.FAILED)
    }
    assert [state for state, step in steps.items() if step] == [JobState.RUNNING, JobState.FAILED]


def test_a_job_that_is_done_does_not_go_back_to_work(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    """Whatever a server says of it later: its result would be fetched, and told of, a second time."""
    asyncio.run(submit_job(desk, ready))
    fake.content = {"chr_20.zip": b"x"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    visit_again(desk, ready)
    for state, raw in ((JobState.RUNNING, 2), (JobState.QUEUED, 1), (JobState.UNKNOWN, 42)):
        fake.set_state("job-1", state, raw)
        visit_again(desk, ready)
        job = asyncio.run(only_job(desk))
        assert (job.state, job.raw_state) == (JobState.SUCCESS, 4)
        assert [each.name for each in job.remote_files] == ["chr_20.zip"]
    assert kinds(desk).count(NoticeKind.JOB_DONE) == 1
    fake.set_state("job-1", JobState.EXPIRED, 7)
    visit_again(desk, ready)
    assert asyncio.run(only_job(desk)).state is JobState.EXPIRED


@pytest.mark.parametrize(("state", "raw"), [(JobState.UNKNOWN, 42), (JobState.UNKNOWN, -1)])
def test_an_unknown_state_is_shown_as_unknown(
    desk: Desk, fake: FakeFamily, ready: JobDraft, state: JobState, raw: int
) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.set_state("job-1", state, raw)
    asyncio.run(visit_jobs(desk, ready.service_id))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.raw_state) == (JobState.UNKNOWN, raw)


def test_a_failure_without_steps_says_so(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.set_state("job-1", JobState.FAILED, 5)
    asyncio.run(visit_jobs(desk, ready.service_id))
    job = asyncio.run(only_job(desk))
    assert job.problem is not None
    assert "before its first step" in job.problem.what_happened
    assert kinds(desk) == [NoticeKind.JOB_FAILED]


def test_a_failure_gives_the_words_of_the_server(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    message = StepMessage(kind=MessageKind.ERROR, text="No chunks passed the QC step.")
    step = JobStep(name="Quality Control", state=StepState.FAILED, messages=(message,))
    fake.remote["job-1"] = fake.remote["job-1"].model_copy(update={"steps": (step,)})
    fake.set_state("job-1", JobState.FAILED, 5)
    asyncio.run(visit_jobs(desk, ready.service_id))
    job = asyncio.run(only_job(desk))
    assert job.problem is not None
    assert job.problem.what_happened == "No chunks passed the QC step."


def test_a_failed_look_changes_nothing_but_the_pause(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.list_fault = fault(Kind.BUSY)
    with pytest.raises(ProblemError):
        visit_again(desk, ready)
    job = asyncio.run(only_job(desk))
    assert (job.state, job.failed_visits) == (JobState.SUBMITTED, 1)


def test_deletion_is_announced_three_times(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.content = {"chr_20.zip": b"x"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 8)
    expires = NOW + timedelta(hours=100)
    fake.remote["job-1"] = fake.remote["job-1"].model_copy(update={"expires": expires})
    for _ in range(24):
        asyncio.run(visit_jobs(desk, ready.service_id))
        desk.clock.advance(5 * 3600)  # type: ignore[attr-defined]
    assert kinds(desk).count(NoticeKind.DELETION_NEAR) == 3


def test_a_job_that_vanished_is_deleted_only_after_two_looks(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(submit_job(desk, ready))
    there = dict(fake.remote)
    fake.remote.clear()
    asyncio.run(visit_jobs(desk, ready.service_id))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.missing_looks) == (JobState.SUBMITTED, 1)
    fake.remote.update(there)
    visit_again(desk, ready)
    assert asyncio.run(only_job(desk)).missing_looks == 0
    fake.remote.clear()
    visit_again(desk, ready)
    assert asyncio.run(only_job(desk)).state is JobState.QUEUED
    visit_again(desk, ready)
    assert asyncio.run(only_job(desk)).state is JobState.DELETED


def test_an_answer_from_before_a_cancel_does_not_bring_the_job_back(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.set_state("job-1", JobState.RUNNING, 2)
    visit_again(desk, ready)
    job_id = asyncio.run(only_job(desk)).id
    listed = fake.jobs

    async def late(connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        answer = await listed(connection, fresh=fresh)
        await cancel_job(desk, job_id)
        return answer

    monkeypatch.setattr(fake, "jobs", late)
    visit_again(desk, ready)
    assert asyncio.run(desk.job(job_id)).state is JobState.CANCELLED


def test_a_list_from_before_a_decision_counts_no_more(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    asyncio.run(submit_job(desk, ready))
    job = asyncio.run(only_job(desk))
    asked = desk.clock.now()
    desk.clock.advance(5)  # type: ignore[attr-defined]
    decided = asyncio.run(desk.update_job(job.id, decided=desk.clock.now()))
    service = asyncio.run(desk.service(ready.service_id))
    running = fake.remote["job-1"].model_copy(update={"state": JobState.RUNNING})
    asyncio.run(take_in(desk, service, decided, running, asked))
    assert asyncio.run(desk.job(job.id)).state is JobState.SUBMITTED
    asyncio.run(take_in(desk, service, decided, running, desk.clock.now()))
    assert asyncio.run(desk.job(job.id)).state is JobState.RUNNING


def test_the_notice_of_an_end_is_written_with_it(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(submit_job(desk, ready))
    fake.set_state("job-1", JobState.FAILED, 5)
    add = notices.add_notice

    def killed(*_: object) -> bool:
        raise SystemError("killed")

    monkeypatch.setattr(notices, "add_notice", killed)
    with pytest.raises(SystemError):
        asyncio.run(visit_jobs(desk, ready.service_id))
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED
    monkeypatch.setattr(notices, "add_notice", add)
    asyncio.run(visit_jobs(desk, ready.service_id))
    assert asyncio.run(only_job(desk)).state is JobState.FAILED
    assert kinds(desk) == [NoticeKind.JOB_FAILED]


def test_a_job_that_cannot_be_taken_in_does_not_hide_the_others(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        asyncio.run(submit_job(desk, ready.model_copy(update={"name": f"Job {number}"})))
    real = visiting.merged

    def breaks(job: Job, remote: RemoteJob, service: Service) -> Job:
        if remote.remote_id == "job-2":
            raise ValueError("a bug")
        return real(job, remote, service)

    monkeypatch.setattr(visiting, "merged", breaks)
    for remote_id in fake.remote:
        fake.set_state(remote_id, JobState.RUNNING, 2)
    with pytest.raises(ValueError, match="a bug"):
        visit_again(desk, ready)
    found = desk.store.read_now(jobs.jobs)
    assert {job.remote_id: job.state for job in found} == {
        "job-1": JobState.RUNNING,
        "job-2": JobState.SUBMITTED,
    }


def failed(*errors: str) -> RemoteJob:
    """A job that failed in its quality control, with these errors there and the server's last words."""

    def step(name: str, state: StepState, texts: tuple[str, ...]) -> JobStep:
        messages = tuple(StepMessage(kind=MessageKind.ERROR, text=text) for text in texts)
        return JobStep(name=name, state=state, messages=messages)

    last = step("Summary", StepState.FAILED, ("Pipeline execution failed.",))
    steps = (step("Quality Control", StepState.FAILED, errors), last)
    return RemoteJob(remote_id="job-1", name="a", state=JobState.FAILED, steps=steps)


def test_the_last_words_of_every_failed_job_are_no_reason() -> None:
    silent = visiting.failure(failed())
    assert silent.what_happened == "The server gives no reason (step Quality Control)."
    assert "as the message says" not in silent.what_you_can_do
    told = visiting.failure(failed("Error: More than 100 obvious strand flips."))
    assert told.what_happened == "Error: More than 100 obvious strand flips."
    assert told.details == ""
    here = visiting.failure(failed(), here=True)
    assert here.title == "The job failed on this computer"
    assert "server" not in here.sentence() + here.what_you_can_do
