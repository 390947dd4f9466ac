"""Counting genotypes of many samples in NumPy, for machines without the extension in C.

Nearly every cell of an array file is one of five words of four bytes: `0/0⇥ 0/1⇥ 1/0⇥ 1/1⇥ ./.⇥`. Rows whose
cells all have four bytes are compared as 32-bit numbers, which is exact and as fast as memory; a row in which
the five words do not account for every cell is read again, more slowly, by `slow_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 255  # the per-sample counters are single bytes until they are added up
# Each bit of a byte moves to twice its place: shifts, and what is kept of the bytes.
_SPREADING = [
    (np.uint64(places), np.uint64(kept * 0x0001000100010001))
    for places, kept in ((4, 0x0F0F), (2, 0x3333), (1, 0x5555))
]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int32]
Lanes = NDArray[np.uint64]

_TAB = ord("\t")
_WIDE = 2000  # bytes of a row from which a copy of its own is faster than NumPy's indexing


def _words(separator: str) -> tuple[int, ...]:
    cells = (
        f"0{separator}0\t",
        f"0{separator}1\t",
        f"1{separator}0\t",
        f"1{separator}1\t",
        f".{separator}.\t",
    )
    return tuple(int.from_bytes(cell.encode(), "little") for cell in cells)


_UNPHASED, _PHASED = _words("/"), _words("|")


@dataclass
class SampleCounts:
    """Per sample, over all rows so far."""

    missing: NDArray[np.int64]
    het: NDArray[np.int64]

    @classmethod
    def zero(cls, samples: int) -> SampleCounts:
        """Nothing counted yet."""
        return cls(np.zeros(samples, np.int64), np.zeros(samples, np.int64))


@dataclass
class FixedRows:
    """Rows of four-byte cells: [rows, 4] counts, which rows were understood, packed codes, phase bits."""

    counts: Counts
    clean: NDArray[np.bool_]
    packed: Bytes
    phase: Bytes | None

    @property
    def all_clean(self) -> bool:
        """Whether every row was understood."""
        return bool(self.clean.all())


def byte_lanes(samples: int) -> Lanes:
    """A byte a sample that eight at once can be added to, all zero."""
    return np.zeros(-(-samples // 64) * 8, np.uint64)


class FixedKernel:
    """Counts rows of `samples` four-byte cells, at most `rows` at once; keeps its buffers between calls.

    All buffers together are meant to stay in the processor's cache: choose `rows` by that.
    """

    def __init__(self, samples: int, rows: int, counters: tuple[Lanes, Lanes]) -> None:
        """`counters`: of het and of missing genotypes, a byte a sample (`byte_lanes`); see `count`."""
        self.samples = samples
        self.rows = max(1, min(rows, ROWS_AT_ONCE))
        self._since = 0  # rows in the counters
        self._counters = counters
        self._cells = np.empty((self.rows, samples), "<u4")
        self._flags = np.zeros((5, self.rows, 8 * len(counters[0])), bool)

    def count(self, text: Bytes, begins: NDArray[np.int64], phased: bool, samples: SampleCounts) -> FixedRows:
        """Read rows of 4 × `samples` bytes that begin at some places of a text, the last byte as a tab.

        All cells must have a bar (`phased`) or all a slash. Only rows that were understood are added to the
        counters; what these hold goes to `samples` before it could be too much for a byte. The other rows of
        the answer mean nothing.
        """
        rows = len(begins)
        cells = self._copied(text, begins)
        words = _PHASED if phased else _UNPHASED
        self._compare(cells, words)
        if phased:
            self._add_turned(cells, words)
        bits, counts, clean = self._result(rows)
        if not phased and not clean.all():  # `1/0` is rare where genotypes have no phase
            self._add_turned(cells, words)
            bits, counts, clean = self._result(rows)
        if not clean.all():
            self._flags[:, :rows][:, ~clean] = False
        self._add(rows, samples)
        phase = np.packbits(self._flags[4, :rows], axis=1, bitorder="little") if phased else None
        return FixedRows(counts, clean, _two_bits(bits)[:, : (self.samples + 3) // 4], phase)

    def _copied(self, text: Bytes, begins: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The rows below one another, as numbers."""
        cells, width = self._cells[: len(begins)], 4 * self.samples
        single = cells.view(np.uint8)
        if width < _WIDE:
            every = np.ndarray((len(text) - width + 1, width), np.uint8, buffer=text.data, strides=(1, 1))
            single[:] = every[begins]
        else:
            for row, begin in zip(single, begins.tolist(), strict=True):
                row[:] = text[begin : begin + width]
        single[:, -1] = _TAB
        return cells

    def _compare(self, cells: NDArray[np.uint32], words: tuple[int, ...]) -> None:
        """Set the flags of hom-ref, het `0/1`, hom-alt and missing."""
        rows, n = cells.shape
        for place, word in zip(range(4), (words[0], words[1], words[3], words[4]), strict=True):
            np.equal(cells, np.uint32(word), out=self._flags[place, :rows, :n])

    def _add_turned(self, cells: NDArray[np.uint32], words: tuple[int, ...]) -> None:
        """Set the flags of `1/0` and put them to those of het."""
        rows, n = cells.shape
        turned, het = self._flags[4, :rows], self._flags[1, :rows]
        np.equal(cells, np.uint32(words[2]), out=turned[:, :n])
        np.logical_or(het, turned, out=het)

    def _result(self, rows: int) -> tuple[Bytes, Counts, NDArray[np.bool_]]:
        """The flags as bits, the counts of each row, and whether the words account for every cell."""
        bits = np.packbits(self._flags[:4, :rows], axis=2, bitorder="little")
        counts = np.bitwise_count(bits.view(np.uint64)).sum(axis=2, dtype=np.int32).T
        return bits, counts, counts.sum(axis=1) == self.samples

    def _add(self, rows: int, samples: SampleCounts) -> None:
        het, missing = self._counters
        if self._since + rows > ROWS_AT_ONCE:
            samples.het += het.view(np.uint8)[: self.samples]
            samples.missing += missing.view(np.uint8)[: self.samples]
            het[:] = missing[:] = 0
            self._since = 0
        flags = self._flags.view(np.uint64)
        het += np.add.reduce(flags[1, :rows], axis=0)
        missing += np.add.reduce(flags[3, :rows], axis=0)
        self._since += rows


def _two_bits(bits: Bytes) -> Bytes:
    """Codes in two bits: a low bit for het, a high one for hom-alt, both for missing."""
    codes = (bits[1:3] | bits[3]).astype("<u2").view(np.uint64)  # wide words: NumPy shifts them faster
    moved = np.empty_like(codes)
    for places, kept in _SPREADING:
        np.left_shift(codes, places, out=moved)
        np.bitwise_or(codes, moved, out=codes)
        np.bitwise_and(codes, kept, out=codes)
    np.left_shift(codes[1], np.uint64(1), out=moved[1])
    np.bitwise_or(codes[0], moved[1], out=moved[0])
    result: Bytes = moved[0].view(np.uint8)
    return result
