"""A thread for blocking network work, awaited from an event loop.

The threads of asyncio's own pool are joined at the end of the program: one that waits 30 s for a name
server would hold it up. These are daemons, one a transfer, and end by themselves.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_Task = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Worker:
    """Runs calls one after the other in its own thread."""

    def __init__(self, name: str) -> None:
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Queue a call; the future belongs to the running loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_look_at)
        self._tasks.put((function, future, loop))
        return future

    async def call(self, function: Callable[[], T]) -> T:
        """Run a call and wait. Cancelling stops the waiting only: tell the call to stop by own means."""
        return await self.submit(function)

    async def stop(self, patience_s: float = 1.0) -> None:
        """Let the thread end and wait a little for it, also while being cancelled."""
        ended = self.submit(lambda: None)
        self._tasks.put(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await ended
                self._thread.join(patience_s)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            function, future, loop = task
            try:
                result, error = function(), None
            except BaseException as caught:  # noqa: BLE001 - handed to whoever waits
                result, error = None, caught
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _look_at(future: asyncio.Future[Any]) -> None:
    """Nobody may be waiting any more; an unseen exception would be logged as forgotten."""
    if not future.cancelled():
        future.exception()
