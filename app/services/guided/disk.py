"""The folder of the jobs, used in a thread; what the disk can raise becomes a Problem here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.domain.problem import Kind, problem

T = TypeVar("T")


class OnDisk:
    """A folder of records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def read(self, what: Callable[[Path], T]) -> T:
        """Do something with the folder, reading or writing. ProblemError (disk, store)."""
        return await asyncio.to_thread(self._told, what)

    def _told(self, what: Callable[[Path], T]) -> T:
        try:
            return what(self.folder)
        except OSError as error:
            raise problem(
                Kind.DISK,
                "The folder of jobs at web pages cannot be used",
                f"{error.filename or self.folder}: {error.strerror or error}",
                "Look at the disk of the data folder",
                subject=str(self.folder),
            ) from error
        except ValueError as error:
            raise problem(
                Kind.STORE,
                "The folder of jobs at web pages holds something odd",
                f"{self.folder} has a record that cannot be read",
                "Remove the folder of that job",
                subject=str(self.folder),
                details=str(error)[:2000],
            ) from error
