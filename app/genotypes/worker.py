"""Runs a function in a process of its own: progress by pipe, cancel by ending it, a crash is a Problem.

Genotype work is heavy and uses C libraries; in another process it can neither block the program nor take
it down. The child is spawned, never forked, so it works the same on every system and from any thread.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import signal
import threading
import traceback
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.process_end import end_group
from app.genotypes.spare_worker import Begun, begin, spares
from app.genotypes.worker_child import Answer, Throttle

__all__ = ["Throttle", "keep_no_process", "keep_process_ready", "run_in_process"]

T = TypeVar("T")

_running: weakref.WeakSet[_Errand] = weakref.WeakSet()


async def run_in_process(function: Callable[..., T], *args: Any, report: Report = silent) -> T:
    """Call `function(*args, report=…)` in a spawned process and give its result.

    `function` must stand at the top of a module that imports no Qt; arguments and result must be picklable.
    `report` is called in the event loop at most four times a second, and once more at the end. Cancelling the
    task ends the process (and what it started) at once. A ProblemError crosses over unchanged; any other
    exception, a crash in C or a kill from outside becomes a ProblemError of the kind bug.
    """
    errand = _Errand(function, args, report, asyncio.get_running_loop())
    thread = threading.Thread(target=errand.run, name=f"worker of {function.__name__}", daemon=True)
    thread.start()
    try:
        answer = await asyncio.shield(errand.answer)
    except asyncio.CancelledError:
        errand.end()
        await _settled(errand.answer)
        raise
    finally:
        thread.join()  # the last thing the thread does is to answer
    if answer.problem is not None:
        raise ProblemError(answer.problem)
    if answer.crash:
        raise _bug(function.__name__, answer.crash)
    value: T = answer.value
    return value


def keep_process_ready(function: Callable[..., Any], warm: Callable[[], None]) -> None:
    """Let a process wait for the next call of `function`, with all imported and loaded that `warm` needs.

    The start of a process and its imports are most of what a user waits for at first. It is used once, and
    then followed by another one. Takes some 20 ms; call it where nobody waits. It ends with the program.
    """
    spares.keep(function, warm)


def keep_no_process() -> None:
    """End every process that waits for a call, at once, and prepare none any more."""
    spares.end()


async def _settled(answer: asyncio.Future[Answer]) -> None:
    """Wait for the thread to see the end of the process, however often the task is cancelled."""
    while not answer.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(answer)


def _bug(name: str, details: str) -> ProblemError:
    return problem(
        Kind.BUG,
        "The work stopped by a fault of the program",
        f"The part “{name}” ended unexpectedly.",
        "Try again. If it happens again, send the report.",
        details=details,
    )


class _Errand:
    """The parent's side: one thread that starts the process, listens to it and buries it."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        report: Report,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._function = function
        self._args = args
        self._report = report
        self._loop = loop
        self._lock = threading.Lock()
        self._ended = False
        self._process: SpawnProcess | None = None
        self.answer: asyncio.Future[Answer] = loop.create_future()

    def run(self) -> None:
        """Body of the thread; answers exactly once."""
        try:
            answer = self._work()
        except Exception:  # noqa: BLE001 - whatever goes wrong here must reach the one who waits
            answer = Answer(crash=traceback.format_exc())
        self._post(self._set_answer, answer)

    def _set_answer(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def _post(self, function: Callable[[Any], None], value: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(function, value)

    def _work(self) -> Answer:
        begun = self._begin()
        if begun is None:
            return Answer(crash="ended before it began")
        try:
            with begun.link as link:
                begun.give(self._function, self._args)
                return self._listen(link, begun.process)
        finally:
            self._bury(begun.process)

    def _begin(self) -> Begun | None:
        """A process that waits for its errand: the one kept ready for it, or a new one."""
        with self._lock:
            if self._ended:
                return None
            _running.add(self)
            begun = spares.take(self._function) or begin(self._function.__name__)
            self._process = begun.process
            return begun

    def _listen(self, receiver: Connection, process: SpawnProcess) -> Answer:
        while True:
            ready = wait([receiver, process.sentinel])
            if receiver in ready:
                try:
                    word = receiver.recv()
                except (EOFError, OSError):
                    break
                if isinstance(word, Answer):
                    return word
                self._post(self._report, word)
            elif process.sentinel in ready:
                break
        process.join()
        return Answer(crash=_how_it_died(process.exitcode))

    def _bury(self, process: SpawnProcess) -> None:
        process.join(5)
        if process.exitcode is None:
            process.kill()
            process.join()
        with self._lock:
            self._process = None
        process.close()
        spares.refill(self._function)

    def end(self) -> None:
        """End the process at once, with everything it started where the system has process groups."""
        with self._lock:
            self._ended = True
            if self._process is not None and self._process.is_alive():
                end_group(self._process.pid)
                self._process.kill()


@atexit.register
def _end_all() -> None:
    """Let nothing hold the program when it ends; runs before multiprocessing would wait for the processes."""
    spares.end()
    for errand in list(_running):
        errand.end()


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"ended by signal {signal.Signals(-code).name}"
    return f"ended with exit code {code} and without an answer"
