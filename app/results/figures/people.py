"""Figures of each sample, and the samples that stand out: other ancestry, contamination, bad arrays.

Het rate: of hard calls at well imputed common sites. Fuzziness: mean distance of a dosage from the next
whole number, at imputed sites. Certainty: mean probability of the likeliest genotype there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import PersonOutlier
from app.results.doses.contract import DoseBatch

GOOD_R2, COMMON_MAF = 0.8, 0.05
FAR = 5.0
MOST_OUTLIERS = 1000
_TO_SIGMA = 0.6744897501960817  # of the median absolute deviation of a normal distribution
_FEWEST = 8
Floats = NDArray[np.float64]
_ROWS: tuple[str, ...] = ("het", "het known", "fuzziness", "fuzziness known", "certainty", "certainty known")
_FIGURES = {"het_rate": 0, "fuzziness": 2, "certainty": 4}


@dataclass
class PeopleSums:
    """Sums a sample; the rows of `sums` are those of `_ROWS`."""

    samples: int = 0
    sums: Floats = field(default_factory=lambda: np.zeros((len(_ROWS), 0)))

    def add(self, batch: DoseBatch, imputed: NDArray[np.bool_], good: NDArray[np.bool_]) -> None:
        """Take in rows; `good` are those at which het calls count."""
        dosage = batch.dosage
        if dosage is None or not dosage.shape[1]:
            return
        if not self.samples:
            self.samples = dosage.shape[1]
            self.sums = np.zeros((len(_ROWS), self.samples))
        if dosage.shape[1] != self.samples:
            return
        near = np.rint(dosage)
        if good.any():
            self._add("het", near[good] == 1, np.isfinite(dosage[good]))
        if imputed.any():
            told = dosage if imputed.all() else dosage[imputed]
            known = np.isfinite(told)
            self._add("fuzziness", np.abs(told - (near if imputed.all() else near[imputed])), known)
            highest = _highest(batch, imputed)
            if highest is not None:
                self._add("certainty", highest, known)

    def merge(self, other: PeopleSums) -> None:
        """Take in what was summed of other files; those of other people are left out."""
        if not self.samples:
            self.samples, self.sums = other.samples, other.sums.copy()
        elif self.samples == other.samples:
            self.sums += other.sums

    def _add(self, name: str, values: NDArray[np.float32 | np.bool_], known: NDArray[np.bool_]) -> None:
        at = _ROWS.index(name)
        if known.all():
            self.sums[at] += values.sum(axis=0)
            self.sums[at + 1] += len(values)
        else:
            self.sums[at] += np.where(known, values, 0).sum(axis=0)
            self.sums[at + 1] += known.sum(axis=0)

    def figures(self, left_out: Floats) -> dict[str, Floats]:
        """Each figure [samples], NaN where nothing is known; `left_out` are the rows of `LeftOutSums`."""
        rows = {name: (self.sums[at], self.sums[at + 1]) for name, at in _FIGURES.items() if self.samples}
        if left_out.shape[1]:
            rows["concordance"] = left_out[1], left_out[0]
            rows["nonref_concordance"] = left_out[3], left_out[2]
        return {
            name: np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
            for name, (part, whole) in rows.items()
        }


def _highest(batch: DoseBatch, rows: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """The probability of the likeliest genotype; from GP, else from haplotypes taken as independent."""
    part = slice(None) if rows.all() else rows
    if batch.probabilities is not None:
        told = batch.probabilities[part]
        return np.asarray(np.fmax(np.fmax(told[:, :, 0], told[:, :, 1]), told[:, :, 2]), np.float32)
    if batch.haplotypes is None:
        return None
    first, second = batch.haplotypes[part, :, 0], np.nan_to_num(batch.haplotypes[part, :, 1])
    both = first * second
    none = 1 - first - second + both
    return np.asarray(np.maximum(np.maximum(both, none), 1 - both - none), np.float32)


def robust_z(values: Floats) -> Floats:
    """Distances from the median in units of the spread that outliers do not widen; NaN where none is."""
    known = values[np.isfinite(values)]
    if len(known) < _FEWEST:
        return np.full(len(values), np.nan)
    middle = float(np.median(known))
    spread = float(np.median(np.abs(known - middle))) / _TO_SIGMA
    return (values - middle) / spread if spread > 0 else np.full(len(values), np.nan)


def people_outliers(figures: Mapping[str, Floats]) -> tuple[PersonOutlier, ...]:
    """Samples with a robust z over FAR, farthest first."""
    found = []
    for name, values in figures.items():
        z = robust_z(values)
        for sample in np.flatnonzero(np.abs(z) > FAR).tolist():
            found.append(
                PersonOutlier(sample=sample, figure=name, value=float(values[sample]), z=float(z[sample]))
            )
    return tuple(sorted(found, key=lambda each: -abs(each.z))[:MOST_OUTLIERS])
