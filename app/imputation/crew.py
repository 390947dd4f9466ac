"""Threads that work beside one another, as those of `concurrent.futures`.

That package loads `logging` and more: a megabyte, where a small job takes forty and a third of it is Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Task(Generic[T]):
    """Work that a thread does; made by `Crew.give`."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Callable[[], T] | None = work
        self._over = threading.Event()
        self._made: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it, in the thread of the caller."""
        work, self._work = self._work, None
        if work is not None:
            try:
                self._made.append(work())
            except BaseException as error:  # noqa: BLE001 - told to who asks for the result
                self._error = error
        del work
        self._over.set()

    def cancel(self) -> None:
        """Leave it out where no thread has begun it; it has no result then."""
        self._work = None

    def result(self) -> T:
        """Wait for it, and take what it made, once; raises what it raised."""
        self._over.wait()
        if self._error is not None:
            raise self._error
        return self._made.pop()


class Crew:
    """So many threads at most; use in a `with`, whose end waits for all that was given."""

    def __init__(self, many: int) -> None:
        self._many = many
        self._waiting: SimpleQueue[Task[object] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._waiting.put(None)
        for each in self._threads:
            each.join()

    def give(self, work: Callable[[], T]) -> Task[T]:
        """Have it done when its turn comes: what was given first is begun first."""
        task = Task(work)
        self._waiting.put(task)  # type: ignore[arg-type]  # whoever gives it takes its result
        if len(self._threads) < self._many:
            self._threads.append(threading.Thread(target=self._work))
            self._threads[-1].start()
        return task

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            task.run()
            del task  # what it made is not to be held until the next one comes
