"""Running sums of a comparison: they are all that is kept of the variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.domain.result_comparison import (
    Agreement,
    AgreementBin,
    ChromosomeCoverage,
    Coverage,
    EstimateBin,
)
from app.results.figures.bins import MAF_BINS as BINS
from app.results.figures.bins import bin_numbers
from app.results.merging.figures import Moments

LIMITS = (0.3, 0.8)
Doubles = NDArray[np.float64]
_COUNT = len(BINS) - 1


@dataclass
class ChromosomeSums:
    """Of each result: variants, those of R2 ≥ 0.8, the sum of R2 and the variants that have one."""

    variants: NDArray[np.int64]
    over_08: NDArray[np.int64]
    r2: Doubles
    known: NDArray[np.int64]

    @classmethod
    def of(cls, results: int) -> ChromosomeSums:
        """Nothing yet."""
        whole = (np.zeros(results, np.int64) for _ in range(3))
        first, second, third = whole
        return cls(first, second, np.zeros(results), third)

    def told(self, name: str) -> ChromosomeCoverage:
        """As the domain has it."""
        means = np.divide(self.r2, self.known, out=np.full(len(self.r2), np.nan), where=self.known > 0)
        return ChromosomeCoverage(
            chromosome=name,
            variants=tuple(self.variants.tolist()),
            over_08=tuple(self.over_08.tolist()),
            mean_r2=tuple(mean if mean == mean else None for mean in means.tolist()),
        )


@dataclass
class CoverageSums:
    """Counts of variants and sums of estimated R2, of each result and bin."""

    results: int
    union: int = 0
    shared: int = 0
    chromosomes: dict[str, ChromosomeSums] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.results, _COUNT)
        self.own = np.zeros(self.results, np.int64)
        self.r2_all = np.zeros(self.results)
        self._variants, self._known = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._r2 = np.zeros(shape)
        self._over = np.zeros((len(LIMITS), *shape), np.int64)
        self._cover = np.zeros((len(LIMITS), 3, self.results), np.int64)

    def add(self, chromosome: str, present: NDArray[np.bool_], r2: Doubles, maf: Doubles) -> None:
        """Take in variants: [results, variants] each, R2 NaN where it was not imputed."""
        many = present.sum(axis=0)
        self.union += present.shape[1]
        self.shared += int((many == self.results).sum())
        self.own += (present & (many == 1)).sum(axis=1)
        known = np.isfinite(r2)
        filled = np.where(known, r2, 0.0)
        self.r2_all += filled.sum(axis=1)
        for k in range(self.results):
            self._add_bins(k, present[k], known[k], filled[k], maf[k])
        for number, limit in enumerate(LIMITS):
            good = known & (filled >= limit)
            has = good.sum(axis=0)
            self._cover[number, 0] += good.sum(axis=1)
            self._cover[number, 1] += int((has == self.results).sum())
            self._cover[number, 2] += (good & (has == 1)).sum(axis=1)
        sums = self.chromosomes.setdefault(chromosome, ChromosomeSums.of(self.results))
        sums.variants += present.sum(axis=1)
        sums.over_08 += (known & (filled >= LIMITS[1])).sum(axis=1)
        sums.r2 += filled.sum(axis=1)
        sums.known += known.sum(axis=1)

    def _add_bins(
        self, k: int, has: NDArray[np.bool_], known: NDArray[np.bool_], r2: Doubles, maf: Doubles
    ) -> None:
        place = bin_numbers(maf)
        has, known = has & (place >= 0), known & (place >= 0)
        self._variants[k] += np.bincount(place[has], minlength=_COUNT)
        self._known[k] += np.bincount(place[known], minlength=_COUNT)
        self._r2[k] += np.bincount(place[known], weights=r2[known], minlength=_COUNT)
        for number, limit in enumerate(LIMITS):
            good = known & (r2 >= limit)
            self._over[number, k] += np.bincount(place[good], minlength=_COUNT)

    def variants(self, k: int) -> int:
        """Variants of a result."""
        return int(sum(each.variants[k] for each in self.chromosomes.values()))

    def estimated(self, k: int) -> tuple[EstimateBin, ...]:
        """R2 of a result by its own frequency."""
        return tuple(
            EstimateBin(
                maf_from=BINS[b],
                maf_to=BINS[b + 1],
                variants=int(self._variants[k, b]),
                mean_r2=float(self._r2[k, b] / self._known[k, b]) if self._known[k, b] else None,
                over_03=int(self._over[0, k, b]),
                over_08=int(self._over[1, k, b]),
            )
            for b in range(_COUNT)
        )

    def coverage(self, k: int) -> tuple[Coverage, ...]:
        """How many variants of a result are good, and good elsewhere too."""
        return tuple(
            Coverage(r2=limit, variants=int(each[0, k]), shared=int(each[1, k]), own=int(each[2, k]))
            for limit, each in zip(LIMITS, self._cover, strict=True)
        )


class AgreementSums:
    """Of each pair of results: moments of the dosages at the variants that both have, by bin."""

    def __init__(self, results: int) -> None:
        self._pairs = list(combinations(range(results), 2))
        self._moments = np.zeros((len(self._pairs), _COUNT, 6))
        self._sites = np.zeros((len(self._pairs), _COUNT), np.int64)

    def add(
        self, imputed: NDArray[np.bool_], dosages: Sequence[NDArray[np.float32]], moments: Sequence[Moments]
    ) -> None:
        """Take in variants: `imputed` [results, variants], `dosages` [variants, people] of each result."""
        for number, (a, b) in enumerate(self._pairs):
            both = np.flatnonzero(imputed[a] & imputed[b])
            if not len(both):
                continue
            frequency = (moments[a].frequency[both] + moments[b].frequency[both]) / 2
            place = bin_numbers(np.minimum(frequency, 1 - frequency))
            sums = _row_sums(dosages[a][both], dosages[b][both])
            usable = place >= 0
            for column in range(6):
                self._moments[number, :, column] += np.bincount(
                    place[usable], weights=sums[usable, column], minlength=_COUNT
                )
            self._sites[number] += np.bincount(place[usable], minlength=_COUNT)

    def told(self) -> tuple[Agreement, ...]:
        """As the domain has it."""
        return tuple(
            Agreement(
                first=a,
                second=b,
                variants=int(self._sites[number].sum()),
                r2=_correlation(self._moments[number].sum(axis=0)),
                by_maf=tuple(
                    AgreementBin(
                        maf_from=BINS[place],
                        maf_to=BINS[place + 1],
                        variants=int(self._sites[number, place]),
                        r2=_correlation(self._moments[number, place]),
                    )
                    for place in range(_COUNT)
                ),
            )
            for number, (a, b) in enumerate(self._pairs)
        )


def _row_sums(x: NDArray[np.float32], y: NDArray[np.float32]) -> Doubles:
    """n, Σx, Σy, Σxx, Σyy, Σxy of each row over the people known in both, [rows, 6]."""
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(known, x, 0), np.where(known, y, 0)
    products = [
        np.einsum("ij,ij->i", first, second, dtype=np.float64) for first, second in ((x, x), (y, y), (x, y))
    ]
    plain = [known.sum(axis=1), x.sum(axis=1, dtype=np.float64), y.sum(axis=1, dtype=np.float64)]
    return np.stack([*plain, *products], axis=1)


def _correlation(moments: Doubles) -> float | None:
    n, x, y, xx, yy, xy = moments.tolist()
    spread_x, spread_y = n * xx - x * x, n * yy - y * y
    if spread_x <= 1e-9 or spread_y <= 1e-9:
        return None
    return float((n * xy - x * y) ** 2 / (spread_x * spread_y))
