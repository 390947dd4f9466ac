"""Dosages in whole thousandths: packed on their way to the file, summed, and written as cells of a VCF.

The extension `_dosage_cells` does it where it was built; what stands here without it gives the same text and
the same sums. A haploid dosage is 0 to 1,000, MISSING, or ABSENT for the second one of a haploid person.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import ABSENT, MISSING

Thousandths = NDArray[np.int16]

DOSE_FORM = "GT:DS:HDS:GP"
EMPIRICAL_FORM = "GT:LDS"
LONGEST_CELL, LONGEST_EMPIRICAL = 40, 16  # letters, as in the extension
_MOST = 1000
_CODES = _MOST + 3  # with MISSING and ABSENT
_TEXT = [f"{value / 1000:g}" for value in range(2 * _MOST + 1)]
_LETTERS = {MISSING: ".", 0: "0", 1: "1"}


@functools.cache
def cells_kernel() -> ModuleType | None:
    """The extension; None where it is not there or HAPLODESK_NO_KERNEL is set."""
    if os.environ.get("HAPLODESK_NO_KERNEL", "") not in ("", "0"):
        return None
    try:
        from app.imputation import _dosage_cells
    except ImportError:
        return None
    return _dosage_cells


def thousandths(chances: NDArray[np.float32]) -> Thousandths:
    """Probabilities as whole thousandths. ValueError where one is none."""
    if not ((chances > -0.01) & (chances < 1.01)).all():
        raise ValueError("a dosage is no probability")
    return np.asarray(np.rint(np.clip(chances, 0.0, 1.0) * np.float32(1000.0)), dtype=np.int16)


def _rounded(chances: NDArray[np.float32] | Thousandths) -> Thousandths:
    if chances.dtype != np.int16:
        return thousandths(np.asarray(chances, dtype=np.float32))
    if ((chances < 0) | (chances > _MOST)).any():
        raise ValueError("a dosage is no probability")
    return np.asarray(chances, dtype=np.int16)


@dataclass(frozen=True, eq=False)
class Packed:
    """Rows of thousandths in windows of some rows: window i is `codes[ends[i - 1] : ends[i]]`."""

    codes: bytes
    ends: NDArray[np.int64]

    def window(self, number: int) -> bytes:
        """The codes of a window."""
        return self.codes[int(self.ends[number - 1]) if number else 0 : int(self.ends[number])]


def pack(chances: NDArray[np.float32] | Thousandths, window: int) -> Packed:
    """Pack probabilities [rows, columns], or thousandths of them, `window` rows for themselves.

    ValueError where one is no probability. Only this process can unpack them.
    """
    rows, columns = chances.shape
    windows = -(-rows // window)
    kernel = cells_kernel()
    if kernel is None:
        filled = np.minimum(window * np.arange(1, windows + 1, dtype=np.int64), rows)
        return Packed(_rounded(chances).tobytes(), 2 * columns * filled)
    codes = np.empty(rows * columns, dtype=np.uint16)
    ends = np.empty(windows, dtype=np.int64)
    pack_them = kernel.pack_thousandths if chances.dtype == np.int16 else kernel.pack
    many = pack_them(np.ascontiguousarray(chances), rows, columns, window, codes, ends)
    return Packed(codes[:many].tobytes(), 2 * ends)


def unpack(codes: bytes, out: Thousandths, first: int, columns: int) -> None:
    """Put packed windows into the columns of `out` [rows, width] from `first` on. ValueError if too few."""
    kernel = cells_kernel()
    if kernel is None:
        values = np.frombuffer(codes, dtype=np.int16)
        out[:, first : first + columns] = values.reshape(len(out), columns)
    else:
        kernel.unpack(codes, out, *out.shape, first, columns)


def sums(values: Thousandths) -> NDArray[np.int64]:
    """Of each row: how many are known, their sum, the sum of their squares, and of max(x, 1000 - x)."""
    kernel = cells_kernel()
    if kernel is not None and values.size:
        made = np.empty((len(values), 4), dtype=np.int64)
        kernel.sums(np.ascontiguousarray(values), *values.shape, made)
        return made
    known = values >= 0
    whole = np.where(known, values, 0).astype(np.int64)
    score = np.where(known, np.maximum(whole, _MOST - whole), 0)
    columns = [known.sum(axis=1), whole.sum(axis=1), (whole * whole).sum(axis=1), score.sum(axis=1)]
    return np.stack(columns, axis=1).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of text, each with its end; `ends` int64 is where each stops."""

    text: memoryview | bytes
    ends: NDArray[np.int64]


def dose_lines(heads: Sequence[bytes], pairs: Thousandths) -> Lines:
    """Lines of a dose file: heads up to INFO, FORMAT, and a cell for each pair of [rows, 2 * people]."""
    kernel = cells_kernel()
    form = f"\t{DOSE_FORM}\t".encode()
    if kernel is None or not pairs.size:
        return _joined(heads, form, [_dose_cells(row) for row in pairs])
    return _made(kernel.dose_rows, (np.ascontiguousarray(pairs),), heads, form, LONGEST_CELL)


def empirical_lines(heads: Sequence[bytes], left_out: Thousandths, observed: NDArray[np.int8]) -> Lines:
    """Lines of an empirical dose file; both arrays are [rows, 2 * people]."""
    kernel = cells_kernel()
    form = f"\t{EMPIRICAL_FORM}\t".encode()
    if kernel is None or not left_out.size:
        rows = zip(left_out.tolist(), observed.tolist(), strict=True)
        return _joined(heads, form, [_empirical_cells(*row) for row in rows])
    arrays = np.ascontiguousarray(left_out), np.ascontiguousarray(observed)
    return _made(kernel.empirical_rows, arrays, heads, form, LONGEST_EMPIRICAL)


def _made(
    write: Callable[..., int],
    arrays: Sequence[NDArray[np.generic]],
    heads: Sequence[bytes],
    form: bytes,
    longest: int,
) -> Lines:
    rows, people = arrays[0].shape[0], arrays[0].shape[1] // 2
    ends = np.cumsum([len(head) for head in heads], dtype=np.int64)
    out = np.empty(int(ends[-1]) + rows * (people * longest + len(form) + 1) + 8, dtype=np.uint8)
    length = write(*arrays, b"".join(heads), ends, form, out, rows, people)
    return Lines(out[:length].data, ends)


def _joined(heads: Sequence[bytes], form: bytes, cells: Sequence[bytes]) -> Lines:
    lines = [head + form + cell + b"\n" for head, cell in zip(heads, cells, strict=True)]
    return Lines(b"".join(lines), np.cumsum([len(line) for line in lines], dtype=np.int64))


def _dose_cells(row: Thousandths) -> bytes:
    pairs = row.astype(np.int64) + 2
    codes, places = np.unique(pairs[0::2] * _CODES + pairs[1::2], return_inverse=True)
    table = np.array([_cell(code // _CODES - 2, code % _CODES - 2) for code in codes.tolist()], dtype=object)
    return b"\t".join(table[places].tolist())


def _cell(first: int, second: int) -> bytes:
    """`GT:DS:HDS:GP` of one person."""
    if first < 0 or second == MISSING:
        return b"." if second == ABSENT else b".|.:.:.:."
    if second == ABSENT:
        return f"{first >= 500:d}:{_TEXT[first]}:{_TEXT[first]}:{_TEXT[1000 - first]},{_TEXT[first]}".encode()
    none, both = ((_MOST - first) * (_MOST - second) + 500) // _MOST, (first * second + 500) // _MOST
    chances = f"{_TEXT[none]},{_TEXT[_MOST - none - both]},{_TEXT[both]}"
    genotype = f"{first >= 500:d}|{second >= 500:d}"
    return f"{genotype}:{_TEXT[first + second]}:{_TEXT[first]},{_TEXT[second]}:{chances}".encode()


def _empirical_cells(left_out: list[int], observed: list[int]) -> bytes:
    told = [_TEXT[each] if each >= 0 else "." for each in left_out]
    cells = []
    for i in range(0, len(observed), 2):
        first = _LETTERS[max(observed[i], MISSING)]
        if observed[i + 1] == ABSENT:
            cells.append(f"{first}:{told[i]}")
        else:
            cells.append(f"{first}|{_LETTERS[observed[i + 1]]}:{told[i]},{told[i + 1]}")
    return "\t".join(cells).encode()
