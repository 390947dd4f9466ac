"""The only crossing between Qt and asyncio.

All HTTP, the scheduler and waiting for the store happen in one thread with one event loop. A view hands over
a coroutine and gets the answer on the Qt thread, unless it is gone by then.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import inspect
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.domain.changes import Changes
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.progress import Progress, Report
from app.ui.garbage import GarbageRounds

T = TypeVar("T")
Work = Coroutine[Any, Any, T] | Callable[[Report], Coroutine[Any, Any, T]]
log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.25
CHANGES_EVERY_MS = 40
STOP_WAIT_S = 3.0


class Reader(Protocol):
    """The reading half of the store."""

    async def read(self, fn: Callable[[Any], T]) -> T:
        """Run `fn(connection)` in a reader thread."""
        ...


def problem_of(error: BaseException) -> Problem:
    """The Problem that a failed task is told as; anything unforeseen is a bug."""
    if isinstance(error, ProblemError):
        return error.problem
    return Problem(
        kind=Kind.BUG,
        title="Something in Haplodesk went wrong",
        what_happened=f"{type(error).__name__} in the program itself.",
        what_you_can_do="Your data are safe. Please send the report to the makers.",
        details="".join(traceback.format_exception(error)),
    )


@dataclass(eq=False)
class Task:
    """A running piece of work; `cancel` may be called at any time from the Qt thread."""

    owner: QObject
    on_done: Callable[[Any], object] | None
    on_problem: Callable[[Problem], object] | None
    on_progress: Callable[[Progress], object] | None
    on_stopped: Callable[[], object] | None = None
    future: concurrent.futures.Future[Any] | None = None
    finished: bool = False
    _last_progress: float = field(default=0.0, repr=False)

    def cancel(self) -> None:
        """Stop the work and say nothing more."""
        self.finished = True
        if self.future is not None:
            self.future.cancel()


class Bridge(QObject):
    """Starts the asyncio thread, runs coroutines in it and brings answers home by queued signals."""

    changed = Signal(object)
    """`Changes` of an operation, on the Qt thread, gathered for a few milliseconds."""

    problem_unclaimed = Signal(object)
    """A `Problem` of a task that gave no `on_problem`; the window shows it as a notice."""

    bug_found = Signal(object)
    """A `Problem` of kind bug; the window offers the report."""

    _posted = Signal(object)

    def __init__(self, store: Reader | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._tasks: dict[int, set[Task]] = {}
        self._gathered = Changes()
        self._gather_timer = QTimer(self, singleShot=True, interval=CHANGES_EVERY_MS)
        self._gather_timer.timeout.connect(self._tell_changes)
        self._posted.connect(self._invoke, Qt.ConnectionType.QueuedConnection)
        # The other thread hands the interpreter over every 0.5 ms instead of every 5 ms: beside a busy loop
        # the window's ticks were late by 24 ms instead of 133 ms (measured).
        sys.setswitchinterval(0.0005)
        self.loop = asyncio.new_event_loop()
        self._stopped = False
        self.rounds = GarbageRounds(self)
        self._thread = threading.Thread(target=self._carry, name="asyncio", daemon=True)
        self._thread.start()

    def run(
        self,
        work: Work[T],
        owner: QObject,
        on_done: Callable[[T], object] | None = None,
        on_problem: Callable[[Problem], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_stopped: Callable[[], object] | None = None,
    ) -> Task:
        """Run a coroutine, or a function that takes a progress report and gives one, for `owner`.

        The callbacks are called on the Qt thread. When the owner is destroyed the task is cancelled and its
        late result dropped. `ProblemError` becomes its Problem, all else is a bug. Stopping by a person is
        told by `on_stopped` to who waits for an end, and else silent.
        """
        task = Task(owner, on_done, on_problem, on_progress, on_stopped)
        if self._stopped:
            task.finished = True
            if isinstance(work, Coroutine):
                work.close()
            return task
        self._tasks_of(owner).add(task)
        task.future = asyncio.run_coroutine_threadsafe(self._work(task, work), self.loop)
        task.future.add_done_callback(lambda _: self._ended(task, work))
        return task

    def query(
        self, fn: Callable[[Any], T], owner: QObject, on_done: Callable[[T], object] | None = None
    ) -> Task:
        """Run `fn(connection)` in a reader thread of the store and bring back what it gives."""
        if self._store is None:
            raise RuntimeError("the bridge was made without a store")
        return self.run(self._store.read(fn), owner, on_done)

    def announce(self, changes: Changes) -> None:
        """Tell all views what was touched; may be called from any thread."""
        if not self._stopped and changes:
            self._posted.emit(lambda: self._gather(changes))

    def call_soon(self, fn: Callable[[], object]) -> None:
        """Call a function on the Qt thread; may be called from any thread."""
        if not self._stopped:
            self._posted.emit(fn)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine that nobody on the screen waits for; a failure goes into the log."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        future.add_done_callback(_log_failure)
        return future

    def stop(self) -> None:
        """Cancel everything, wait three seconds at most, and end the thread. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._gather_timer.stop()
        for tasks in self._tasks.values():
            for task in tasks:
                task.finished = True
        self._tasks.clear()
        try:
            asyncio.run_coroutine_threadsafe(_cancel_all(), self.loop).result(STOP_WAIT_S)
        except concurrent.futures.TimeoutError:
            log.warning("Some tasks did not stop within %s s", STOP_WAIT_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(STOP_WAIT_S)
        self.rounds.stop()

    def _carry(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            with contextlib.suppress(asyncio.CancelledError):  # of a generator that was being closed
                self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()

    async def _work(self, task: Task, work: Work[T]) -> None:
        try:
            coroutine = work if isinstance(work, Coroutine) else work(lambda p: self._progress(task, p))
            value = await coroutine
        except asyncio.CancelledError:
            self._deliver(task, lambda: task.on_stopped() if task.on_stopped else None)
            raise
        except BaseException as error:  # noqa: BLE001 - the border: everything unforeseen is told as a bug
            told = problem_of(error)
            self._deliver(task, lambda: self._tell(task, told))
        else:
            self._deliver(task, lambda: task.on_done(value) if task.on_done else None)

    def _ended(self, task: Task, work: Work[T]) -> None:
        """Forget a task that was cancelled, and close its coroutine if it never started."""
        if isinstance(work, Coroutine) and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(_close_unstarted, work)
        self._post(lambda: self._forget(task))

    def _progress(self, task: Task, progress: Progress) -> None:
        now = time.monotonic()
        ended = progress.total is not None and progress.done >= progress.total
        if task.on_progress is None or (now - task._last_progress < PROGRESS_EVERY_S and not ended):
            return
        task._last_progress = now
        callback = task.on_progress
        self._post(lambda: callback(progress) if _alive(task) else None)

    def _deliver(self, task: Task, tell: Callable[[], object]) -> None:
        def on_qt_thread() -> None:
            alive = _alive(task)
            self._forget(task)
            if alive:
                tell()

        self._post(on_qt_thread)

    def _post(self, fn: Callable[[], object]) -> None:
        if not self._stopped:
            self._posted.emit(fn)

    def _tell(self, task: Task, problem: Problem) -> None:
        if problem.kind == Kind.CANCELLED:
            if task.on_stopped is not None:
                task.on_stopped()
            return
        if problem.kind == Kind.BUG:
            log.error("A task failed: %s", problem.details)
            self.bug_found.emit(problem)
        if task.on_problem is not None:
            task.on_problem(problem)
        elif problem.kind != Kind.BUG:
            self.problem_unclaimed.emit(problem)

    def _invoke(self, fn: Callable[[], object]) -> None:
        if not self._stopped:
            fn()

    def _gather(self, changes: Changes) -> None:
        self._gathered |= changes
        if not self._gather_timer.isActive():
            self._gather_timer.start()

    def _tell_changes(self) -> None:
        gathered, self._gathered = self._gathered, Changes()
        self.changed.emit(gathered)

    def _tasks_of(self, owner: QObject) -> set[Task]:
        key = int(shiboken6.getCppPointer(owner)[0])
        if key not in self._tasks:
            self._tasks[key] = set()
            owner.destroyed.connect(lambda: self._owner_died(key))
        return self._tasks[key]

    def _owner_died(self, key: int) -> None:
        for task in self._tasks.pop(key, set()):
            task.cancel()

    def _forget(self, task: Task) -> None:
        task.finished = True
        for tasks in self._tasks.values():
            tasks.discard(task)


def _alive(task: Task) -> bool:
    return not task.finished and shiboken6.isValid(task.owner)


def _log_failure(future: concurrent.futures.Future[Any]) -> None:
    if future.cancelled() or (error := future.exception()) is None:
        return
    if isinstance(error, ProblemError):
        log.warning("Work that nobody waited for failed: %s", error.problem.sentence())
    else:
        log.error("Work that nobody waited for failed", exc_info=error)


def _close_unstarted(work: Coroutine[Any, Any, Any]) -> None:
    if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
        work.close()


async def _cancel_all() -> None:
    own = asyncio.current_task()
    running = [each for each in asyncio.all_tasks() if each is not own]
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)
