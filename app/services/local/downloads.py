"""Result files, read from the folder of a job and compared with the hash that was written down with them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from app.domain.problem import Kind, problem
from app.services.local.layout import OUTPUT, OutputFile

_PIECE = 1 << 20


class LocalDownload:
    """Bytes of a file from `offset` on; the hash covers the whole file, so what lies before is read too."""

    def __init__(self, file: BinaryIO, told: OutputFile, offset: int) -> None:
        self.offset = offset
        self.total: int | None = told.size
        self.md5: str | None = None
        self._file = file
        self._told = told

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; ProblemError at the end when they are not those that the runner wrote."""
        digest = hashlib.sha256()
        done = 0
        while piece := await asyncio.to_thread(self._file.read, _PIECE):
            digest.update(piece)
            fresh = piece[max(0, self.offset - done) :]
            done += len(piece)
            if fresh:
                yield fresh
        if digest.hexdigest() != self._told.sha256:
            raise problem(
                Kind.INPUT,
                "The result has changed on the disk",
                f"{self._told.name} is not the file that the job wrote: its SHA-256 differs",
                "Run the job again, and look at the disk",
                subject=self._told.name,
            )


@contextlib.asynccontextmanager
async def open_file(job: Path, told: OutputFile, offset: int) -> AsyncIterator[LocalDownload]:
    """Open a result file of a job's folder. ProblemError when it is not there."""
    path = job / OUTPUT / told.name
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise problem(
            Kind.NOT_FOUND,
            "The result is not there any more",
            f"{path}: {error.strerror or error}",
            "Run the job again",
            subject=told.name,
        ) from error
    with file:
        yield LocalDownload(file, told, offset)
