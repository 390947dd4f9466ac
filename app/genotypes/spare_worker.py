"""Processes that wait for an errand: new ones, and those kept ready for the next call of a function."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple

from app.genotypes.process_end import end_group
from app.genotypes.worker_child import child

log = logging.getLogger(__name__)


class Begun(NamedTuple):
    """A process that was started and the link to it."""

    process: SpawnProcess
    link: Connection

    def give(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """Send it what to do; where it is gone already, who listens to it will see how it ended."""
        try:
            self.link.send((function, args))
        except (BrokenPipeError, ConnectionResetError):
            return

    def end(self) -> None:
        """Kill it and what it started."""
        self.link.close()
        end_group(self.process.pid)
        self.process.kill()
        self.process.join()
        self.process.close()


def begin(name: str, warm: Callable[[], None] | None = None) -> Begun:
    """Start a process that calls `warm` and waits. Spawned, and no daemon: those may not start others."""
    context = multiprocessing.get_context("spawn")
    mine, others = context.Pipe()
    process = context.Process(target=child, args=(others, warm), daemon=False, name=name)
    try:
        process.start()
    except BaseException:
        mine.close()
        raise
    finally:
        others.close()
    return Begun(process, mine)


class Spares:
    """One waiting process for each function that was named; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warm: dict[Callable[..., Any], Callable[[], None]] = {}
        self._waiting: dict[Callable[..., Any], Begun] = {}

    def keep(self, function: Callable[..., Any], warm: Callable[[], None]) -> None:
        """Have a process wait for the next call of a function from now on."""
        with self._lock:
            self._warm[function] = warm
        self.refill(function)

    def refill(self, function: Callable[..., Any]) -> None:
        """Start the next one where the function is to have one and its last was taken."""
        with self._lock:
            warm = self._warm.get(function)
            if warm is None or function in self._waiting:
                return
            try:
                self._waiting[function] = begin(f"ready for {function.__name__}", warm)
            except OSError as error:  # no harm: the errand will start its own, or tell why it cannot
                log.warning("No process could be made ready: %s", error)

    def take(self, function: Callable[..., Any]) -> Begun | None:
        """The process that waits for this function; None without one, or when it was killed meanwhile."""
        with self._lock:
            begun = self._waiting.pop(function, None)
        if begun is not None and not begun.process.is_alive():
            begun.end()
            return None
        return begun

    def end(self) -> None:
        """End all that wait and start none any more."""
        with self._lock:
            waiting = [*self._waiting.values()]
            self._waiting.clear()
            self._warm.clear()
        for begun in waiting:
            begun.end()


spares = Spares()
