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
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int32]

_TAB = ord("\t")


def _words(separator: str) -> tuple[int, ...]:
    cells = (
        f"0{separator}0\t",
        f"0{separator}1\t",
        f"1{separator}0\t",
        f"1{separator}1\t",
        f".{separator}.\t",
    )
    return tuple(int.from_bytes(cell.encode(), "little") for cell in cells)


# Each bit of a byte moved to twice its place, so that two bytes can be laid into each other.
_SPREAD = np.array([sum((n >> k & 1) << 2 * k for k in range(8)) for n in range(256)], np.uint16)
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


class FixedKernel:
    """Counts rows of `samples` four-byte cells, at most `rows` at once; keeps its buffers between calls."""

    def __init__(self, samples: int, rows: int = ROWS_AT_ONCE) -> None:
        self.samples = samples
        self.rows = max(1, min(rows, ROWS_AT_ONCE))
        padded = -(-samples // 64) * 64
        self._flags = np.zeros((4, self.rows, padded), bool)
        self._other = np.zeros((self.rows, samples), bool)

    def count(
        self, block: Bytes, phased: bool, het: NDArray[np.int64], missing: NDArray[np.int64]
    ) -> FixedRows:
        """Read a block (at most `rows` rows, 4 × samples bytes; the last byte of a row is made a tab).

        All cells must have a bar (`phased`) or all a slash. Only rows that were understood are added to the
        counts a sample, `het` and `missing`; the other rows of the answer mean nothing.
        """
        rows = len(block)
        block[:, -1] = _TAB
        bits = self._compare(block.view("<u4"), _PHASED if phased else _UNPHASED)
        counts = np.bitwise_count(bits.view(np.uint64)).sum(axis=2, dtype=np.int32).T
        clean: NDArray[np.bool_] = counts.sum(axis=1) == self.samples
        if not clean.all():
            self._flags[:, :rows][:, ~clean] = False
        het += self._down(self._flags[1, :rows])
        missing += self._down(self._flags[3, :rows])
        phase = np.packbits(self._other[:rows], axis=1, bitorder="little") if phased else None
        return FixedRows(counts, clean, self._packed(bits), phase)

    def _compare(self, cells: NDArray[np.uint32], words: tuple[int, ...]) -> Bytes:
        """Sets the flags; gives them as bits, [4, rows, bytes], the first sample in the lowest bit."""
        rows, n = len(cells), self.samples
        flags = self._flags[:, :rows]
        for place, word in zip(range(4), (words[0], words[1], words[3], words[4]), strict=True):
            np.equal(cells, np.uint32(word), out=flags[place, :, :n])
        bits = np.packbits(flags, axis=2, bitorder="little")
        found = np.bitwise_count(bits.view(np.uint64)).sum(axis=(0, 2), dtype=np.int64)
        if words is _PHASED or (found != n).any():  # `1/0` is rare where genotypes have no phase
            other = self._other[:rows]
            np.equal(cells, np.uint32(words[2]), out=other)
            np.logical_or(flags[1, :, :n], other, out=flags[1, :, :n])
            bits[1] = np.packbits(flags[1], axis=1, bitorder="little")
        return bits

    def _packed(self, bits: Bytes) -> Bytes:
        """Codes in two bits: a low bit for het, a high one for hom-alt, both for missing."""
        _, het, alt, missing = bits
        pairs = _SPREAD[het | missing] | _SPREAD[alt | missing] << np.uint16(1)
        result: Bytes = pairs.astype("<u2", copy=False).view(np.uint8)[:, : (self.samples + 3) // 4]
        return result

    def _down(self, flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
        lanes = np.add.reduce(flags.view(np.uint64), axis=0)
        result: NDArray[np.uint8] = lanes.view(np.uint8)[: self.samples]
        return result
