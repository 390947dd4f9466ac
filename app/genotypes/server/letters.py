"""Genotypes as the server counts them: by the letters 0, 1 and . in the text of a cell (7.12 A).

Rows of four-byte cells are compared as 32-bit numbers, as in `kernel.py`; other rows go one by one through
NumPy. The rules were checked against the program of the server: exactly two 0, or one 0 and no 1, is hom-ref;
missing is two dots, or one dot without 0 and 1 (`./2` too); a cell too short for GT is called, and nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.rows import Bytes, windows
from app.genotypes.server.upload_rows import Batch

Counts = NDArray[np.int32]
Bits = NDArray[np.bool_]
_ROWS_AT_ONCE = 128
_TAB, _COLON, _ZERO, _ONE, _DOT, _BAR = b"\t:01.|"


def _words(separator: str) -> NDArray[np.uint32]:
    cells = (f"{a}{separator}{b}\t" for a, b in ("00", "01", "10", "11", ".."))
    return np.array([int.from_bytes(each.encode(), "little") for each in cells], np.uint32)


_UNPHASED, _PHASED = _words("/"), _words("|")


@dataclass
class Genotypes:
    """Counts of a batch: hom-ref, het, hom-alt, missing a row; `cells` genotypes a row; `fault` a row.

    A fault is the server's complaint, without the place, for rows that it cannot read.
    """

    counts: Counts
    cells: NDArray[np.int64]
    faults: dict[int, str]
    samples: int
    _batch: Batch
    _slow: dict[int, Bits] = field(default_factory=dict)

    def is_plain(self, row: int) -> bool:
        """Whether every genotype of a row has two alleles that are 0 or 1, or two dots."""
        return row not in self._slow and row not in self.faults

    def missing(self, rows: NDArray[np.intp]) -> Bits:
        """[rows, samples]: which genotypes of some rows are missing."""
        result = np.zeros((len(rows), self.samples), bool)
        is_slow = np.array([int(row) in self._slow for row in rows], bool)
        for place in np.flatnonzero(is_slow).tolist():
            result[place] = self._slow[int(rows[place])]
        quick = np.flatnonzero(~is_slow & (self.counts[rows, 3] > 0))
        for at in range(0, len(quick), _ROWS_AT_ONCE):
            part = quick[at : at + _ROWS_AT_ONCE]
            cells = _fixed_cells(self._batch, rows[part], self.samples)
            result[part] = (cells == _UNPHASED[4]) | (cells == _PHASED[4])
        return result

    def called_of_samples(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """How many of some rows are called, for each sample."""
        called: NDArray[np.int64] = np.full(self.samples, len(rows), np.int64)
        gaps = rows[self.counts[rows, 3] > 0]
        for at in range(0, len(gaps), _ROWS_AT_ONCE):
            called -= self.missing(gaps[at : at + _ROWS_AT_ONCE]).sum(axis=0, dtype=np.int64)
        return called


def read_genotypes(batch: Batch, samples: int) -> Genotypes:
    """Count the genotypes of all rows of a batch."""
    rows = len(batch)
    result = Genotypes(np.zeros((rows, 4), np.int32), np.full(rows, samples, np.int64), {}, samples, batch)
    quick = _is_fixed(batch, samples)
    slow = [np.flatnonzero(~quick)]
    chosen = np.flatnonzero(quick)
    for at in range(0, len(chosen), _ROWS_AT_ONCE):
        slow.append(_count_fixed(batch, chosen[at : at + _ROWS_AT_ONCE], result))
    for row in np.concatenate(slow):
        _count_slowly(batch, int(row), result)
    return result


def _is_fixed(batch: Batch, samples: int) -> Bits:
    tabs, text = batch.rows.tabs, batch.rows.text
    at = tabs[:, 7] + 1
    only_gt = (tabs[:, 8] - at == 2) & (text[at] == ord("G")) & (text[at + 1] == ord("T"))
    result: Bits = only_gt & (batch.rows.end - tabs[:, 8] == 4 * samples) & (samples > 0)
    return result


def _fixed_cells(batch: Batch, rows: NDArray[np.intp], samples: int) -> NDArray[np.uint32]:
    block = windows(batch.rows.text, batch.rows.tabs[rows, 8] + 1, 4 * samples)
    block[:, -1] = _TAB
    cells: NDArray[np.uint32] = block.view("<u4")
    return cells


def _count_fixed(batch: Batch, rows: NDArray[np.intp], into: Genotypes) -> NDArray[np.intp]:
    """Counts rows of four-byte cells; gives those that hold other words."""
    cells = _fixed_cells(batch, rows, into.samples)
    phased = batch.rows.text[batch.rows.tabs[rows, 8] + 2] == _BAR
    found = np.empty((len(rows), 5), np.int32)
    for is_phased, words in ((False, _UNPHASED), (True, _PHASED)):
        part = np.flatnonzero(phased == is_phased)
        if len(part):
            these = cells if len(part) == len(rows) else cells[part]
            found[part] = np.stack([_across(these == word) for word in words], axis=1)
    clean = found.sum(axis=1) == into.samples
    done = rows[clean]
    into.counts[done] = np.stack(
        [found[clean, 0], found[clean, 1] + found[clean, 2], found[clean, 3], found[clean, 4]], axis=1
    )
    rest: NDArray[np.intp] = rows[~clean]
    return rest


def _across(flags: Bits) -> Counts:
    samples = flags.shape[1]
    whole = samples // 8 * 8
    lanes = np.ascontiguousarray(flags[:, :whole]).view(np.uint64)
    result: Counts = np.bitwise_count(lanes).sum(axis=1, dtype=np.int32)
    result += flags[:, whole:].sum(axis=1, dtype=np.int32)
    return result


def _count_slowly(batch: Batch, row: int, into: Genotypes) -> None:
    keys = batch.rows.field(row, 8)
    before, found, _ = keys.partition(b"GT")
    if not found:
        into.faults[row] = "No GT field found in FORMAT column."
        return
    text = batch.rows.text[batch.rows.tabs[row, 8] + 1 : batch.rows.end[row]]
    start, end = cell_edges(text)
    into.cells[row] = len(start)
    if len(start) > into.samples:
        into.faults[row] = f"Index {into.samples} out of bounds for length {into.samples}"
        return
    if len(start) < into.samples:
        number = int(batch.number[row])
        into.faults[row] = f"Line {number}: different number of samples."
        return
    _count_cells(text, start, end, before.count(b":"), row, into)


def count_first(batch: Batch, row: int, into: Genotypes) -> None:
    """Count a row with too many columns by the first of them, as a rewriting leaves it."""
    text = batch.rows.text[batch.rows.tabs[row, 8] + 1 : batch.rows.end[row]]
    start, end = cell_edges(text)
    place = batch.rows.field(row, 8).partition(b"GT")[0].count(b":")
    del into.faults[row]
    into.cells[row] = into.samples
    _count_cells(text, start[: into.samples], end[: into.samples], place, row, into)


def _count_cells(
    text: Bytes, start: NDArray[np.int64], end: NDArray[np.int64], place: int, row: int, into: Genotypes
) -> None:
    zeros, ones, dots = _letters(text, start, end, place)
    ref = (zeros == 2) | ((zeros == 1) & (ones == 0))
    alt = ~ref & ((ones == 2) | ((ones == 1) & (zeros == 0)))
    het = ~ref & ~alt & (zeros == 1) & (ones == 1)
    missing = (dots == 2) | ((dots == 1) & (zeros == 0) & (ones == 0))
    into.counts[row] = ref.sum(), het.sum(), alt.sum(), missing.sum()
    into._slow[row] = missing


def cell_edges(text: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each genotype begins and ends; an empty last one is none."""
    tabs = np.flatnonzero(text == _TAB)
    start = np.concatenate([[0], tabs + 1]).astype(np.int64)
    end = np.append(tabs, len(text)).astype(np.int64)
    return (start[:-1], end[:-1]) if start[-1] == len(text) else (start, end)


def _letters(
    text: Bytes, start: NDArray[np.int64], end: NDArray[np.int64], place: int
) -> tuple[NDArray[np.int64], ...]:
    """How often 0, 1 and . stand in the so-manieth subfield of each cell."""
    low, high = subfields(text, start, end, place)
    sums = []
    for letter in (_ZERO, _ONE, _DOT):
        total = np.concatenate([[0], np.cumsum(text == letter)])
        sums.append(total[high] - total[low])
    return tuple(sums)


def subfields(
    text: Bytes, start: NDArray[np.int64], end: NDArray[np.int64], place: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Begin and end of a subfield of each cell; equal where the cell has not so many."""
    colons = np.flatnonzero(text == _COLON)
    if not len(colons):
        return (start, end) if place == 0 else (end, end)
    colons = np.append(colons, [len(text) + 1]).astype(np.int64)
    first = np.searchsorted(colons, start)
    low = start
    if place:
        at = np.minimum(first + place - 1, len(colons) - 1)
        low = np.minimum(colons[at] + 1, end)
    high = np.minimum(colons[np.minimum(first + place, len(colons) - 1)], end)
    return low, np.maximum(low, high)
