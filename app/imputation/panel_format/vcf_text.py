"""Rows of a phased VCF as numbers, by the extension in C where it is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.imputation.panel_format.kernel import extension, fast_codec

PLAIN, ODD, OTHER = 0, 1, 2  # of a row: 0 and 1 only; cannot be read; any alleles. In step with _codec.c
FIELDS = 10
_MOST_ALLELE = 254
_MOST_ROWS = 4096
_MOST_BYTES = 16 << 20


class RowReader:
    """Reads rows of people with a given ploidy, uint8 [people] of 1 and 2; arrays are used again.

    After `read`: `alleles` uint8 [rows, K], `kinds` [rows], and `fields` int64 [rows, 10]: where the columns
    before the cells end in the text (-1 in the ninth where there are none, or no GT in front), and the line.
    """

    def __init__(self, ploidy: NDArray[np.uint8]) -> None:
        self.ploidy = ploidy
        self.size = int(ploidy.sum())
        self._most = max(1, min(_MOST_ROWS, _MOST_BYTES // max(1, self.size)))
        self._alleles = np.empty((self._most, max(1, self.size)), dtype=np.uint8)
        self._fields = np.empty((self._most, FIELDS), dtype=np.int64)
        self._kinds = np.empty(self._most, dtype=np.uint8)
        self.alleles, self.fields, self.kinds = self._alleles[:0], self._fields[:0], self._kinds[:0]

    def read(self, text: bytes, at: int) -> int:
        """Read lines from `at` up to a header line, the end or a full array; where the next one begins."""
        arrays = self._alleles, self._fields, self._kinds
        work = extension.rows if fast_codec() else read_rows
        rows, at = work(text, at, self.ploidy, self.size, self._most, *arrays)
        self.alleles, self.fields, self.kinds = self._alleles[:rows], self._fields[:rows], self._kinds[:rows]
        return at


def read_rows(
    text: bytes,
    at: int,
    ploidy: NDArray[np.uint8],
    size: int,
    most: int,
    alleles: NDArray[np.uint8],
    fields: NDArray[np.int64],
    kinds: NDArray[np.uint8],
) -> tuple[int, int]:
    """What `_codec.rows` does: (rows, where the next line begins)."""
    row = 0
    while row < most and at < len(text) and text[at : at + 1] != b"#":
        end = text.find(b"\n", at)
        stop = len(text) if end < 0 else end
        following = len(text) if end < 0 else end + 1
        stop -= stop > at and text[stop - 1 : stop] == b"\r"
        kinds[row] = _read_row(text, at, stop, ploidy, alleles[row, :size], fields[row])
        row, at = row + 1, following
    return row, at


def _read_row(
    text: bytes,
    at: int,
    stop: int,
    ploidy: NDArray[np.uint8],
    alleles: NDArray[np.uint8],
    fields: NDArray[np.int64],
) -> int:
    columns = text[at:stop].split(b"\t", 9)
    fields[9], fields[8] = stop, -1
    ends = at + np.cumsum([len(column) + 1 for column in columns[:9]]) - 1
    fields[: len(ends)] = ends
    if len(columns) < 10 or columns[8].split(b":", 1)[0] != b"GT":
        fields[8] = -1
        return ODD
    cells = columns[9]
    if columns[8] == b"GT" and len(cells) == 4 * len(ploidy) - 1 and (ploidy == 2).all():
        block = np.frombuffer(cells + b"\t", dtype=np.uint8).reshape(-1, 4)
        if _is_plain(block):
            alleles[:] = (block[:, ::2] - 48).reshape(-1)
            return PLAIN
    found = _read_cells(cells.split(b"\t"), ploidy)
    if found is None:
        return ODD
    alleles[:] = found
    return OTHER


def _is_plain(block: NDArray[np.uint8]) -> bool:
    fixed = (block[:, 1] == ord("|")) & (block[:, 3] == ord("\t"))
    return bool(fixed.all() and ((block[:, 0] | 1) == 49).all() and ((block[:, 2] | 1) == 49).all())


def _read_cells(cells: list[bytes], ploidy: NDArray[np.uint8]) -> list[int] | None:
    """All alleles of a row, None when a cell has others than two phased ones, or one of the haploid."""
    if len(cells) != len(ploidy):
        return None
    found: list[int] = []
    for cell, many in zip(cells, ploidy.tolist(), strict=True):
        genotype = cell.split(b":", 1)[0]
        words = genotype.replace(b"/", b"|").split(b"|")
        if len(words) != many or not all(word.isdigit() and int(word) <= _MOST_ALLELE for word in words):
            return None
        if b"/" in genotype and int(words[0]) != int(words[1]):
            return None
        found += map(int, words)
    return found
