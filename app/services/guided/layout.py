"""The folder: `jobs/<id>/job.json`, written anew at each word of the person; there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.job import JobState
from app.domain.model import Model
from app.genotypes.order import Made

JOB = "job.json"
NEW = ".new-"


class Word(Model):
    """What the person saw on the page, and when."""

    state: JobState
    at: datetime
    note: str = ""


class Brought(Model):
    """A file of the result where the person has it; `name` is below the folder that holds all of them."""

    name: str
    path: str
    size: int
    modified: int


class GuidedJob(Model):
    """A job of a person at a web page.

    `folder` holds what was prepared, `made` says what that is and `cautions`
    what of it the page may not like. `words` are in the order in which they were
    told; the last one counts. `ticked` are the numbers of the steps that are done, from 0.
    """

    id: str
    name: str
    guide: str
    app_id: str
    panel_id: str
    folder: str
    build: str | None = None
    files: tuple[DataFile, ...]
    options: dict[str, str | bool] = {}
    made: Made
    cautions: tuple[str, ...] = ()
    prepared: datetime
    words: tuple[Word, ...] = ()
    ticked: tuple[int, ...] = ()
    brought: tuple[Brought, ...] = ()

    @property
    def state(self) -> JobState:
        """As the person told it last; before the first word it waits for the person."""
        return self.words[-1].state if self.words else JobState.WAITING

    @property
    def uploaded(self) -> datetime | None:
        """When the person told that the files are on the page, or anything that comes after it."""
        told = (each.at for each in self.words if each.state not in {JobState.WAITING, JobState.CANCELLED})
        return next(told, None)


def jobs_folder(folder: Path) -> Path:
    """Where the jobs are."""
    return folder / "jobs"


def read_jobs(folder: Path) -> tuple[GuidedJob, ...]:
    """All jobs, the oldest first. OSError, ValueError."""
    found = [GuidedJob.model_validate_json(path.read_bytes()) for path in _records(jobs_folder(folder))]
    return tuple(sorted(found, key=lambda job: (job.prepared, job.id)))


def read_job(folder: Path, job_id: str) -> GuidedJob | None:
    """One job, None when there is none. OSError, ValueError."""
    if not job_id or Path(job_id).name != job_id or job_id.startswith("."):
        return None
    try:
        text = (jobs_folder(folder) / job_id / JOB).read_bytes()
    except FileNotFoundError:
        return None
    return GuidedJob.model_validate_json(text)


def drop_unfinished(folder: Path, before: float) -> int:
    """Remove records that a killed program left half-made, older than a moment of the clock; how many.

    One that is being made now is younger: between its making and its renaming there are seconds.
    """
    found = [each for each in jobs_folder(folder).glob(f"{NEW}*") if each.is_dir()]
    old = [each for each in found if each.stat().st_mtime < before]
    for each in old:
        shutil.rmtree(each, ignore_errors=True)
    return len(old)


def _records(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for each in sorted(folder.iterdir()):
        if not each.name.startswith(".") and (each / JOB).is_file():
            yield each / JOB


def write_job(folder: Path, job: GuidedJob) -> None:
    """Replace the record of a job. OSError."""
    write_record(jobs_folder(folder) / job.id / JOB, job)


def write_record(path: Path, record: Model) -> None:
    """Replace a file with a record. OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(record.model_dump(mode="json"), ensure_ascii=False), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
