"""The program without a window, as a process that a test can kill.

`python -m tests.end_to_end.headless HOME DRAFT` makes a job of the draft unless there is one, looks after it
as the program does, and ends when the result lies verified on the disk. It prints each stage as it enters it.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from app.application import logging_to
from app.domain.changes import Changes
from app.domain.job import REMOTE_OPEN_STATES, JobState, SendPhase
from app.domain.result import ResultState
from app.operations import fetch_file, send_job
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job
from app.operations.tasks import TaskKind
from app.scheduler import clock
from app.store import jobs, results
from tests.end_to_end.file_secrets import FileSecrets
from tests.end_to_end.program import running

STAGES = (
    "preparing",
    "uploading",
    "sealed",
    "searching",
    "running",
    "downloading",
    "decrypting",
    "judging",
)


def stage_of(desk: Desk) -> str:
    """Where the one job of the data folder is."""
    known = desk.store.read_now(jobs.jobs)
    if not known:
        return "preparing"
    (job,) = known
    at_work = {task.kind for task in desk.tasks.running()}
    if job.phase is SendPhase.SEALED:
        return "sealed" if TaskKind.UPLOAD in at_work else "searching"
    if TaskKind.UPLOAD in at_work:
        return "uploading"
    if job.state in REMOTE_OPEN_STATES:
        return "running"
    if job.state is not JobState.SUCCESS:
        return str(job.state)
    if TaskKind.DECRYPT in at_work:
        return "decrypting"
    if TaskKind.DOWNLOAD in at_work:
        return "downloading"
    if not job.is_fetched:
        return "fetching"
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    return "verified" if result is not None and result.state is ResultState.VERIFIED else "judging"


class Teller:
    """Prints a stage when it is entered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last = ""

    def __call__(self, _changes: Changes) -> None:
        now = stage_of(self._desk)
        if now != self._last:
            self._last = now
            sys.stdout.write(now + "\n")
            sys.stdout.flush()


async def live(home: Path, draft: JobDraft) -> None:
    """One life of the program; it ends by itself only when all is done."""
    async with running(home, FileSecrets(home / "keyring.json"), background=False) as program:
        tell = Teller(program.desk)
        program.desk.listen(tell)
        tell(Changes())
        if not await program.desk.store.read(jobs.jobs):
            await create_job(program.desk, draft)
        await program.start()
        (job,) = await program.desk.store.read(jobs.jobs)
        await program.until_verified(job.id)


def main() -> None:
    send_job.RETRY_FIRST = timedelta(seconds=0.3)
    send_job.PATIENCE = 5  # seconds here, as the service may be asked each second; its server needs two
    clock.FETCH_RETRY_FIRST = timedelta(seconds=0.3)
    clock.SWEEP_S = 0.2
    fetch_file.PAUSE_S = 0.1
    home, draft = Path(sys.argv[1]), JobDraft.model_validate_json(Path(sys.argv[2]).read_bytes())
    with logging_to(home):
        asyncio.run(live(home, draft))


if __name__ == "__main__":
    main()
