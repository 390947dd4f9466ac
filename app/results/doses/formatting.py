"""Haplotype dosages as the text of cells: three decimals, no zeros behind.

The slow way, whose text the kernel in C repeats. A figure is rounded once, to thousandths; DS is the sum of
the rounded haplotypes, GP the product, so all fields of a cell agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.results.doses.kernel import text_kernel

FIELDS = ("GT", "DS", "HDS", "GP", "LDS")
_CODES = {name: number for number, name in enumerate(FIELDS, 1)}  # in step with _dose_text.c
_LONGEST_CELL = 64
UNKNOWN = 1001  # thousandths that stand for a missing figure
ABSENT = 1002  # and for the second haplotype of a haploid call


@lru_cache(maxsize=1)
def _texts() -> tuple[str, ...]:
    """Thousandths as text, 0 to 2,000."""
    return tuple(f"{n / 1000:.3f}".rstrip("0").rstrip(".") for n in range(2001))


def thousandths(haplotypes: NDArray[np.float32]) -> NDArray[np.int16]:
    """int16 [..., 2]; a second NaN beside a figure stands for a haploid call. Figures must be in 0…1."""
    known = np.isfinite(haplotypes)
    scaled = np.rint(np.clip(haplotypes, 0, 1) * np.float32(1000))
    result = np.where(known, scaled, np.float32(UNKNOWN)).astype(np.int16)
    result[..., 1][known[..., 0] & ~known[..., 1]] = ABSENT
    return result


@dataclass(frozen=True)
class FormattedRows:
    """Whole lines with their ends; `stops[i]` is where line `i` ends."""

    text: bytes | memoryview
    stops: NDArray[np.int64]


def formatted_rows(
    heads: Sequence[bytes],
    fields: Sequence[str],
    haplotypes: NDArray[np.float32],
    genotypes: NDArray[np.int8] | None = None,
    *,
    kernel: bool | None = None,
) -> FormattedRows:
    """Lines of heads and cells, by the kernel when it is there. Arguments as of `rows_of_cells`."""
    fast = text_kernel(kernel)
    samples = haplotypes.shape[1]
    if fast is None or not samples or not heads:
        cells = rows_of_cells(fields, haplotypes, genotypes) if samples else [b""] * len(heads)
        lines = [head + row + b"\n" for head, row in zip(heads, cells, strict=True)]
        return FormattedRows(b"".join(lines), np.cumsum(np.fromiter(map(len, lines), np.int64, len(lines))))
    stops = np.cumsum(np.fromiter(map(len, heads), np.int64, len(heads)))
    out = np.empty(int(stops[-1]) + len(heads) * (samples * _LONGEST_CELL + 1), np.uint8)
    words = bytes(_CODES[name] for name in fields)
    pairs = np.ascontiguousarray(haplotypes, np.float32)
    calls = b"" if genotypes is None else np.ascontiguousarray(genotypes, np.int8)
    written = fast.format(words, pairs, calls, b"".join(heads), stops, out, len(heads), samples)
    return FormattedRows(memoryview(out.data)[:written], stops)


def rows_of_cells(
    fields: Iterable[str], haplotypes: NDArray[np.float32], genotypes: NDArray[np.int8] | None = None
) -> list[bytes]:
    """The cells of each row, joined by tabs. `genotypes` give GT in the place of rounded haplotypes."""
    names = tuple(fields)
    figures = thousandths(haplotypes).astype(np.int64)
    keys = figures[..., 0] * 1003 + figures[..., 1]
    calls = np.full(haplotypes.shape, 3, np.int64) if genotypes is None else genotypes.astype(np.int64)
    keys = (keys * 8 + calls[..., 0] + 2) * 8 + calls[..., 1] + 2
    return [b"\t".join([_cell(names, key) for key in row]) for row in keys.tolist()]


@lru_cache(maxsize=1 << 17)
def _cell(names: tuple[str, ...], key: int) -> bytes:
    """One cell. `key` is made of both thousandths and both alleles of GT (5: from the haplotypes)."""
    key, second_call = divmod(key, 8)
    key, first_call = divmod(key, 8)
    first, second = divmod(key, 1003)
    return ":".join(_field(name, first, second, (first_call - 2, second_call - 2)) for name in names).encode()


def _field(name: str, first: int, second: int, calls: tuple[int, int]) -> str:
    if name == "GT":
        return _genotype(first, second, calls)
    if name in ("HDS", "LDS"):
        pair = [first] if second == ABSENT else [first, second]
        return ",".join("." if n == UNKNOWN else _texts()[n] for n in pair) if pair != [UNKNOWN] * 2 else "."
    if UNKNOWN in (first, second):
        return "."
    if name == "DS":
        return _texts()[first + (0 if second == ABSENT else second)]
    return ",".join(_texts()[n] for n in _probabilities(first, second))


def _genotype(first: int, second: int, calls: tuple[int, int]) -> str:
    if calls != (3, 3):
        return "|".join("." if call == -1 else str(call) for call in calls if call != -2)
    pair = [first] if second == ABSENT else [first, second]
    return "|".join("." if n == UNKNOWN else str(int(n >= 500)) for n in pair)


def _probabilities(first: int, second: int) -> tuple[int, ...]:
    if second == ABSENT:
        return 1000 - first, first
    both, het = first * second, first * (1000 - second) + second * (1000 - first)
    none = (1000 - first) * (1000 - second)
    return (none + 500) // 1000, (het + 500) // 1000, (both + 500) // 1000
