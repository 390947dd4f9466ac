"""Removes what local jobs left once their results are safe elsewhere, as services do after some days."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from app.domain.changes import Changes
from app.domain.job import Job, JobState
from app.operations.desk import Desk
from app.operations.local_panels import this_computer
from app.operations.local_resume import WORK
from app.services.local.layout import JOB, OUTPUT, jobs_folder, read_job, read_jobs, write_record
from app.store import jobs

KEPT = timedelta(days=7)


async def tidy_local_jobs(desk: Desk) -> Changes:
    """Remove the runner's copy of results that were fetched a week ago or longer; the result itself stays.

    Unfinished work of jobs that failed, kept for who sends them again, goes after the same time.
    """
    service = await this_computer(desk)
    if service is None:
        return Changes()
    before = desk.clock.now() - KEPT
    known = await desk.store.read(lambda c: jobs.jobs(c))
    for job in known:
        if job.service_id == service.id and job.is_fetched and job.ended is not None and job.ended < before:
            await asyncio.to_thread(_drop, desk.home / "local", job)
    await asyncio.to_thread(_drop_work, desk.home / "local", before)
    return Changes()


def _drop_work(folder: Path, before: datetime) -> None:
    for job in read_jobs(folder):
        if job.state is JobState.FAILED and job.ended is not None and job.ended < before:
            shutil.rmtree(jobs_folder(folder) / job.id / WORK, ignore_errors=True)


def _drop(folder: Path, job: Job) -> None:
    there = jobs_folder(folder) / (job.remote_id or "-")
    known = read_job(folder, job.remote_id or "")
    if known is not None and (there / OUTPUT).is_dir():
        write_record(there / JOB, known.model_copy(update={"output": ()}))
        shutil.rmtree(there / OUTPUT, ignore_errors=True)
