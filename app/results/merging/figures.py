"""Figures of a variant from its haplotype dosages: as sums, so that those of several batches can be added.

Dosages are counted in whole thousandths, as they are written; R2 is the variance of the haplotype dosages
over p (1 - p) and comes out the same whether it is computed on all people or added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_CELLS_AT_ONCE = 1 << 21
_ONE = 1000.0
_SQUARE = _ONE * _ONE

INFO_HEADER = (
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Estimated ALT allele frequency">',
    '##INFO=<ID=MAF,Number=A,Type=Float,Description="Estimated minor allele frequency">',
    '##INFO=<ID=R2,Number=A,Type=Float,Description="Estimated imputation accuracy (R-square)">',
)


@dataclass(frozen=True, eq=False)
class Moments:
    """Known haplotypes, and sums of their thousandths and of the squares, [variants] each; whole numbers."""

    known: Doubles
    total: Doubles
    squares: Doubles

    @classmethod
    def of(cls, haplotypes: NDArray[np.float32]) -> Self:
        """Of dosages 0…1, [variants, haplotypes], NaN where there is none."""
        rows, width = haplotypes.shape
        sums = np.zeros((3, rows))
        step = max(1, _CELLS_AT_ONCE // max(1, width))
        for first in range(0, rows, step):
            values = np.rint(haplotypes[first : first + step] * np.float32(_ONE))
            known = ~np.isnan(values)
            values[~known] = 0
            here = slice(first, first + step)
            sums[0, here] = known.sum(axis=1)
            sums[1, here] = values.sum(axis=1, dtype=np.float64)
            sums[2, here] = np.einsum("ij,ij->i", values, values, dtype=np.float64)
        return cls(*sums)

    @classmethod
    def nothing(cls, variants: int) -> Self:
        """Of nobody."""
        return cls(*np.zeros((3, variants)))

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.known + other.known, self.total + other.total, self.squares + other.squares)

    def take(self, rows: NDArray[np.intp]) -> Moments:
        """Some variants; nobody's where the row is -1."""
        has = rows >= 0
        return Moments(*(np.where(has, each[rows], 0.0) for each in (self.known, self.total, self.squares)))

    @property
    def frequency(self) -> Doubles:
        """Of ALT; NaN where nobody is known."""
        frequency = np.full(len(self.known), np.nan)
        np.divide(self.total, _ONE * self.known, out=frequency, where=self.known > 0)
        return frequency

    @property
    def minor(self) -> Doubles:
        """Minor allele frequency."""
        frequency = self.frequency
        return np.asarray(np.minimum(frequency, 1 - frequency), dtype=np.float64)

    @property
    def r2(self) -> Doubles:
        """Estimated accuracy; 0 where all haplotypes are certainly the same, NaN where nobody is known."""
        spread = self.known * self.squares - self.total**2
        chance = self.total * (_ONE * self.known - self.total)
        accuracy = np.where(self.known > 0, 0.0, np.nan)
        np.divide(spread, chance, out=accuracy, where=chance > 0)
        return accuracy


def info_texts(moments: Moments, more: Sequence[str]) -> list[str]:
    """INFO of each variant: AF, MAF and R2, and what else is said of it."""
    columns = zip(moments.frequency.tolist(), moments.minor.tolist(), moments.r2.tolist(), more, strict=True)
    return [
        f"AF={af:.7g};MAF={maf:.7g};R2={r2:.7g}{';' if rest else ''}{rest}" if af == af else rest or "."
        for af, maf, r2, rest in columns
    ]
