"""Dosages in the whole numbers that all formats here are made of, and the hard calls that follow from them.

A haplotype dosage becomes a multiple of 1/16384, as PLINK 2 stores it (the PGEN specification, 2.3.5), so
that what is written can be compared with what is read bit by bit, on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.results.export.kernel import Kernel

ONE = 1 << 14
"""The whole number of one copy of ALT."""
MISSING = 0xFFFF
"""The whole number of a dosage that is not known."""
ABSENT = 3
"""The code of a hard call that is not made."""
HARD_CALL = 0.1
"""How far a dosage may lie from a hard call, where nobody says otherwise: the default of PLINK 2."""
_OUTSIDE = 0.01
Totals = NDArray[np.uint16]
Deltas = NDArray[np.int16]


class DosageRangeError(ValueError):
    """A dosage that can be none; `row` is its place in the batch."""

    def __init__(self, row: int) -> None:
        super().__init__(f"a dosage in row {row} lies outside of its range")
        self.row = row


@dataclass(frozen=True, eq=False)
class Doses:
    """Rows of dosages, [rows, samples].

    `total` counts ALT in 1/16384 copies, 0…32768, MISSING where not known; of a haploid call it is doubled,
    as all formats without ploidy have it. `delta` is first less second haplotype in the same units, None
    where the file knows no haplotypes. `haploid` says which calls have one copy, None where none has.
    """

    total: Totals
    delta: Deltas | None
    haploid: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.total)

    def part(self, rows: slice) -> Doses:
        """Some of the rows."""
        delta = None if self.delta is None else self.delta[rows]
        return Doses(self.total[rows], delta, None if self.haploid is None else self.haploid[rows])


def of_haplotypes(haplotypes: NDArray[np.float32], kernel: Kernel | None = None) -> Doses:
    """Doses of haplotype dosages, float32 [rows, samples, 2]; NaN is missing, NaN second is haploid.

    DosageRangeError where one lies outside of 0…1 by more than 0.01; what is nearer is taken for the end.
    """
    values = np.ascontiguousarray(haplotypes, np.float32)
    shape = values.shape[:2]
    if kernel is not None:
        total, delta = np.empty(shape, np.uint16), np.empty(shape, np.int16)
        state = kernel.quantise(values, total, delta, *shape)
        if state < 0:
            raise DosageRangeError(-state - 1)
        return Doses(total, delta, _haploid(values) if state else None)
    whole, known = _whole(values, 1)
    both = known.all(axis=2)
    alone = known[:, :, 0] & ~known[:, :, 1]
    total = np.where(both, whole[:, :, 0] + whole[:, :, 1], 2 * whole[:, :, 0])
    total[~known[:, :, 0]] = MISSING
    delta = np.where(both, whole[:, :, 0] - whole[:, :, 1], 0)
    return Doses(total.astype(np.uint16), delta.astype(np.int16), alone if alone.any() else None)


def of_dosages(dosage: NDArray[np.float32], haploid: NDArray[np.bool_] | None = None) -> Doses:
    """Doses of counts of ALT, float32 [rows, samples], 0…2, of haploid calls 0…1; NaN is missing."""
    scaled = dosage if haploid is None else np.where(haploid, 2 * dosage, dosage)
    whole, known = _whole(np.ascontiguousarray(scaled, np.float32), 2)
    return Doses(np.where(known, whole, MISSING).astype(np.uint16), None, haploid)


def _whole(values: NDArray[np.float32], most: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    known = ~np.isnan(values)
    bad = known & ((values < -_OUTSIDE) | (values > most + _OUTSIDE))
    if bad.any():
        raise DosageRangeError(int(np.argwhere(bad)[0, 0]))
    clipped = np.clip(np.where(known, values, np.float32(0)), np.float32(0), np.float32(most))
    return (clipped * np.float32(ONE) + np.float32(0.5)).astype(np.int32), known


def _haploid(values: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    alone = np.isnan(values[:, :, 1]) & ~np.isnan(values[:, :, 0])
    return alone if alone.any() else None


def units(threshold: float) -> int:
    """A distance in copies as a whole number; 0.1 takes in a dosage of exactly 0.1.

    Each haplotype is rounded, so that their sum may be one unit off; dosages of three digits lie 16 apart.
    """
    return int(threshold * ONE + 1e-6) + 1


def distance(total: Totals) -> NDArray[np.uint16]:
    """How far each dosage lies from the nearest count; that of a missing one means nothing."""
    low = total & np.uint16(ONE - 1)
    nearest: NDArray[np.uint16] = np.minimum(low, np.uint16(ONE) - low)
    return nearest


def hard_calls(total: Totals, threshold: int) -> NDArray[np.uint8]:
    """Counts of ALT, 3 where the dosage is missing or farther than `threshold` units from any count."""
    nearest = (total.astype(np.int32) + ONE // 2) >> 14
    sure = (distance(total) <= threshold) & (total != MISSING)
    return np.where(sure, nearest, ABSENT).astype(np.uint8)


class LostCalls:
    """Counts how many calls each hard-call threshold would lose."""

    THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.49)

    def __init__(self) -> None:
        self.calls = 0
        self.missing = 0
        self._beyond = np.zeros(len(self.THRESHOLDS), np.int64)

    def add(self, total: Totals, kernel: Kernel | None = None) -> None:
        """Take in rows."""
        limits = [units(each) for each in self.THRESHOLDS]
        self.calls += total.size
        if kernel is not None:
            counts = kernel.beyond(np.ascontiguousarray(total), total.size, *limits)
            self.missing += counts[0]
            self._beyond += np.array(counts[1:], np.int64)
            return
        known = total != MISSING
        far = distance(total)[known]
        self.missing += total.size - len(far)
        self._beyond += np.array([np.count_nonzero(far > limit) for limit in limits], np.int64)

    def by_threshold(self) -> dict[float, int]:
        """Calls with a dosage that become missing at each threshold."""
        return dict(zip(self.THRESHOLDS, self._beyond.tolist(), strict=True))
