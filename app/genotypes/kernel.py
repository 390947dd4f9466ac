"""Counting genotypes of many samples in NumPy.

Nearly every cell of an array file is one of five words of four bytes: `0/0⇥ 0/1⇥ 1/0⇥ 1/1⇥ ./.⇥`. Rows whose
cells all have four bytes are compared as 32-bit numbers, which is exact and as fast as memory; a row in which
the five words do not account for every cell is read again, more slowly, by `count_cells`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 255  # the per-sample counters are single bytes until they are added up
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int32]

_SLASH, _PIPE, _DOT, _TAB, _COLON, _ZERO = b"/|.\t:0"


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


class FixedKernel:
    """Counts rows of `samples` four-byte cells, at most `rows` at once; keeps its buffers between calls."""

    def __init__(self, samples: int, rows: int = ROWS_AT_ONCE) -> None:
        self.samples = samples
        self.rows = min(rows, ROWS_AT_ONCE)
        padded = -(-samples // 64) * 64
        self._flags = np.zeros((4, self.rows, padded), bool)
        self._other = np.zeros((self.rows, samples), bool)

    def count(self, block: Bytes, per_sample: SampleCounts) -> tuple[Counts, NDArray[np.bool_]]:
        """Counts of a block (at most `rows` rows, 4 × samples bytes; the last byte of a row is made a tab).

        Gives (4, rows) counts hom-ref, het, hom-alt, missing, and which rows were fully understood; only
        those were added to `per_sample`.
        """
        rows = len(block)
        block[:, -1] = _TAB
        cells = block.view("<u4")
        counts = self._compare(cells, _PHASED if block[0, 1] == _PIPE else _UNPHASED)
        clean: NDArray[np.bool_] = counts.sum(axis=0) == self.samples
        if not clean.all():
            self._flags[:, :rows][:, ~clean] = False
        per_sample.het += self._down(self._flags[1, :rows])
        per_sample.missing += self._down(self._flags[3, :rows])
        return counts, clean

    def _compare(self, cells: NDArray[np.uint32], words: tuple[int, ...]) -> Counts:
        rows, n = len(cells), self.samples
        ref, het, alt, missing = self._flags
        other = self._other[:rows]
        np.equal(cells, np.uint32(words[0]), out=ref[:rows, :n])
        np.equal(cells, np.uint32(words[1]), out=het[:rows, :n])
        np.equal(cells, np.uint32(words[2]), out=other)
        np.logical_or(het[:rows, :n], other, out=het[:rows, :n])
        np.equal(cells, np.uint32(words[3]), out=alt[:rows, :n])
        np.equal(cells, np.uint32(words[4]), out=missing[:rows, :n])
        return np.stack([self._across(flags[:rows]) for flags in self._flags])

    @staticmethod
    def _across(flags: NDArray[np.bool_]) -> Counts:
        bits = np.packbits(flags, axis=1).view(np.uint64)
        result: Counts = np.bitwise_count(bits).sum(axis=1, dtype=np.int32)
        return result

    def _down(self, flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
        lanes = np.add.reduce(flags.view(np.uint64), axis=0)
        result: NDArray[np.uint8] = lanes.view(np.uint8)[: self.samples]
        return result


@dataclass
class CellCounts:
    """One row read cell by cell. `highest` is the largest allele index; `bad` cells cannot be understood."""

    ref: int = 0
    het: int = 0
    alt: int = 0
    missing: int = 0
    half: int = 0
    haploid: int = 0
    bad: int = 0
    highest: int = 0
    slashes: int = 0
    pipes: int = 0


def count_cells(row: Bytes, starts: NDArray[np.intp], per_sample: SampleCounts) -> CellCounts:
    """Count the GT at each cell start of a row (GT first in its cell; the row is padded by 4 tabs).

    Cells of one and of three characters go through NumPy, all others through Python.
    """
    first, middle, last, after = (row[starts + k] for k in range(4))
    separated = (middle == _SLASH) | (middle == _PIPE)
    plain = separated & _is_allele(first) & _is_allele(last) & ((after == _TAB) | (after == _COLON))
    result = CellCounts(
        slashes=int((middle[plain] == _SLASH).sum()), pipes=int((middle[plain] == _PIPE).sum())
    )
    single = _is_allele(first) & ((middle == _TAB) | (middle == _COLON))
    gap_a, gap_b = first == _DOT, last == _DOT
    missing = plain & gap_a & gap_b | single & gap_a
    half = plain & (gap_a != gap_b)
    called = plain & ~gap_a & ~gap_b
    het = called & (first != last)
    same = called & ~het | single & ~gap_a
    _add(result, same & (first == _ZERO), het, same & (first != _ZERO), missing, half)
    result.haploid = int(single.sum())
    digits = np.concatenate([first[(plain | single) & ~gap_a], last[plain & ~gap_b]])
    result.highest = int(digits.max()) - _ZERO if len(digits) else 0
    per_sample.missing += missing
    per_sample.het += het
    for index in np.flatnonzero(~(plain | single)):
        _count_odd(_cell_text(row, int(starts[index])), int(index), result, per_sample)
    return result


def _add(
    result: CellCounts,
    ref: NDArray[np.bool_],
    het: NDArray[np.bool_],
    alt: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    half: NDArray[np.bool_],
) -> None:
    result.ref, result.het, result.alt = int(ref.sum()), int(het.sum()), int(alt.sum())
    result.missing, result.half = int(missing.sum()), int(half.sum())


def _is_allele(byte: Bytes) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (byte == _DOT) | ((byte >= _ZERO) & (byte <= _ZERO + 9))
    return result


def _cell_text(row: Bytes, start: int) -> bytes:
    cell = row[start : start + 64].tobytes()
    return cell.split(b"\t", 1)[0].split(b":", 1)[0]


def _count_odd(text: bytes, index: int, result: CellCounts, per_sample: SampleCounts) -> None:
    alleles = text.replace(b"|", b"/").split(b"/")
    result.slashes += text.count(b"/")
    result.pipes += text.count(b"|")
    if not all(each == b"." or (each.isdigit() and len(each) < 6) for each in alleles):
        result.bad += 1
        return
    result.haploid += len(alleles) == 1
    called = [int(each) for each in alleles if each != b"."]
    result.highest = max([result.highest, *called])
    if not called:
        result.missing += 1
        per_sample.missing[index] += 1
    elif len(called) < len(alleles):
        result.half += 1
    elif len(set(called)) > 1:
        result.het += 1
        per_sample.het[index] += 1
    else:
        result.ref += called[0] == 0
        result.alt += called[0] > 0
