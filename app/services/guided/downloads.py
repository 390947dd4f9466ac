"""Files that a person brought, read where they lie; they must still be what was brought."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from app.domain.problem import Kind, ProblemError, problem
from app.services.guided.layout import Brought

_PIECE = 1 << 20


class BroughtDownload:
    """Bytes of a file from `offset` on."""

    def __init__(self, file: BinaryIO, told: Brought, offset: int) -> None:
        self.offset = offset
        self.total: int | None = told.size
        self.md5: str | None = None
        self._file = file
        self._told = told

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; ProblemError when the file changed while it was read."""
        self._refuse_changed()
        self._file.seek(self.offset)
        while piece := await asyncio.to_thread(self._file.read, _PIECE):
            yield piece
        self._refuse_changed()

    def _refuse_changed(self) -> None:
        seen = os.fstat(self._file.fileno())
        if (seen.st_size, seen.st_mtime_ns) != (self._told.size, self._told.modified):
            raise problem(
                Kind.INPUT,
                "The file has changed",
                f"{self._told.name} is not the file that you brought",
                "Wait until it is written to its end, and bring the result again",
                subject=self._told.name,
            )


@contextlib.asynccontextmanager
async def open_file(told: Brought, offset: int) -> AsyncIterator[BroughtDownload]:
    """Open a file. ProblemError when it is not there any more."""
    path = Path(told.path)
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise _gone(path, error) from error
    with file:
        yield BroughtDownload(file, told, offset)


def _gone(path: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.NOT_FOUND,
        "The file is not there any more",
        f"{path}: {error.strerror or error}",
        "Bring the result again from where it is now",
        subject=path.name,
    )
