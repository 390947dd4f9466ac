"""What happens to jobs besides the work: made, cancelled, restarted, retired (`cloudgene.md` 4.2, 5)."""

from __future__ import annotations

import secrets
import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.practice.context import Context
from app.practice.records import (
    ACTIVE,
    CANCELLED,
    DEAD,
    FAILED,
    FAILED_REMINDED,
    RETIRED,
    SUCCESS,
    SUCCESS_REMINDED,
    WAITING,
    JobRecord,
    LogMessage,
    ResultEntry,
    Step,
)
from app.practice.tokens import DAY_MS
from app.practice.views import size_text

_REMINDED = {SUCCESS: SUCCESS_REMINDED, FAILED: FAILED_REMINDED, CANCELLED: FAILED_REMINDED}


def make_job(
    context: Context, inputs: dict[str, str], files: list[str], name: str, user_agent: str, incoming: Path
) -> JobRecord:
    """Put a new job into the queue; `incoming` becomes its folder of uploaded files."""
    now = context.clock.now_ms()

    def fresh(number: int) -> JobRecord:
        job_id = _new_id(context, now)
        return JobRecord(
            id=job_id,
            number=number,
            name=name or job_id,
            username=context.text.username,
            submitted_on=now,
            user_agent=user_agent,
            inputs=inputs,
            files=files,
            param_hash=secrets.token_hex(32),
            log=f"Submitted on {_time(now)}\n",
        )

    job = context.records.add(fresh)
    folder = context.job_folder(job.id)
    folder.mkdir(parents=True, exist_ok=True)
    incoming.replace(folder / "input")
    return job


def _new_id(context: Context, now: int) -> str:
    while True:
        stamp = datetime.fromtimestamp(now / 1000, UTC)
        job_id = f"job-{stamp:%Y%m%d-%H%M%S}-{now % 1000:03d}"
        if not context.records.exists(job_id):
            return job_id
        now += 1


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def active_jobs(context: Context) -> int:
    """How many jobs count against the quota."""
    return sum(each.state in ACTIVE for each in context.records.jobs())


def cancel_job(context: Context, job_id: str) -> JobRecord:
    """Stop a job; nothing changes for one that has ended."""

    def stop(job: JobRecord) -> None:
        if job.state in ACTIVE:
            job.state = CANCELLED
            job.end_time = now = context.clock.now_ms()
            job.log += "Canceled by user.\n"
            job.inputs.pop("password", None)
            if job.steps:
                said = LogMessage(message="Pipeline execution canceled.", type=1, time=now)
                job.steps.append(Step(name="Summary", messages=[said]))

    job = context.records.change(job_id, stop)
    if context.runner is not None and job.state == CANCELLED:
        context.runner.stop_job(job_id)
    return job


def restart_job(context: Context, job_id: str) -> bool:
    """Queue a job again that the server lost; False for any other."""
    restarted = False

    def again(job: JobRecord) -> None:
        nonlocal restarted
        if job.state == DEAD:
            restarted = True
            job.state, job.start_time, job.end_time, job.steps, job.results = WAITING, 0, 0, [], []

    context.records.change(job_id, again)
    if restarted and context.runner is not None:
        context.runner.wake()
    return restarted


def lose_active_jobs(context: Context) -> list[str]:
    """What a restart of the server does to jobs that were active: state -1."""
    lost = [job.id for job in context.records.jobs() if job.state in ACTIVE]
    for job_id in lost:
        mark_dead(context, job_id)
        if context.runner is not None:
            context.runner.stop_job(job_id)
    return lost


def mark_dead(context: Context, job_id: str) -> None:
    """Set a job to -1."""

    def die(job: JobRecord) -> None:
        job.state, job.start_time, job.end_time = DEAD, 0, 0

    context.records.change(job_id, die)


def age_jobs(context: Context) -> None:
    """Remind and retire by the clock: 4 becomes 8 with `deletedOn`, then 7 without files."""
    now = context.clock.now_ms()
    limits = context.limits
    for job in context.records.jobs():
        if job.state in _REMINDED and now - job.end_time >= limits.reminder_days * DAY_MS:
            planned = job.end_time + int(limits.retirement_days * DAY_MS)
            job = context.records.change(job.id, partial(_remind, planned=planned))
        if job.state in (SUCCESS_REMINDED, FAILED_REMINDED) and now >= job.deleted_on:
            context.records.change(job.id, _retire)
            shutil.rmtree(context.job_folder(job.id), ignore_errors=True)


def _remind(job: JobRecord, *, planned: int) -> None:
    job.state = _REMINDED[job.state]
    job.deleted_on = planned


def _retire(job: JobRecord) -> None:
    job.state, job.results = RETIRED, []


def result_entries(context: Context, job_id: str) -> list[ResultEntry]:
    """The files below the job's output folder, each with its secret and its counter."""
    root = context.job_folder(job_id) / "output"
    limit = context.faults.download_limit
    count = context.limits.max_downloads if limit is None else limit
    entries = []
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        name = path.relative_to(root).as_posix()
        size = path.stat().st_size
        entries.append(
            ResultEntry(
                name=name,
                path=f"output/{name}",
                hash=secrets.token_hex(32),
                count=count,
                size=size_text(size),
                bytes=size,
            )
        )
    return sorted(entries, key=lambda each: ("/" in each.name, not each.name.endswith(".zip"), each.name))
