"""Local background work as it runs: what the activity strip shows. Kept in memory only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

from app.domain.changes import Changes, Noun
from app.domain.names import new_id
from app.domain.problem import Problem, ProblemError
from app.domain.progress import Progress, Report, silent

SECONDS_BETWEEN_REPORTS = 0.25
ENDED_TASKS_KEPT = 200


class TaskKind(StrEnum):
    """What a task does."""

    UPLOAD = "upload"
    DOWNLOAD = "download"
    CHECK = "check"
    DECRYPT = "decrypt"
    PRACTICE = "practice"
    SITES = "sites"
    REPAIR = "repair"
    EXPORT = "export"
    MASK = "mask"
    SCORE = "score"


class TaskState(StrEnum):
    """Whether a task still runs and how it ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class Task:
    """A piece of local work; `cancel` stops it. Times are seconds of the monotonic clock."""

    kind: TaskKind
    title: str
    id: str = field(default_factory=lambda: new_id("task"))
    job_id: str | None = None
    dataset_id: str | None = None
    progress: Progress = field(default_factory=Progress)
    state: TaskState = TaskState.RUNNING
    problem: Problem | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    cancel: Callable[[], None] = lambda: None
    report: Report = silent


class Tasks:
    """All tasks of this run of the program, newest last. Safe to read from any thread."""

    def __init__(self, announce: Callable[[Changes], None]) -> None:
        self._announce = announce
        self._tasks: dict[str, Task] = {}
        self._lock = Lock()
        self._told: dict[str, float] = {}

    def all(self) -> tuple[Task, ...]:
        """Running and recently ended tasks."""
        with self._lock:
            return tuple(self._tasks.values())

    def running(self) -> tuple[Task, ...]:
        """The tasks at work now."""
        return tuple(t for t in self.all() if t.state is TaskState.RUNNING)

    def get(self, task_id: str) -> Task | None:
        """The task of that id, if it is still remembered."""
        with self._lock:
            return self._tasks.get(task_id)

    def of_job(self, job_id: str) -> tuple[Task, ...]:
        """The running tasks of a job."""
        return tuple(t for t in self.running() if t.job_id == job_id)

    @contextmanager
    def running_task(
        self, kind: TaskKind, title: str, *, job_id: str | None = None, dataset_id: str | None = None
    ) -> Iterator[Task]:
        """Show the work inside as a task; must be entered in the asyncio task that does it."""
        task = Task(kind, title, job_id=job_id, dataset_id=dataset_id)
        task.cancel = _canceller()
        task.report = self._reporter(task)
        self._add(task)
        try:
            yield task
        except asyncio.CancelledError:
            self._end(task, TaskState.CANCELLED)
            raise
        except ProblemError as error:
            task.problem = error.problem
            self._end(task, TaskState.FAILED)
            raise
        except BaseException:
            self._end(task, TaskState.FAILED)
            raise
        self._end(task, TaskState.DONE)

    def _reporter(self, task: Task) -> Callable[[Progress], None]:
        def report(progress: Progress) -> None:
            task.progress = progress
            now = time.monotonic()
            if now - self._told.get(task.id, 0.0) >= SECONDS_BETWEEN_REPORTS:
                self._told[task.id] = now
                self._announce(Changes.of(Noun.TASK, task.id))

        return report

    def _add(self, task: Task) -> None:
        with self._lock:
            self._tasks[task.id] = task
            ended = [t.id for t in self._tasks.values() if t.state is not TaskState.RUNNING]
            for old in ended[: max(0, len(ended) - ENDED_TASKS_KEPT)]:
                del self._tasks[old]
        self._announce(Changes.of(Noun.TASK, task.id))

    def _end(self, task: Task, state: TaskState) -> None:
        task.state = state
        task.ended = time.monotonic()
        self._told.pop(task.id, None)
        self._announce(Changes.of(Noun.TASK, task.id))


def _canceller() -> Callable[[], None]:
    """A function that cancels the current asyncio task from any thread."""
    current = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if current is None:
        return lambda: None

    def cancel() -> None:
        loop.call_soon_threadsafe(current.cancel)

    return cancel
