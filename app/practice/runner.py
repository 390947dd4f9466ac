"""The queue: starts waiting jobs, a process each, and writes down what they tell."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

from app.domain.problem import ProblemError
from app.domain.progress import Report
from app.genotypes.worker import run_in_process
from app.practice.context import Context
from app.practice.engines import find_engines
from app.practice.lifecycle import mark_dead, result_entries
from app.practice.orders import RUNNING_NOW, JobOrder, JobOutcome, Listener
from app.practice.pipeline import run_job
from app.practice.records import (
    ACTIVE,
    EXPORTING,
    FAILED,
    RUNNING,
    SUCCESS,
    WAITING,
    JobRecord,
    LogMessage,
    Step,
)

logger = logging.getLogger(__name__)

Work = Callable[[JobOrder, Report], JobOutcome]
"""What is done in the process of a job; stands at the top of a module, as the process must find it."""


LOOK_S = 0.5


async def _every(seconds: float, look: Callable[[], None]) -> None:
    """Look again and again, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        look()


class Runner:
    """Lives in the server's event loop; all its methods but `wake` are called there."""

    def __init__(self, context: Context, workers: int, work: Work = run_job) -> None:
        self._context = context
        self._workers = workers
        self._work = work
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loop = asyncio.get_running_loop()
        self._bell = asyncio.Event()
        self._task = asyncio.create_task(self._serve_queue())

    def wake(self) -> None:
        """Look at the queue; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._bell.set)

    def stop_job(self, job_id: str) -> None:
        """End the process of a job, if it has one; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._cancel, job_id)

    def _cancel(self, job_id: str) -> None:
        task = self._running.get(job_id)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """End all processes; their jobs stay active in the records, as after a crash."""
        tasks = [self._task, *self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve_queue(self) -> None:
        while True:
            self._start_waiting()
            await self._bell.wait()
            self._bell.clear()

    def _start_waiting(self) -> None:
        waiting = [job for job in self._context.records.jobs() if job.state == WAITING]
        for job in reversed(waiting):  # oldest first
            if len(self._running) >= self._workers or self._context.faults.hold_jobs:
                return
            if job.id not in self._running:
                self._running[job.id] = asyncio.create_task(self._run(job.id))

    async def _run(self, job_id: str) -> None:
        try:
            await self._do(job_id)
        finally:
            del self._running[job_id]
            self._bell.set()

    async def _do(self, job_id: str) -> None:
        faults, records = self._context.faults, self._context.records
        if faults.take("dead"):
            mark_dead(self._context, job_id)
            return
        job = records.change(job_id, partial(_begin, now=self._context.clock.now_ms()))
        order = self._order(job)
        if order is None:
            return
        outcome = await self._listen(order)
        if outcome.success:
            records.change(job_id, _export)
            await asyncio.sleep(0)
        records.change(job_id, partial(self._end, success=outcome.success))

    def _order(self, job: JobRecord) -> JobOrder | None:
        """The order for the worker; None when the job fails before its first step."""
        panel = self._context.panels.find(job.inputs.get("refpanel", ""))
        if panel is None or self._context.faults.take("fail_at_start"):
            reason = f"Initialization failed: application {job.inputs.get('refpanel', '')} is not installed."
            now = self._context.clock.now_ms()
            self._context.records.change(job.id, partial(_fail_at_start, reason=reason, now=now))
            return None
        return JobOrder(
            job_id=job.id,
            folder=str(self._context.job_folder(job.id)),
            inputs=job.inputs,
            files=tuple(job.files),
            panel=panel,
            limits=self._context.limits,
            text=self._context.text,
            engine=find_engines(self._context.engine).imputation,
            failing_qc=self._context.faults.take("failing_qc"),
        )

    async def _listen(self, order: JobOrder) -> JobOutcome:
        """Run the worker and write down what it tells; a crash is a failed job."""
        folder = self._context.job_folder(order.job_id)
        for name in ("output", "work"):
            shutil.rmtree(folder / name, ignore_errors=True)
        events = folder / "events.jsonl"
        events.unlink(missing_ok=True)
        listener = Listener(events)
        take = partial(self._take, order.job_id, listener)
        # Reports are throttled: the last of several messages would wait for the worker's next report.
        looking = asyncio.create_task(_every(LOOK_S, take))
        try:
            outcome: JobOutcome = await run_in_process(self._work, order, report=lambda _progress: take())
        except ProblemError as error:
            logger.warning("practice job %s: %s", order.job_id, error.problem.details or error)
            outcome = JobOutcome(success=False)
        finally:
            looking.cancel()
            await asyncio.wait([looking])
        take()
        if not outcome.success:
            self._context.records.change(order.job_id, self._tell_failure)
        return outcome

    def _take(self, job_id: str, listener: Listener) -> None:
        news = listener.news()
        if news:
            now = self._context.clock.now_ms()
            self._context.records.change(job_id, partial(_write_down, news=news, now=now))

    def _tell_failure(self, job: JobRecord) -> None:
        if not job.steps or job.steps[-1].name != "Summary":
            job.steps.append(Step(name="Summary"))
        now = self._context.clock.now_ms()
        job.steps[-1].messages.append(LogMessage(message="Pipeline execution failed.", type=1, time=now))

    def _end(self, job: JobRecord, *, success: bool) -> None:
        if job.state not in ACTIVE or job.state == WAITING:  # cancelled, or lost and queued again meanwhile
            return
        job.state = SUCCESS if success else FAILED
        job.end_time = self._context.clock.now_ms()
        job.results = result_entries(self._context, job.id)
        job.inputs.pop("password", None)  # the archives are made; nothing else needs it


def _begin(job: JobRecord, *, now: int) -> None:
    job.state, job.start_time, job.steps = RUNNING, now, []


def _export(job: JobRecord) -> None:
    if job.state == RUNNING:
        job.state = EXPORTING


def _fail_at_start(job: JobRecord, *, reason: str, now: int) -> None:
    job.state, job.end_time, job.steps = FAILED, now, []
    job.inputs.pop("password", None)
    job.log += reason + "\n"


def _write_down(job: JobRecord, *, news: list[dict[str, Any]], now: int) -> None:
    for event in news:
        if "step" in event:
            job.steps.append(Step(name=event["step"]))
        elif "log" in event:
            job.log += event["log"] + "\n"
        else:
            _add_message(job, LogMessage(message=event["message"], type=event["type"], time=now))


def _add_message(job: JobRecord, message: LogMessage) -> None:
    """Add a message to the last step; it takes the place of a running one."""
    if not job.steps:
        job.steps.append(Step(name="Input Validation"))
    messages = job.steps[-1].messages
    if messages and messages[-1].type == RUNNING_NOW:
        messages.pop()
    messages.append(message)
