"""The open database: one thread writes, others read.

SQLite runs in WAL with `synchronous=NORMAL`: a commit is in the operating system's hands before `write`
returns, so it outlives a kill of this process at any moment (what the sending of a job relies on); only a
loss of power may take the last commits with it, never the integrity of the file.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.domain.problem import Kind, ProblemError, problem
from app.store.opening import Engines, open_engines
from app.store.problems import store_problem

__all__ = ["Connection", "Store"]  # operations write functions that take a connection

T = TypeVar("T")

READERS = 3


class Store:
    """Runs functions that take a SQLAlchemy connection, each in a transaction of its own.

    All writes go through one thread, one after the other, and wait for no reader. A function that raises
    leaves nothing behind. `read` gives a connection that refuses to write.
    """

    def __init__(self, engines: Engines, subject: str) -> None:
        self._engines = engines
        self._subject = subject
        self._closing = threading.Lock()
        self._open = True
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    @classmethod
    def open(cls, url_or_path: str | Path, backups: Path | None = None) -> "Store":
        """Open a file (made if missing) or a `postgresql://` address, and bring it to this version.

        A backup goes into `backups` (default: a folder of that name beside the file) before an existing
        file is migrated. Raises ProblemError for a newer, damaged or foreign database, left as it is.
        """
        engines = open_engines(url_or_path, backups)
        return cls(engines, engines.subject)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a reading connection in another thread; from any event loop."""
        return await asyncio.wrap_future(self._submit(self._readers, self._engines.reading, fn))

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in the writing thread; committed when this returns; from any event loop.

        A task cancelled while its write still waits in line leaves nothing; one already begun is finished.
        """
        return await asyncio.wrap_future(self._submit(self._writer, self._engines.writing, fn))

    def read_now(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a reading connection in this thread."""
        if not self._open:
            raise self._closed()
        return self._run(self._engines.reading, fn)

    def write_now(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in the writing thread and wait for it. Not from within another write."""
        if threading.current_thread().name.startswith("store-writer"):
            raise RuntimeError("a write waits for another write in the same thread: pass the connection on")
        return self._submit(self._writer, self._engines.writing, fn).result()

    def close(self) -> None:
        """Finish the writes that wait in line, end the threads, close the file. Twice does no harm."""
        with self._closing:
            if not self._open:
                return
            self._open = False
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._engines.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _submit(
        self, threads: ThreadPoolExecutor, engine: Engine, fn: Callable[[Connection], T]
    ) -> Future[T]:
        with self._closing:
            if not self._open:
                raise self._closed()
            return threads.submit(self._run, engine, fn)

    def _run(self, engine: Engine, fn: Callable[[Connection], T]) -> T:
        try:
            with engine.begin() as connection:
                return fn(connection)
        except SQLAlchemyError as error:
            raise store_problem(error, self._subject) from error

    def _closed(self) -> ProblemError:
        return problem(
            Kind.STORE,
            "The database is closed",
            "The program is about to end and no longer reads or writes.",
            "Start the program again.",
            subject=self._subject,
        )
