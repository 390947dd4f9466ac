"""The stages of a job in every state, and what mends what; no window, no Qt."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.domain.job import (
    FileState,
    Job,
    JobFile,
    JobState,
    JobStep,
    MessageKind,
    SendPhase,
    StepMessage,
    StepState,
)
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.result import Result, ResultState
from app.operations.tasks import Task, TaskKind
from app.ui.views.jobs.remedies import (
    Remedy,
    Source,
    can_cancel,
    can_fetch,
    can_forget,
    can_send_again,
    costs_downloads,
    tries_now,
    trouble_of,
)
from app.ui.views.jobs.stages import (
    JobStage,
    Note,
    StageName,
    StageState,
    stage_of_step,
    stages_of,
    steps_by_stage,
)
from tests.ui import samples

W, R, D, A, F, E = (
    StageState.WAITING,
    StageState.RUNNING,
    StageState.DONE,
    StageState.WARNING,
    StageState.FAILED,
    StageState.ENDED,
)
LOCAL = {JobState.PREPARING, JobState.WAITING, JobState.UPLOADING}


def step(name: str, state: StepState = StepState.DONE, progress: float | None = None) -> JobStep:
    return JobStep(name=name, state=state, progress=progress)


def job(state: JobState, **more: object) -> Job:
    at_service = state not in LOCAL
    fields: dict[str, object] = {
        "phase": SendPhase.ANSWERED if at_service else SendPhase.CHECKED,
        "remote_id": "job-1" if at_service else None,
        "steps": (),
        "progress": None,
        "started": None,
    }
    return samples.job(1, state, **(fields | more))


def shown(
    state: JobState, result: Result | None = None, tasks: tuple[Task, ...] = (), **more: object
) -> tuple[JobStage, ...]:
    return stages_of(job(state, **more), result, tasks)


def states(stages: tuple[JobStage, ...]) -> list[StageState]:
    return [s.state for s in stages]


def task(kind: TaskKind, done: int = 0, total: int = 100, job_id: str = "job-1") -> Task:
    return Task(kind, "x", job_id=job_id, progress=Progress(done=done, total=total))


# On the way.


def test_a_draft_is_being_prepared() -> None:
    assert states(shown(JobState.PREPARING, phase=SendPhase.DRAFT)) == [R, W, W, W, W, W, W, W]


def test_a_checked_job_starts_soon() -> None:
    stages = shown(JobState.PREPARING)
    assert states(stages) == [D, W, W, W, W, W, W, W]
    assert stages[1].note is Note.STARTS_SOON


def test_an_upload_has_the_progress_of_its_task_and_of_no_other() -> None:
    tasks = (task(TaskKind.UPLOAD, 62), task(TaskKind.UPLOAD, 5, job_id="job-9"))
    stages = shown(JobState.UPLOADING, None, tasks, phase=SendPhase.SENDING)
    assert states(stages)[:3] == [D, R, W]
    assert stages[1].progress == 0.62
    assert shown(JobState.UPLOADING, phase=SendPhase.SENDING)[1].progress is None


def test_a_sealed_job_awaits_its_answer() -> None:
    stage = shown(JobState.UPLOADING, phase=SendPhase.SEALED)[1]
    assert (stage.state, stage.progress, stage.note) == (R, 1.0, Note.AWAITS_ANSWER)


def test_a_waiting_job_waits_before_the_upload() -> None:
    stage = shown(JobState.WAITING)[1]
    assert (stage.state, stage.note) == (A, Note.WAITS)


@pytest.mark.parametrize(
    ("state", "phase", "first"),
    [
        (JobState.FAILED, SendPhase.CHECKED, [D, F, W]),
        (JobState.CANCELLED, SendPhase.CHECKED, [D, E, W]),
        (JobState.FAILED, SendPhase.DRAFT, [F, W, W]),
        (JobState.CANCELLED, SendPhase.DRAFT, [E, W, W]),
    ],
)
def test_a_job_can_end_before_it_is_there(state: JobState, phase: SendPhase, first: list[StageState]) -> None:
    assert states(shown(state, phase=phase, remote_id=None))[:3] == first


# At the service.


def test_sent_and_queued_stand_in_the_queue() -> None:
    assert states(shown(JobState.SUBMITTED)) == [D, D, R, W, W, W, W, W]
    stage = shown(JobState.QUEUED, queue_position=7)[2]
    assert (stage.state, stage.note, stage.number) == (R, Note.POSITION, 7)
    assert shown(JobState.SUBMITTED, raw_state=-1)[2].note is Note.LOST


def test_a_running_job_without_steps_is_checked() -> None:
    assert states(shown(JobState.RUNNING)) == [D, D, D, R, W, W, W, W]


def test_a_running_job_stands_at_its_running_step() -> None:
    steps = (
        step("Input Validation"),
        step("Quality Control", StepState.WARNING),
        step("Phasing and Imputation", StepState.RUNNING, 0.42),
    )
    stages = shown(JobState.RUNNING, steps=steps)
    assert states(stages) == [D, D, D, A, R, W, W, W]
    assert stages[4].progress == 0.42


def test_between_two_steps_the_next_one_runs() -> None:
    stages = shown(JobState.RUNNING, steps=(step("Input Validation"), step("Quality Control")), progress=0.1)
    assert states(stages)[3:5] == [D, R]
    assert stages[4].progress == 0.1


def test_a_step_that_has_not_begun_does_not_count() -> None:
    steps = (step("Input Validation", StepState.RUNNING), step("Quality Control", StepState.WAITING))
    assert states(shown(JobState.RUNNING, steps=steps))[3:5] == [R, W]


def test_exporting() -> None:
    steps = (step("Quality Control"), step("Phasing and Imputation"))
    assert states(shown(JobState.EXPORTING, steps=steps)) == [D, D, D, D, D, R, W, W]


def test_success_waits_to_be_fetched() -> None:
    assert states(shown(JobState.SUCCESS, remote_files=())) == [D, D, D, D, D, D, W, W]


def test_times_come_from_the_messages() -> None:
    said = StepMessage(kind=MessageKind.OK, text="Fine.", at=samples.ago(minutes=70))
    steps = (JobStep(name="Quality Control", state=StepState.DONE, messages=(said,)),)
    stages = shown(JobState.SUCCESS, steps=steps)
    assert stages[3].at == samples.ago(minutes=70)
    assert stages[5].at == samples.ago(minutes=30)


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ((), StageName.QUEUED),
        ((step("Input Validation", StepState.FAILED),), StageName.CHECKED),
        ((step("Input Validation"), step("Quality Control", StepState.FAILED)), StageName.CHECKED),
        ((step("Quality Control"), step("Phasing and Imputation", StepState.FAILED)), StageName.IMPUTED),
        ((step("Imputation"), step("Data export", StepState.FAILED)), StageName.EXPORTED),
    ],
)
def test_a_job_fails_where_its_step_failed(steps: tuple[JobStep, ...], at: StageName) -> None:
    stages = shown(JobState.FAILED, steps=steps)
    assert stages[at].state is F
    assert stages[at].at == samples.ago(minutes=50)
    assert all(s.state in (D, A) for s in stages[:at])
    assert all(s.state is W for s in stages[at + 1 :])


def test_a_job_that_failed_after_its_start_without_steps_failed_in_the_checks() -> None:
    assert shown(JobState.FAILED, started=samples.ago(hours=1))[StageName.CHECKED].state is F


def test_a_cancelled_job_ends_where_it_was() -> None:
    steps = (step("Quality Control"), step("Imputation", StepState.RUNNING))
    stage = shown(JobState.CANCELLED, steps=steps)[StageName.IMPUTED]
    assert (stage.state, stage.note) == (E, Note.CANCELLED)


def test_an_unknown_state_is_a_warning_with_its_number() -> None:
    stage = shown(JobState.UNKNOWN, raw_state=42, steps=(step("Quality Control", StepState.RUNNING),))[3]
    assert (stage.state, stage.note, stage.number) == (A, Note.UNKNOWN, 42)


@pytest.mark.parametrize("state", [JobState.EXPIRED, JobState.DELETED])
def test_what_is_gone_cannot_be_fetched(state: JobState) -> None:
    stages = shown(state)
    assert states(stages) == [D, D, D, D, D, D, E, W]
    assert stages[6].note is Note.GONE
    assert states(shown(state, samples.result(1)))[6:] == [D, D]


# On this computer.

TWO = (
    JobFile(name="a.zip", state=FileState.VERIFIED, bytes=1),
    JobFile(name="b.zip", state=FileState.REMOTE),
    JobFile(name="log", group="server log"),
)


def test_fetching_and_verifying_go_side_by_side() -> None:
    result = samples.result(1, ResultState.FETCHING)
    stages = shown(JobState.SUCCESS, result, (task(TaskKind.DOWNLOAD, 50),), remote_files=TWO)
    assert (stages[6].state, stages[6].progress) == (R, 0.75)
    assert (stages[7].state, stages[7].progress) == (R, 0.5)
    last = (TWO[0], TWO[1].model_copy(update={"state": FileState.FETCHED, "bytes": 1}))
    stages = shown(JobState.SUCCESS, result, (task(TaskKind.DECRYPT, 50),), remote_files=last)
    assert stages[6].state is D
    assert stages[7].progress == 0.75


def test_the_first_file_on_its_way() -> None:
    result = samples.result(1, ResultState.FETCHING)
    stages = shown(JobState.SUCCESS, result, (), remote_files=TWO[1:])
    assert states(stages)[6:] == [R, W]


def test_a_verified_result_is_done() -> None:
    stages = shown(JobState.SUCCESS, samples.result(1))
    assert states(stages) == [D] * 8
    assert stages[7].at == samples.ago(minutes=14)


def test_a_wrong_password_fails_the_verification_and_a_cut_the_fetching() -> None:
    result = samples.result(1, ResultState.INCOMPLETE)
    here = (TWO[0], JobFile(name="b.zip", state=FileState.FAILED, bytes=1))
    assert states(shown(JobState.SUCCESS, result, remote_files=here))[6:] == [D, F]
    cut = (TWO[0], JobFile(name="b.zip", state=FileState.FAILED))
    assert states(shown(JobState.SUCCESS, result, remote_files=cut))[6:] == [F, W]
    assert states(shown(JobState.SUCCESS, result, remote_files=(*here, *cut)))[6:] == [A, F]


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("phase", list(SendPhase))
@pytest.mark.parametrize("remote_id", [None, "job-1"])
def test_every_state_has_eight_stages(state: JobState, phase: SendPhase, remote_id: str | None) -> None:
    stages = shown(state, phase=phase, remote_id=remote_id)
    assert [s.name for s in stages] == list(StageName)
    assert sum(s.state is R for s in stages) <= 1
    if state is not JobState.SUCCESS and remote_id is None:
        assert stages[7].state is W


def test_steps_are_known_by_their_names() -> None:
    assert stage_of_step("Input Validation") is StageName.CHECKED
    assert stage_of_step("Pre-phasing with Eagle") is StageName.IMPUTED
    assert stage_of_step("Compression and encryption") is StageName.EXPORTED
    assert stage_of_step("Frobnication") is None
    found = steps_by_stage((step("Frobnication"), step("Imputation"), step("Polygenic scores")))
    assert [len(of) for of in found.values()] == [1, 2]


def test_stages_and_remedies_need_no_qt() -> None:
    code = (
        "import sys; import app.ui.views.jobs.stages, app.ui.views.jobs.remedies;"
        "sys.exit('PySide6' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Trouble and remedies.


def wrong(kind: Kind, **more: object) -> Problem:
    return Problem.model_validate({"kind": kind, "title": "T", "what_happened": "W"} | more)


@pytest.mark.parametrize(
    ("state", "kind", "remedies"),
    [
        (JobState.FAILED, Kind.REFUSED, (Remedy.CHECK_FILES, Remedy.AGAIN)),
        (JobState.FAILED, Kind.INPUT, (Remedy.CHECK_FILES, Remedy.AGAIN)),
        (JobState.FAILED, Kind.BUSY, (Remedy.AGAIN,)),
        (JobState.FAILED, Kind.STORE, (Remedy.AGAIN,)),
        (JobState.WAITING, Kind.SIGN_IN, (Remedy.SET_TOKEN, Remedy.AGAIN)),
        (JobState.WAITING, Kind.NO_NETWORK, (Remedy.AGAIN,)),
        (JobState.RUNNING, Kind.NO_NETWORK, ()),
    ],
)
def test_the_problem_of_a_job_names_its_remedy(
    state: JobState, kind: Kind, remedies: tuple[Remedy, ...]
) -> None:
    trouble = trouble_of(job(state, problem=wrong(kind)), None)
    assert trouble is not None
    assert (trouble.source, trouble.remedies) == (Source.JOB, remedies)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The password does not open the archive.", Remedy.FETCH_PASSWORD),
        ("The disk is too small for the result.", Remedy.FETCH_TO),
        ("The token is not accepted.", Remedy.SET_TOKEN),
        ("This file was downloaded as often as the service allows.", Remedy.AGAIN),
        ("The download was cut.", Remedy.FETCH),
        ("", Remedy.FETCH),
    ],
)
def test_a_result_that_is_not_complete_names_its_remedy(text: str, first: Remedy) -> None:
    result = samples.result(1, ResultState.INCOMPLETE).model_copy(update={"problem": text})
    trouble = trouble_of(job(JobState.SUCCESS), result)
    assert trouble is not None
    assert (trouble.source, trouble.remedies[0]) == (Source.RESULT, first)
    gone = trouble_of(job(JobState.EXPIRED), result)
    assert gone is not None
    assert gone.remedies[0] is Remedy.AGAIN


def test_other_trouble_and_none() -> None:
    lost = trouble_of(job(JobState.SUBMITTED, raw_state=-1), None)
    gone = trouble_of(job(JobState.DELETED), None)
    assert lost is not None
    assert gone is not None
    assert (lost.source, gone.source) == (Source.LOST, Source.GONE)
    assert trouble_of(job(JobState.DELETED), samples.result(1)) is None
    assert trouble_of(job(JobState.RUNNING), None) is None


def test_what_can_be_done() -> None:
    able = {state: job(state) for state in JobState}
    assert {s for s, j in able.items() if can_cancel(j)} | {
        s for s, j in able.items() if can_forget(j)
    } == set(JobState)
    again = {JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.DELETED, JobState.WAITING}
    assert {s for s, j in able.items() if can_send_again(j)} == again
    assert {s for s, j in able.items() if can_fetch(j)} == {JobState.SUCCESS}
    assert can_fetch(job(JobState.FAILED, remote_files=(TWO[0],)))
    assert can_send_again(job(JobState.SUBMITTED, raw_state=-1))
    assert tries_now(able[JobState.WAITING])
    assert not tries_now(able[JobState.FAILED])
    assert costs_downloads(job(JobState.SUCCESS, remote_files=TWO))
    assert not costs_downloads(job(JobState.SUCCESS, remote_files=TWO[1:]))
