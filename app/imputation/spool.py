"""Where the dosages of a piece wait until all of its people are done: in memory, or in a file of scratch.

Kernels make columns (some haplotypes at all sites), files want rows (all people at a site). What waits is
packed (dosage_cells), which is a small part of what is written from it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from app.imputation.dosage_cells import Thousandths, pack, unpack

Answers = NDArray[np.float32] | Thousandths
"""Probabilities, or thousandths of them."""
IN_MEMORY = 1 << 18
"""Bytes that wait in memory; more go to the file."""


@dataclass(frozen=True, eq=False)
class _Batch:
    """Some columns: where each window of sites and each judged row ends in their codes, and the codes."""

    first: int
    columns: int
    window_ends: NDArray[np.int64]
    row_ends: NDArray[np.int64]
    place: int
    codes: bytes | None


class Spool:
    """Use in a `with`. `add` may be called by several threads at once, `window` and `judged` afterwards.

    `window` is how many sites are read at once. ValueError for dosages that are no probabilities, OSError.
    """

    def __init__(self, path: Path, window: int, in_memory: int = IN_MEMORY) -> None:
        self._path, self._window, self._room = path, window, in_memory
        self._batches: list[_Batch] = []
        self._file: BinaryIO | None = None
        self._filled = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def add(self, first: int, imputed: Answers, left_out: Answers) -> None:
        """Keep answers [sites, columns] and [judged, columns] of the columns from `first` on."""
        windows, rows = pack(imputed, self._window), pack(left_out, 1)
        codes = windows.codes + rows.codes
        row_ends = rows.ends + len(windows.codes)
        columns = imputed.shape[1]
        with self._lock:
            kept = codes if len(codes) <= self._room else None
            place = self._filled
            if kept is None:
                self._write(codes)
            else:
                self._room -= len(codes)
            self._batches.append(_Batch(first, columns, windows.ends, row_ends, place, kept))

    def _write(self, codes: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("w+b")
        self._file.write(codes)
        self._filled += len(codes)

    def window(self, number: int, out: Thousandths) -> None:
        """The thousandths of a window of sites into `out` [sites, all columns]."""
        for batch in self._batches:
            begin = int(batch.window_ends[number - 1]) if number else 0
            unpack(self._read(batch, begin, int(batch.window_ends[number])), out, batch.first, batch.columns)

    def judged(self, rows: slice, out: Thousandths) -> None:
        """The thousandths of some judged rows, likewise."""
        if rows.start == rows.stop:
            return
        for batch in self._batches:
            last = batch.window_ends[-1] if len(batch.window_ends) else 0
            begin = int(batch.row_ends[rows.start - 1] if rows.start else last)
            end = int(batch.row_ends[rows.stop - 1])
            unpack(self._read(batch, begin, end), out, batch.first, batch.columns)

    def _read(self, batch: _Batch, begin: int, end: int) -> bytes:
        if batch.codes is not None:
            return batch.codes[begin:end]
        if self._file is None:
            raise ValueError("nothing was written")
        self._file.seek(batch.place + begin)
        return self._file.read(end - begin)
