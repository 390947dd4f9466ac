"""An array that grows by rows and goes to disk when it is large: memory does not grow with a cohort."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

IN_MEMORY = 64 << 20


class Spool:
    """Rows float32 [rows, *shape]; the file lies in `folder` and is gone with the block.

    OSError (no space) comes through unchanged.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], in_memory: int = IN_MEMORY) -> None:
        self._folder = folder
        self._shape = shape
        self._in_memory = in_memory
        self._pieces: list[NDArray[np.float32]] = []
        self._held = 0
        self._rows = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rows: NDArray[np.float32]) -> None:
        """Add rows at the end."""
        self._pieces.append(np.ascontiguousarray(rows, dtype=np.float32))
        self._rows += len(rows)
        self._held += rows.nbytes
        if self._held > self._in_memory:
            self._write()

    def array(self) -> NDArray[np.float32]:
        """All rows, which may be changed in place; a memory map when they lie on disk."""
        if self._file is None:
            empty = np.empty((0, *self._shape), np.float32)
            pieces, self._pieces = self._pieces, []
            return np.concatenate([empty, *pieces])
        self._write()
        self._file.flush()
        return np.memmap(self._file, np.float32, "r+", shape=(self._rows, *self._shape))

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, prefix=".weights-")  # noqa: SIM115 - closed by the block
        for piece in self._pieces:
            self._file.write(piece.tobytes())
        self._pieces, self._held = [], 0
