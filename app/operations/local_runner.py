"""Works on the queue of local jobs, one at a time, in a process that lives on when the program ends.

There is one runner a data folder: it holds a lock that dies with it. Each job is done in a process of its
own, which ends with the runner. A runner that was killed is started again by the next look at the list of
jobs; it goes on with the chunk that was not finished. A job that ends the process again and again without
getting on is given up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from app.domain.job import ENDED_STATES, JobState, JobStep, MessageKind, StepMessage, StepState
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.progress import Progress
from app.genotypes.worker import run_in_process
from app.imputation.program import was_killed
from app.operations.desk import Desk
from app.operations.exclusive import exclusive_file
from app.operations.local_host import LOCK, memory_of, threads_of, tools_of
from app.operations.local_job import EXPORT, LocalOrder, run_local_job
from app.operations.local_output import DRAFT
from app.operations.local_resume import WORK, adopt_work, work_done
from app.services.local.layout import (
    CANCEL,
    JOB,
    NEW,
    OUTPUT,
    STEPS,
    LocalJob,
    LocalPanel,
    OutputFile,
    Steps,
    jobs_folder,
    panels_folder,
    read_jobs,
    read_panels,
    read_steps,
    write_record,
)

log = logging.getLogger(__name__)

MOST_STARTS = 4
LOOK_S = 0.3
_SECONDS_BETWEEN_NOTES = 1.0
_TAKE_OVER_S = 2.0
_WITHOUT_ANSWER = re.compile(r"ended with exit code (-?\d+) and without an answer")


async def run_local_jobs(desk: Desk) -> int:
    """Do all jobs of the queue; how many were done. Returns at once when another process is at it."""
    folder = desk.home / "local"
    done, waited = 0, 0.0
    while waited < _TAKE_OVER_S:
        with exclusive_file(folder / LOCK) as mine:
            if mine:
                _remove_drafts(folder)
                while (job := _next(folder)) is not None:
                    await _Run(desk, folder, job).run()
                    done += 1
        if mine and _next(folder) is None:  # none came while the lock was let go
            return done
        await asyncio.sleep(LOOK_S)
        waited += 0.0 if mine else LOOK_S
    return done


def _remove_drafts(folder: Path) -> None:
    """Folders of jobs that were never sent; young ones may be on their way."""
    for draft in jobs_folder(folder).glob(NEW + "*"):
        with contextlib.suppress(OSError):
            age = datetime.now(UTC).timestamp() - draft.stat().st_mtime
            if age > 3600:
                shutil.rmtree(draft)


def _next(folder: Path) -> LocalJob | None:
    """The oldest job that has not ended; cancelled ones get their last word on the way."""
    for job in read_jobs(folder):
        path = jobs_folder(folder) / job.id
        if job.state is JobState.CANCELLED and job.ended is None:
            _end(path, job, JobState.CANCELLED)
        elif job.state not in ENDED_STATES:
            return job
    return None


def _end(folder: Path, job: LocalJob, state: JobState, output: tuple[OutputFile, ...] = ()) -> None:
    update = {"state": state, "ended": datetime.now(UTC), "output": output, "step": ""}
    if state is JobState.SUCCESS:
        update["progress"] = 1.0
    write_record(folder / JOB, job.model_copy(update=update))
    (folder / CANCEL).unlink(missing_ok=True)
    if state is not JobState.SUCCESS:  # it may have been ended while it wrote its result
        shutil.rmtree(folder / OUTPUT, ignore_errors=True)
        shutil.rmtree(folder / DRAFT, ignore_errors=True)
    if state is not JobState.FAILED:  # who sends it again goes on with what is done
        shutil.rmtree(folder / WORK, ignore_errors=True)


class _Run:
    """One job from its start, or from where it was cut short, to its end."""

    def __init__(self, desk: Desk, folder: Path, job: LocalJob) -> None:
        self._desk, self._root, self._job = desk, folder, job
        self._folder = jobs_folder(folder) / job.id
        self._noted = float("-inf")

    async def run(self) -> None:
        """Never raises for what the job does; the job tells it."""
        try:
            self._begin()
            order = await self._order()
            work = asyncio.ensure_future(run_in_process(run_local_job, order, report=self._note))
            while not (await asyncio.wait({work}, timeout=LOOK_S))[0]:
                if (self._folder / CANCEL).exists():
                    work.cancel()
            _end(self._folder, self._job, JobState.SUCCESS, await work)
        except asyncio.CancelledError:
            if not (self._folder / CANCEL).exists():
                raise
            _end(self._folder, self._job, JobState.CANCELLED)
        except ProblemError as error:
            if _was_killed(error.problem):
                log.warning("The work on local job %s %s; it goes on", self._job.id, error.problem.details)
                return  # it is next again, and its start is counted
            self._fail(error.problem)
        log.info("Local job %s ended", self._job.id)

    def _begin(self) -> None:
        """Count the start, so that one that always kills its process is not started for ever."""
        if not self._job.starts:
            adopt_work(self._root, self._job)
        chunks = work_done(self._folder)
        starts = 1 if chunks > self._job.done_chunks else self._job.starts + 1
        update = {
            "state": JobState.RUNNING,
            "started": self._job.started or datetime.now(UTC),
            "starts": starts,
            "done_chunks": chunks,
        }
        self._job = self._job.model_copy(update=update)
        if starts > MOST_STARTS:
            raise problem(
                Kind.REFUSED,
                "The job ended unexpectedly again and again",
                f"It was started {MOST_STARTS} times without getting on.",
                "The computer may have too little memory: allow less in Settings, and send the job again.",
            )
        write_record(self._folder / JOB, self._job)

    async def _order(self) -> LocalOrder:
        wanted = (await self._desk.settings()).local
        return LocalOrder(
            job=self._job,
            panel=_panel(self._root, self._job.panel_id),
            folder=self._folder,
            panel_folder=panels_folder(self._root) / self._job.panel_id,
            memory_mb=memory_of(wanted),
            threads=threads_of(wanted),
            tools=tools_of(wanted),
        )

    def _note(self, progress: Progress) -> None:
        """Write the progress down, once a second at most."""
        now = asyncio.get_running_loop().time()
        exporting = progress.step == EXPORT
        if now - self._noted < _SECONDS_BETWEEN_NOTES and not exporting:
            return
        self._noted = now
        state = JobState.EXPORTING if exporting else JobState.RUNNING
        update = {"state": state, "progress": progress.fraction, "step": progress.step}
        self._job = self._job.model_copy(update=update)
        with contextlib.suppress(OSError):  # a full disk is told by the work itself
            write_record(self._folder / JOB, self._job)

    def _fail(self, why: Problem) -> None:
        steps = read_steps(self._root, self._job.id)
        if not any(step.state is StepState.FAILED for step in steps):
            message = StepMessage(kind=MessageKind.ERROR, text=why.sentence(), at=datetime.now(UTC))
            last = JobStep(name="The work stopped", state=StepState.FAILED, messages=(message,))
            write_record(self._folder / STEPS, Steps(steps=(*steps, last)))
        # What an engine said stays with the job: it may name people or show genotypes.
        words = why.details[-2000:] if why.kind is Kind.BUG else ""
        log.warning("Local job %s failed: %s %s", self._job.id, why.title, words)
        _end(self._folder, self._job, JobState.FAILED)


def _was_killed(why: Problem) -> bool:
    """Whether the process of the work was ended from outside, as by a system that is short of memory."""
    if why.kind is not Kind.BUG:
        return False
    code = _WITHOUT_ANSWER.match(why.details)
    by_hand = sys.platform == "win32" and code is not None and int(code[1]) == 1  # the Task Manager
    return why.details.startswith("ended by signal") or by_hand or bool(code and was_killed(int(code[1])))


def _panel(folder: Path, panel_id: str) -> LocalPanel:
    found = next((each for each in read_panels(folder) if each.id == panel_id), None)
    if found is None:
        raise problem(
            Kind.NOT_FOUND,
            "The panel is not there any more",
            f"This computer has no panel “{panel_id}”.",
            "Add it again, and send the job again.",
        )
    return found
