"""The arrays that whole VCF rows are read into, by the extension in C or by NumPy with the same answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import IntEnum
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import stride
from app.genotypes.kernel import FixedKernel, SampleCounts, byte_lanes
from app.genotypes.texts import Texts

compiled: ModuleType | None
try:
    from app.genotypes import _rows as compiled
except ImportError:
    compiled = None
FAULT_CODES = ("blank_line", "second_header", "blanks", "columns", "position")
PLACES_KEPT = 5
LONGEST_NAME = 200
ROWS_BETWEEN_FLUSHES = 255  # the per-sample counters are single bytes until they are added up
_PACKED_BYTES = 1 << 20  # of a block: large enough to make the fixed cost of NumPy calls small
_MOST_ROWS = 16_384
_MULTI_BYTES = 4 << 20
_CODES_MARGIN = 64


class Place(IntEnum):
    """Where each number stands in the state; kept in step with `_rows.c`."""

    SAMPLES = 0
    CAPACITY = 1
    BLOB = 2
    CHANGE_BLOB = 3
    MULTI_CAPACITY = 4
    ROWS = 5
    LINES = 6
    RECORDS = 7
    SINCE = 8
    NEED = 9
    MULTI = 10
    FILL = 11
    CHANGES = 15
    CHANGE_FILL = 17
    FAULTS = 19
    PLACES = 24
    SIZE = 49


def kernel_in_use() -> bool:
    """Whether the extension in C is there and was not switched off by HAPLODESK_NO_KERNEL=1."""
    return compiled is not None and os.environ.get("HAPLODESK_NO_KERNEL", "") in ("", "0")


class SampleState:
    """Counts a sample over all rows so far: bytes that are added to 64 bits every 255 rows."""

    def __init__(self, samples: int) -> None:
        self.lanes = byte_lanes(samples), byte_lanes(samples)
        self.het8, self.missing8 = (lanes.view(np.uint8)[:samples] for lanes in self.lanes)
        self.sums = SampleCounts.zero(samples)
        self.codes = np.zeros(samples + _CODES_MARGIN, np.uint8)
        self.head_width = 128  # NumPy: how far to look for the first tabs
        self.fixed: FixedKernel | None = None  # NumPy: keeps its buffers


class RowBlock:
    """Room for some rows. `state` and the counts a sample go from block to block; the other arrays are fresh.

    A row of the arrays is a record of the file. `counts`, `server` and `stored` are [rows, 4] hom-ref, het,
    hom-alt, missing: by our rules (a half call in none), by the server's (letters 0 and 1; its "missing" is
    only `.`, `./.` and `.|.`), and of the codes in `packed` (half calls, unreadable ones and alleles that are
    not listed are missing there). `slow` marks rows that were read cell by cell; only they have bits in
    `haploid` and `server_missing`. `multi` keeps both alleles of every sample for records with several ALT
    alleles: the number up to 253, 254 for the second of a haploid call, 255 for none.
    """

    def __init__(self, state: NDArray[np.int64], samples: SampleState, blob_bytes: int) -> None:
        n = int(state[Place.SAMPLES])
        rows = max(8, min(_MOST_ROWS, _PACKED_BYTES // max(1, stride(n))))
        multi = max(2, min(rows, _MULTI_BYTES // max(1, 2 * n)))
        changes = 400 + 64 * rows
        wanted = {
            Place.CAPACITY: rows,
            Place.BLOB: blob_bytes,
            Place.CHANGE_BLOB: changes,
            Place.MULTI_CAPACITY: multi,
        }
        for place, value in wanted.items():
            state[place] = value
        for place in (Place.ROWS, Place.NEED, Place.MULTI):
            state[place] = 0
        state[Place.FILL : Place.FAULTS] = 0
        self.state = state
        self.per_sample = samples
        self.line = np.empty(rows, np.int64)
        self.record = np.empty(rows, np.int64)
        self.position = np.empty(rows, np.int64)
        self.code = np.empty(rows, np.uint32)
        self.flags = np.empty(rows, np.uint32)
        self.counts = np.empty((rows, 4), np.int32)
        self.server = np.empty((rows, 4), np.int32)
        self.stored = np.empty((rows, 4), np.int32)
        bits = (n + 7) // 8
        self.packed = np.empty((rows, stride(n)), np.uint8)
        self.phase = np.zeros((rows, bits), np.uint8)
        self.haploid = np.zeros((rows, bits), np.uint8)
        self.server_missing = np.zeros((rows, bits), np.uint8)
        self.slow = np.empty(rows, np.uint8)
        self.ends = np.empty((4, rows), np.int64)
        self.blobs = np.empty((4, blob_bytes), np.uint8)
        self.change_row = np.empty((2, rows), np.int32)
        self.change_end = np.empty((2, rows), np.int64)
        self.change_blob = np.empty((2, changes), np.uint8)
        self.multi_row = np.empty(multi, np.int32)
        self.multi = np.empty((multi, 2, n), np.uint8)

    @property
    def rows(self) -> int:
        """Rows that are filled."""
        return int(self.state[Place.ROWS])

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All arrays in the order in which `_rows.c` takes them."""
        each = self.per_sample
        return (
            *(self.state, self.line, self.record, self.position, self.code, self.flags),
            *(self.counts, self.server, self.stored),
            *(self.packed, self.phase, self.haploid, self.server_missing, self.slow),
            *(self.ends, self.blobs, self.change_row, self.change_end, self.change_blob),
            *(self.multi_row, self.multi),
            *(each.het8, each.missing8, each.sums.het, each.sums.missing, each.codes),
        )

    def texts(self, column: int) -> Texts:
        """Identifiers (0), REF (1), ALT (2) or FILTER (3) of the filled rows; copied."""
        filled = int(self.state[Place.FILL + column])
        return Texts(self.blobs[column, :filled].copy(), self.ends[column, : self.rows])

    def changes(self, which: int) -> tuple[NDArray[np.int32], list[bytes]]:
        """The rows where CHROM (0) or FORMAT (1) differ from the row before, and what they say there."""
        count = int(self.state[Place.CHANGES + which])
        words = Texts(self.change_blob[which], self.change_end[which, :count])
        return self.change_row[which, :count], [words.raw(k) for k in range(count)]


class RowReader:
    """Reads pieces of whole lines into blocks, one block after another."""

    def __init__(self, samples: int, *, kernel: bool | None = None, lines_before: int = 0) -> None:
        """`kernel` False: NumPy; None: the extension where it is there."""
        self.compiled = kernel_in_use() if kernel is None else kernel and compiled is not None
        self.state = np.zeros(Place.SIZE, np.int64)
        self.state[Place.SAMPLES] = samples
        self.state[Place.LINES] = lines_before
        self.per_sample = SampleState(samples)
        self._blob_bytes = 1 << 18
        self.block = self._fresh()

    def _fresh(self) -> RowBlock:
        block = RowBlock(self.state, self.per_sample, self._blob_bytes)
        self._arrays = block.arrays()
        return block

    def start_block(self) -> None:
        """Begin a new block; the arrays of the last one stay as they are."""
        self.block = self._fresh()

    def fill(self, text: bytearray | memoryview, begin: int, stop: int) -> int:
        """Read lines until the end or until the block is full; gives how far it came."""
        if self.compiled and compiled is not None:
            at = int(compiled.fill(self._arrays, text, begin, stop))
        else:
            from app.genotypes.numpy_rows import fill

            at = fill(self.block, text, begin, stop)
        if at < stop and not self.block.rows:
            self._blob_bytes = max(2 * self._blob_bytes, 2 * int(self.state[Place.NEED]))
            self.start_block()
        return at

    @property
    def is_full(self) -> bool:
        """Whether to give the block away: no row more fits, or too few for what a call of NumPy costs."""
        capacity = int(self.state[Place.CAPACITY])
        return self.block.rows >= (capacity if self.compiled else capacity // 2)

    @property
    def lines(self) -> int:
        """Lines so far, with those before the first record."""
        return int(self.state[Place.LINES])

    @property
    def records(self) -> int:
        """Records so far, also such as were not understood."""
        return int(self.state[Place.RECORDS])

    @property
    def faults(self) -> dict[str, tuple[int, list[int]]]:
        """Broken lines by kind: how many, and the numbers of the first few."""
        counts = self.state[Place.FAULTS : Place.PLACES].tolist()
        places: Sequence[list[int]] = self.state[Place.PLACES :].reshape(-1, PLACES_KEPT).tolist()
        return {
            code: (count, lines[:count])
            for code, count, lines in zip(FAULT_CODES, counts, places, strict=True)
            if count
        }

    def het(self) -> NDArray[np.int64]:
        """Heterozygous genotypes of each sample so far."""
        return self.per_sample.sums.het + self.per_sample.het8

    def missing(self) -> NDArray[np.int64]:
        """Missing genotypes of each sample so far."""
        return self.per_sample.sums.missing + self.per_sample.missing8
