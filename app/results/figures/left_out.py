"""Typed sites as the panel sees them when they are left out: LDS beside GT of an empirical dose file.

No truth is needed. Plain concordance is kept only beside the figures that tell something of rare variants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import CalibrationBin, LeftOut
from app.results.doses.contract import DoseBatch
from app.results.figures.bins import MAF_BINS, MAF_COUNT, MAF_PLACES, maf_places
from app.results.figures.recomputed import moments

STEPS = 20
"""Ranges of dosage between 0 and 2."""
_LEAST = 1e-9
Floats = NDArray[np.float64]


class Column(IntEnum):
    """What is summed of the typed sites of a MAF range."""

    SITES = 0
    GENOTYPES = 1
    AGREED = 2
    CARRIED = 3
    CARRIED_AGREED = 4
    IQS_KNOWN = 5
    IQS = 6
    R2_KNOWN = 7
    R2 = 8


@dataclass
class LeftOutSums:
    """`by_maf` [MAF places, columns]; `calibration` [3, STEPS]: genotypes, sum of dosages, sum of typed
    counts; `people` [4, samples]: genotypes, agreed, carried, agreed among the carried."""

    samples: int = 0
    by_maf: Floats = field(default_factory=lambda: np.zeros((MAF_PLACES, len(Column))))
    calibration: Floats = field(default_factory=lambda: np.zeros((3, STEPS)))
    people: Floats = field(default_factory=lambda: np.zeros((4, 0)))

    def add(self, batch: DoseBatch) -> None:
        """Take in rows with GT and LDS; others are passed over."""
        if batch.left_out is None or batch.genotypes is None or not batch.left_out.shape[1]:
            return
        if not self.samples:
            self.samples = batch.left_out.shape[1]
            self.people = np.zeros((4, self.samples))
        dosage, typed, known = left_out_pairs(batch)
        called = np.where(known, np.rint(dosage), 0).astype(np.int64)
        agreed = known & (called == typed)
        carried = known & ((called > 0) | (typed > 0))
        place = maf_places(_minor(batch.genotypes))
        iqs = quality_scores(called, typed, known)
        r2 = _r2(np.where(known, dosage, np.nan), np.where(known, typed, np.nan))
        columns = [
            np.ones(len(place)),
            known.sum(1),
            agreed.sum(1),
            carried.sum(1),
            (agreed & carried).sum(1),
        ]
        columns += [np.isfinite(iqs), np.nan_to_num(iqs), np.isfinite(r2), np.nan_to_num(r2)]
        for number, column in enumerate(columns):
            self.by_maf[:, number] += np.bincount(place, weights=column, minlength=MAF_PLACES)
        self._calibrate(dosage[known], typed[known])
        if known.shape[1] == self.samples:
            self.people += [each.sum(axis=0) for each in (known, agreed, carried, agreed & carried)]

    def merge(self, other: LeftOutSums) -> None:
        """Take in what was summed of other files."""
        self.by_maf += other.by_maf
        self.calibration += other.calibration
        if not self.samples:
            self.samples, self.people = other.samples, other.people.copy()
        elif self.samples == other.samples:
            self.people += other.people

    def _calibrate(self, dosage: Floats, typed: NDArray[np.int64]) -> None:
        place = np.minimum((dosage * (STEPS / 2) + 1e-6).astype(np.intp), STEPS - 1)
        for row, weights in enumerate((None, dosage, typed)):
            self.calibration[row] += np.bincount(place, weights=weights, minlength=STEPS)

    def figures(self) -> tuple[LeftOut, ...]:
        """The figures of each MAF range."""
        return tuple(_figures(self.by_maf[n], MAF_BINS[n], MAF_BINS[n + 1]) for n in range(MAF_COUNT))

    def whole(self) -> LeftOut | None:
        """The figures of all sites; None when there is no empirical dose file."""
        sums = self.by_maf.sum(axis=0)
        return _figures(sums, 0.0, MAF_BINS[-1]) if sums[Column.SITES] else None

    def calibrated(self) -> tuple[CalibrationBin, ...]:
        """Mean typed count by range of dosage; empty without empirical dose files."""
        if not self.calibration[0].any():
            return ()
        return tuple(
            CalibrationBin(
                dose_from=2 * n / STEPS,
                dose_to=2 * (n + 1) / STEPS,
                genotypes=int(many),
                mean_dose=float(dose / many) if many else None,
                mean_typed=float(typed / many) if many else None,
            )
            for n, (many, dose, typed) in enumerate(self.calibration.T)
        )


def left_out_pairs(batch: DoseBatch) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Left-out dosage, typed count of ALT, and where both are known; [rows, samples] each."""
    assert batch.left_out is not None
    assert batch.genotypes is not None
    single = batch.genotypes[:, :, 1] == -2
    lds = batch.left_out.astype(np.float64)
    dosage = lds[:, :, 0] + np.where(single, 0.0, lds[:, :, 1])
    typed = (batch.genotypes == 1).sum(axis=2).astype(np.int64)
    known = np.isfinite(dosage) & ~(batch.genotypes == -1).any(axis=2)
    return np.nan_to_num(dosage), typed, known


def _minor(genotypes: NDArray[np.int8]) -> Floats:
    total = (genotypes >= 0).sum(axis=(1, 2)).astype(np.float64)
    frequency = (genotypes == 1).sum(axis=(1, 2)) / np.where(total > 0, total, np.nan)
    return np.asarray(np.minimum(frequency, 1 - frequency), np.float64)


def quality_scores(called: NDArray[np.int64], typed: NDArray[np.int64], known: NDArray[np.bool_]) -> Floats:
    """Agreement beyond chance of each row (Lin and others, PLoS ONE 2010); NaN when chance explains all."""
    rows = len(called)
    key = np.arange(rows)[:, None] * 9 + 3 * called + typed
    table = np.bincount(key[known], minlength=9 * rows).reshape(rows, 3, 3).astype(np.float64)
    total = table.sum(axis=(1, 2))
    table /= np.where(total > 0, total, np.nan)[:, None, None]
    chance = (table.sum(axis=1) * table.sum(axis=2)).sum(axis=1)
    seen = table[:, 0, 0] + table[:, 1, 1] + table[:, 2, 2]
    return np.asarray((seen - chance) / np.where(chance < 1 - 1e-12, 1 - chance, np.nan), np.float64)


def _r2(x: Floats, y: Floats) -> Floats:
    """Squared correlation of each row, NaN where one of both does not vary."""
    told = x.astype(np.float32)
    one, other = moments(told), moments(y.astype(np.float32))
    both = np.nansum(told.astype(np.float64) * y, axis=1)
    n = one[:, 0]
    spread = (n * one[:, 2] - one[:, 1] ** 2) * (n * other[:, 2] - other[:, 1] ** 2)
    covered = (n * both - one[:, 1] * other[:, 1]) ** 2
    return np.asarray(covered / np.where(spread > _LEAST, spread, np.nan), np.float64)


def _figures(sums: Floats, maf_from: float, maf_to: float) -> LeftOut:
    def share(part: Column, whole: Column) -> float | None:
        return float(sums[part] / sums[whole]) if sums[whole] else None

    return LeftOut(
        maf_from=maf_from,
        maf_to=maf_to,
        sites=int(sums[Column.SITES]),
        genotypes=int(sums[Column.GENOTYPES]),
        concordance=share(Column.AGREED, Column.GENOTYPES),
        nonref_concordance=share(Column.CARRIED_AGREED, Column.CARRIED),
        iqs=share(Column.IQS, Column.IQS_KNOWN),
        r2=share(Column.R2, Column.R2_KNOWN),
    )
