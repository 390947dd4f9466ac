"""The folder: `panels/<id>/panel.json`, `jobs/<id>/job.json` and what lies beside them.

A job is written once by who sends it and from then on by the runner alone; who cancels it puts a mark beside
it. Every file is there whole or not at all, whatever ends the program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.job import JobState, JobStep
from app.domain.model import Model

JOB, PANEL, STEPS, CANCEL = "job.json", "panel.json", "steps.json", "cancel"
OUTPUT = "output"
NEW = ".new-"


class LocalPanel(Model):
    """A panel that the user added, as it is offered; the engines' files and their list lie beside it.

    Of its files, records with `several_alts` became one for each ALT allele; `duplicates` and records
    `without_alt` were left out.
    """

    id: str
    name: str
    build: str
    samples: int
    variants: int
    chromosomes: tuple[str, ...]
    added: datetime
    several_alts: int = 0
    duplicates: int = 0
    without_alt: int = 0


class OutputFile(Model):
    """A result file of a job; `name` may hold folders, relative to `output`."""

    name: str
    group: str = "output"
    size: int
    sha256: str


class LocalJob(Model):
    """A job of the queue. `starts` counts how often it was begun since it last got on."""

    id: str
    name: str
    app_id: str
    panel_id: str
    files: tuple[DataFile, ...]
    options: dict[str, str | bool] = {}
    state: JobState = JobState.QUEUED
    progress: float | None = None
    step: str = ""
    submitted: datetime
    started: datetime | None = None
    ended: datetime | None = None
    output: tuple[OutputFile, ...] = ()
    starts: int = 0
    done_chunks: int = 0


class Steps(Model):
    """The steps of a job with their messages, as the work itself tells them."""

    steps: tuple[JobStep, ...] = ()


def panels_folder(folder: Path) -> Path:
    """Where the panels are."""
    return folder / "panels"


def jobs_folder(folder: Path) -> Path:
    """Where the jobs are."""
    return folder / "jobs"


def read_panels(folder: Path) -> tuple[LocalPanel, ...]:
    """All panels by name. OSError."""
    found = [
        LocalPanel.model_validate_json(path.read_bytes()) for path in _records(panels_folder(folder), PANEL)
    ]
    return tuple(sorted(found, key=lambda panel: (panel.name.casefold(), panel.id)))


def read_jobs(folder: Path) -> tuple[LocalJob, ...]:
    """All jobs, the oldest first. OSError."""
    found = [LocalJob.model_validate_json(path.read_bytes()) for path in _records(jobs_folder(folder), JOB)]
    return tuple(sorted((marked(folder, job) for job in found), key=lambda job: (job.submitted, job.id)))


def read_job(folder: Path, job_id: str) -> LocalJob | None:
    """One job, None when there is none. OSError."""
    if not job_id or Path(job_id).name != job_id or job_id.startswith("."):
        return None
    try:
        text = (jobs_folder(folder) / job_id / JOB).read_bytes()
    except FileNotFoundError:
        return None
    return marked(folder, LocalJob.model_validate_json(text))


def marked(folder: Path, job: LocalJob) -> LocalJob:
    """The job as cancelled where somebody wants that and it has not ended otherwise."""
    open_states = {JobState.QUEUED, JobState.RUNNING, JobState.EXPORTING}
    if job.state in open_states and (jobs_folder(folder) / job.id / CANCEL).exists():
        return job.model_copy(update={"state": JobState.CANCELLED})
    return job


def read_steps(folder: Path, job_id: str) -> tuple[JobStep, ...]:
    """The steps of a job as far as they were told."""
    try:
        return Steps.model_validate_json((jobs_folder(folder) / job_id / STEPS).read_bytes()).steps
    except (OSError, ValueError):
        return ()


def _records(folder: Path, name: str) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for each in sorted(folder.iterdir()):
        if not each.name.startswith(".") and (each / name).is_file():
            yield each / name


def write_record(path: Path, record: Model) -> None:
    """Replace a file with a record. OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(record.model_dump(mode="json"), ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
