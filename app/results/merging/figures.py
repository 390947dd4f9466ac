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

INFO_HEADER = (
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Estimated ALT allele frequency">',
    '##INFO=<ID=MAF,Number=A,Type=Float,Description="Estimated minor allele frequency">',
    '##INFO=<ID=R2,Number=A,Type=Float,Description="Estimated imputation accuracy (R-square)">',
)


@dataclass(frozen=True, eq=False)
class Moments:
    """Known haplotypes, and sums of their thousandths and of the squares, [variants] each; whole numbers.

    With `most` 2 each value is the dosage of a person (0…2), where there are none of haplotypes.
    """

    known: Doubles
    total: Doubles
    squares: Doubles
    most: int = 1

    @classmethod
    def of(cls, haplotypes: NDArray[np.float32], most: int = 1) -> Self:
        """Of dosages 0…`most`, [variants, haplotypes or people], NaN where there is none."""
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
        return cls(sums[0], sums[1], sums[2], most)

    def __add__(self, other: Moments) -> Moments:
        sums = self.known + other.known, self.total + other.total, self.squares + other.squares
        return Moments(*sums, self.most)

    def __sub__(self, other: Moments) -> Moments:
        sums = self.known - other.known, self.total - other.total, self.squares - other.squares
        return Moments(*sums, self.most)

    def take(self, rows: NDArray[np.intp]) -> Moments:
        """Some variants; nobody's where the row is -1."""
        has = rows >= 0
        known, total, squares = (
            np.where(has, each[rows], 0.0) for each in (self.known, self.total, self.squares)
        )
        return Moments(known, total, squares, self.most)

    @property
    def frequency(self) -> Doubles:
        """Of ALT; NaN where nobody is known."""
        frequency = np.full(len(self.known), np.nan)
        np.divide(self.total, self.most * _ONE * self.known, out=frequency, where=self.known > 0)
        return frequency

    @property
    def minor(self) -> Doubles:
        """Minor allele frequency."""
        frequency = self.frequency
        return np.asarray(np.minimum(frequency, 1 - frequency), dtype=np.float64)

    @property
    def error(self) -> Doubles:
        """Variance of the frequency as an estimate from so many haplotypes; 0 where nobody is known."""
        many = np.maximum(self.known, 1.0) * self.most * _ONE
        spread = self.known * self.squares - self.total**2
        return np.asarray(np.maximum(spread, 0.0) / (np.maximum(self.known, 1.0) * many**2), dtype=np.float64)

    @property
    def r2(self) -> Doubles:
        """Estimated accuracy, var(HDS) / p(1 - p) or var(DS) / 2p(1 - p).

        0 where all haplotypes are certainly the same, NaN where nobody is known.
        """
        spread = self.known * self.squares - self.total**2
        chance = self.total * (self.most * _ONE * self.known - self.total) / self.most
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
