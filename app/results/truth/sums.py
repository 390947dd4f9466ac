"""Sums over genotypes by range of frequency and stretch of the genome, and the figures made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import ScoredBin
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.figures.left_out import quality_scores

DRAWS = 400
LEAST_BLOCKS = 5
"""Fewer stretches than that tell nothing of an error."""
_SEED = 20
_LEAST_SPREAD = 1e-9

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class Sum(IntEnum):
    """Columns: genotypes, dosages x and true counts y with their products, and counts of sites."""

    N = 0
    X = 1
    Y = 2
    XX = 3
    YY = 4
    XY = 5
    SITES = 6
    MISSING = 7
    CARRIED = 8
    AGREED = 9
    IQS = 10
    IQS_KNOWN = 11


BLOCK_SUMS = Sum.MISSING + 1


def site_sums(dosage: Floats, truth: NDArray[np.int16]) -> Floats:
    """The sums of each site, [sites, columns]; `dosage`, `truth` are [sites, people], truth -1: missing."""
    known = (truth >= 0) & np.isfinite(dosage)
    x, y = np.where(known, dosage, 0.0), np.where(known, truth, 0).astype(np.float64)
    called, true = np.rint(x).astype(np.int64), y.astype(np.int64)
    carried = known & ((called > 0) | (true > 0))
    scores = quality_scores(called, true, known)
    columns = [each.sum(axis=1) for each in (known, x, y, x * x, y * y, x * y)]
    columns += [
        np.ones(len(x)),
        np.zeros(len(x)),
        carried.sum(axis=1),
        (carried & (called == true)).sum(axis=1),
    ]
    columns += [np.nan_to_num(scores), np.isfinite(scores)]
    return np.stack([np.asarray(each, np.float64) for each in columns], axis=1)


def missing_sums(sites: int) -> Floats:
    """The sums of sites that the result has not."""
    table = np.zeros((sites, len(Sum)))
    table[:, Sum.MISSING] = 1.0
    return table


@dataclass
class BinSums:
    """Sums of each range of frequency, [ranges, columns]."""

    table: Floats = field(default_factory=lambda: np.zeros((MAF_COUNT, len(Sum))))

    def add(self, place: Places, sums: Floats) -> None:
        """Add the sums of sites of the ranges `place`; -1: of no range."""
        np.add.at(self.table, place[place >= 0], sums[place >= 0])

    def bins(self, errors: Floats | None = None) -> tuple[ScoredBin, ...]:
        """The figures of each range; `errors` [ranges] are those of r2, NaN where not known."""
        return tuple(
            figures(self.table[n], MAF_BINS[n], MAF_BINS[n + 1], None if errors is None else errors[n])
            for n in range(MAF_COUNT)
        )

    def whole(self, error: float | None = None) -> ScoredBin:
        """The figures of all ranges together."""
        return figures(self.table.sum(axis=0), MAF_BINS[0], MAF_BINS[-1], error)


@dataclass
class BlockSums:
    """Sums of each stretch of the genome by frequency; the sites of a stretch rise and fall together."""

    width: int
    _places: dict[tuple[str, int], int] = field(default_factory=dict)
    _tables: list[Floats] = field(default_factory=list)

    def add(self, chromosome: str, position: NDArray[np.int64], place: Places, sums: Floats) -> None:
        """Add the sums of sites at these positions."""
        windows = position // self.width
        for window in np.unique(windows).tolist():
            inside = (windows == window) & (place >= 0)
            number = self._places.setdefault((chromosome, window), len(self._places))
            if number == len(self._tables):
                self._tables.append(np.zeros((MAF_COUNT, BLOCK_SUMS)))
            np.add.at(self._tables[number], place[inside], sums[inside, :BLOCK_SUMS])

    def keyed(self) -> dict[tuple[str, int], Floats]:
        """The table of each stretch (chromosome, number), [ranges, BLOCK_SUMS]."""
        return {key: self._tables[number] for key, number in self._places.items()}

    def errors(self) -> tuple[Floats, float | None]:
        """Standard errors of r2: of each range, and of all together; NaN and None where not known."""
        if len(self._tables) < LEAST_BLOCKS:
            return np.full(MAF_COUNT, np.nan), None
        tables = np.stack(self._tables)
        drawn = redrawn(tables, draws(len(tables)))
        each = _spread(r2_of(drawn))
        whole = _spread(r2_of(drawn.sum(axis=1)))
        enough = (tables[:, :, Sum.SITES] > 0).sum(axis=0) >= LEAST_BLOCKS
        return np.where(enough, each, np.nan), None if np.isnan(whole) else float(whole)


def draws(blocks: int, times: int = DRAWS, seed: int = _SEED) -> Floats:
    """How often each block is drawn in each bootstrap sample, [times, blocks]; always the same."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=times).astype(np.float64)


def redrawn(tables: Floats, weights: Floats) -> Floats:
    """Sums of bootstrap samples, [times, ranges, columns]."""
    flat = weights @ tables.reshape(len(tables), -1)
    return np.asarray(flat.reshape(len(weights), *tables.shape[1:]), np.float64)


def r2_of(sums: Floats) -> Floats:
    """The squared correlation of sums [..., columns]; NaN where dosage or truth do not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums[..., : Sum.SITES], -1, 0)
    spread = (n * xx - x * x) * (n * yy - y * y)
    good = spread > _LEAST_SPREAD
    return np.asarray(np.where(good, (n * xy - x * y) ** 2 / np.where(good, spread, 1.0), np.nan), np.float64)


def _spread(values: Floats) -> Floats:
    """The standard deviation over bootstrap samples that have a value; NaN where fewer than half have."""
    known = np.isfinite(values)
    many = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(many, 1)
    square = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / np.maximum(many - 1, 1)
    return np.asarray(np.where(many * 2 > len(values), np.sqrt(square), np.nan), np.float64)


def figures(sums: Floats, maf_from: float, maf_to: float, error: float | None) -> ScoredBin:
    """What is told of sums [columns]."""
    r2 = float(r2_of(sums))
    carried, known = float(sums[Sum.CARRIED]), float(sums[Sum.IQS_KNOWN])
    agreed = float(sums[Sum.AGREED]) / carried if carried else None
    return ScoredBin(
        maf_from=maf_from,
        maf_to=maf_to,
        sites=int(sums[Sum.SITES]),
        missing=int(sums[Sum.MISSING]),
        genotypes=int(sums[Sum.N]),
        r2=None if np.isnan(r2) else r2,
        r2_error=None if error is None or np.isnan(error) or np.isnan(r2) else float(error),
        nonref_concordance=agreed,
        nonref_discordance=None if agreed is None else 1 - agreed,
        iqs=float(sums[Sum.IQS]) / known if known else None,
    )
