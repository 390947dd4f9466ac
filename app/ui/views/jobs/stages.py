"""The stages of a job as facts, without words and without Qt: what the row of signs on its page shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from app.domain.job import (
    OPEN_STATES,
    FileState,
    Job,
    JobFile,
    JobState,
    JobStep,
    SendPhase,
    StepState,
)
from app.domain.result import Result, ResultState
from app.operations.tasks import Task, TaskKind, TaskState


class StageName(IntEnum):
    """The stages, in order."""

    PREPARED = 0
    UPLOADED = 1
    QUEUED = 2
    CHECKED = 3
    IMPUTED = 4
    EXPORTED = 5
    FETCHED = 6
    VERIFIED = 7


class StageState(StrEnum):
    """How a stage stands. `ended` is where a job was stopped by its owner, or what is gone at the service."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    WARNING = "warning"
    FAILED = "failed"
    ENDED = "ended"


class Note(StrEnum):
    """A word below a stage."""

    NONE = ""
    STARTS_SOON = "starts_soon"
    WAITS = "waits"
    AWAITS_ANSWER = "awaits_answer"
    POSITION = "position"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    GONE = "gone"
    LOST = "lost"


@dataclass(frozen=True)
class JobStage:
    """One stage; `progress` between 0 and 1 while it runs; `number` belongs to the note."""

    name: StageName
    state: StageState = StageState.WAITING
    at: datetime | None = None
    progress: float | None = None
    note: Note = Note.NONE
    number: int | None = None


_LAST_AT_SERVICE = StageName.EXPORTED
_WORDS = (
    (StageName.CHECKED, ("input", "valid", "quality", "qc", "check", "lift")),
    (StageName.IMPUTED, ("phas", "imput", "beagle", "eagle", "minimac")),
    (StageName.EXPORTED, ("export", "compress", "encrypt", "summary")),
)


def stage_of_step(name: str) -> StageName | None:
    """The stage that a step of the server belongs to, by its name; None for names never met.

    `Input Validation` holds "input", so the words of checks are looked for before those of imputation.
    """
    low = name.lower()
    for stage, words in _WORDS:
        if any(word in low for word in words):
            return stage
    return None


def steps_by_stage(steps: Sequence[JobStep]) -> dict[StageName, list[JobStep]]:
    """Steps of the server by stage; one with an unknown name belongs to the stage before it."""
    found: dict[StageName, list[JobStep]] = {}
    last = StageName.CHECKED
    for step in steps:
        last = stage_of_step(step.name) or last
        found.setdefault(last, []).append(step)
    return found


def stages_of(job: Job, result: Result | None, tasks: Sequence[Task]) -> tuple[JobStage, ...]:
    """All eight stages of a job, whatever its state.

    `tasks` are the running tasks of the program; those of other jobs are left out here.
    """
    mine = [t for t in tasks if t.job_id == job.id and t.state is TaskState.RUNNING]
    stages = [JobStage(name) for name in StageName]
    if job.phase is not SendPhase.ANSWERED and job.remote_id is None:
        _before_the_service(stages, job, mine)
    else:
        _at_the_service(stages, job)
    _on_this_computer(stages, job, result, mine)
    return tuple(stages)


def _put(
    stages: list[JobStage],
    name: StageName,
    state: StageState,
    at: datetime | None = None,
    progress: float | None = None,
    note: Note = Note.NONE,
    number: int | None = None,
) -> None:
    stages[name] = JobStage(name, state, at, progress, note, number)


# Prepared and uploaded.


def _before_the_service(stages: list[JobStage], job: Job, tasks: Sequence[Task]) -> None:
    prepared, uploaded = StageName.PREPARED, StageName.UPLOADED
    if job.phase is SendPhase.DRAFT and job.state is JobState.PREPARING:
        _put(stages, prepared, StageState.RUNNING)
        return
    if job.phase is SendPhase.DRAFT and job.state not in OPEN_STATES:
        _put(stages, prepared, _end_state(job), at=job.ended, note=_end_note(job))
        return
    _put(stages, prepared, StageState.DONE, at=job.created)
    if job.state is JobState.UPLOADING:
        progress, note = _upload(job, tasks)
        _put(stages, uploaded, StageState.RUNNING, progress=progress, note=note)
    elif job.state is JobState.WAITING:
        _put(stages, uploaded, StageState.WARNING, note=Note.WAITS)
    elif job.state is JobState.PREPARING:
        _put(stages, uploaded, StageState.WAITING, note=Note.STARTS_SOON)
    elif job.state not in OPEN_STATES:
        _put(stages, uploaded, _end_state(job), at=job.ended, note=_end_note(job))


def _upload(job: Job, tasks: Sequence[Task]) -> tuple[float | None, Note]:
    if job.phase is SendPhase.SEALED:
        return 1.0, Note.AWAITS_ANSWER
    uploads = [t for t in tasks if t.kind is TaskKind.UPLOAD]
    return (uploads[-1].progress.fraction if uploads else None), Note.NONE


def _end_state(job: Job) -> StageState:
    return StageState.FAILED if job.state is JobState.FAILED else StageState.ENDED


def _end_note(job: Job) -> Note:
    return {JobState.CANCELLED: Note.CANCELLED, JobState.DELETED: Note.GONE, JobState.EXPIRED: Note.GONE}.get(
        job.state, Note.NONE
    )


# Queued, checked, imputed, exported.


def _at_the_service(stages: list[JobStage], job: Job) -> None:
    _put(stages, StageName.PREPARED, StageState.DONE, at=job.created)
    if job.state is JobState.WAITING:  # for its person, who uploads the files on a web page
        _put(stages, StageName.UPLOADED, StageState.WARNING, note=Note.WAITS)
        return
    _put(stages, StageName.UPLOADED, StageState.DONE, at=job.submitted or job.created)
    if job.state in {JobState.SUBMITTED, JobState.QUEUED}:
        _put(stages, StageName.QUEUED, StageState.RUNNING, job.submitted, None, *_queue(job))
        return
    steps = steps_by_stage(job.steps)
    over = job.state in {JobState.SUCCESS, JobState.EXPIRED, JobState.DELETED}
    now = _LAST_AT_SERVICE if over or job.state is JobState.EXPORTING else _reached(job, steps)
    if now > StageName.QUEUED:
        _put(stages, StageName.QUEUED, StageState.DONE, at=job.started or job.submitted)
    for name in (StageName.CHECKED, StageName.IMPUTED, StageName.EXPORTED):
        if name < now or over:
            _put(stages, name, _quality(steps.get(name, ())), at=_when(name, steps, job))
    if not over:
        _now_at(stages, job, now, steps.get(now, ()))


def _queue(job: Job) -> tuple[Note, int | None]:
    if job.raw_state == -1:
        return Note.LOST, None
    if job.queue_position is None:
        return Note.NONE, None
    return Note.POSITION, job.queue_position


def _reached(job: Job, steps: dict[StageName, list[JobStep]]) -> StageName:
    """Where the job is, or where it ended: the first failed step, the last begun one, else the queue."""
    for name in sorted(steps):
        if any(s.state is StepState.FAILED for s in steps[name]):
            return name
    begun = [name for name, of in steps.items() if any(s.state is not StepState.WAITING for s in of)]
    if not begun:
        started = job.started is not None or job.state is JobState.RUNNING
        return StageName.CHECKED if started else StageName.QUEUED
    last = max(begun)
    done = all(s.state in {StepState.DONE, StepState.WARNING} for s in steps[last])
    if job.state is JobState.RUNNING and done and last < _LAST_AT_SERVICE:
        return StageName(last + 1)
    return last


def _now_at(stages: list[JobStage], job: Job, now: StageName, steps: Sequence[JobStep]) -> None:
    if job.state is JobState.FAILED:
        _put(stages, now, StageState.FAILED, at=job.ended)
    elif job.state is JobState.CANCELLED:
        _put(stages, now, StageState.ENDED, at=job.ended, note=Note.CANCELLED)
    elif job.state is JobState.UNKNOWN:
        _put(stages, now, StageState.WARNING, note=Note.UNKNOWN, number=job.raw_state)
    else:
        told = [s.progress for s in steps if s.state is StepState.RUNNING and s.progress is not None]
        progress = told[-1] if told else job.progress if now is StageName.IMPUTED else None
        _put(stages, now, StageState.RUNNING, at=job.started, progress=progress)


def _quality(steps: Sequence[JobStep]) -> StageState:
    warned = any(s.state is StepState.WARNING for s in steps)
    return StageState.WARNING if warned else StageState.DONE


def _when(name: StageName, steps: dict[StageName, list[JobStep]], job: Job) -> datetime | None:
    times = [m.at for s in steps.get(name, ()) for m in s.messages if m.at is not None]
    if times:
        return max(times)
    return job.ended if name is StageName.EXPORTED else None


# Fetched and verified.


def _on_this_computer(stages: list[JobStage], job: Job, result: Result | None, tasks: Sequence[Task]) -> None:
    downloads = [t for t in tasks if t.kind is TaskKind.DOWNLOAD]
    decrypts = [t for t in tasks if t.kind is TaskKind.DECRYPT]
    fetched, verified = StageName.FETCHED, StageName.VERIFIED
    files = [f for f in job.remote_files if f.group != "server log"]
    if result is None and not (downloads or decrypts):
        _gone(stages, job)
        return
    if result is not None and result.state is ResultState.VERIFIED:
        for name in (fetched, verified):
            _put(stages, name, StageState.DONE, at=result.verified)
        return
    here, proved = _share(files, _is_here, downloads), _share(files, _is_verified, decrypts)
    if downloads or decrypts or (result is not None and result.state is ResultState.FETCHING):
        _put(stages, fetched, StageState.DONE if here == 1.0 else StageState.RUNNING, progress=here)
        if decrypts or proved:
            _put(stages, verified, StageState.RUNNING, progress=proved)
    elif any(_is_here(f) and f.state is FileState.FAILED for f in files):
        _put(stages, fetched, StageState.DONE if here == 1.0 else StageState.WARNING, progress=None)
        _put(stages, verified, StageState.FAILED)
    else:
        _put(stages, fetched, StageState.FAILED)


def _gone(stages: list[JobStage], job: Job) -> None:
    if job.state in {JobState.EXPIRED, JobState.DELETED} and job.remote_id is not None:
        _put(stages, StageName.FETCHED, StageState.ENDED, at=job.expires, note=Note.GONE)


def _is_here(file: JobFile) -> bool:
    whole = file.state in {FileState.FETCHED, FileState.VERIFIED}
    return whole or (file.state is FileState.FAILED and file.bytes is not None)


def _is_verified(file: JobFile) -> bool:
    return file.state is FileState.VERIFIED


def _share(
    files: Sequence[JobFile], is_done: Callable[[JobFile], bool], running: Sequence[Task]
) -> float | None:
    """The part of the files that is done, with the parts of those at work; None without files."""
    if not files:
        return None
    done = sum(is_done(f) for f in files) + sum(t.progress.fraction or 0.0 for t in running)
    return min(1.0, done / len(files))
