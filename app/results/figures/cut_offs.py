"""What any cut-off keeps, from the grid alone: no file is read again, so a curve can be dragged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import Kept, KeptBin
from app.results.figures.bins import MAF_BINS, MAF_COUNT, R2_STEPS

Grid = NDArray[np.int64]
Sums = NDArray[np.float64]


def kept_by_cut(grid: Grid, grid_r2: Sums, cuts: float | Sequence[float], least_maf: float = 0.0) -> Kept:
    """Imputed sites at or over a cut-off of R2, one for all or one for each MAF range.

    `grid` and `grid_r2` [MAF places, R2 places] of a chromosome, or summed over some. Cut-offs are taken in
    steps of 1 / R2_STEPS; `least_maf` in ranges, from the first one that begins there or above. Sites whose
    frequency is not known stay only while `least_maf` is 0, under the lowest of the cut-offs.
    """
    many = [float(cuts)] * MAF_COUNT if isinstance(cuts, int | float) else [float(each) for each in cuts]
    if len(many) != MAF_COUNT:
        raise ValueError(f"{len(many)} cut-offs for {MAF_COUNT} ranges of frequency")
    bins = []
    for number, cut in enumerate(many):
        rare = MAF_BINS[number] < least_maf
        bins.append(_bin(number, 2.0 if rare else cut, grid[number], grid_r2[number]))
    rest = _place(grid[MAF_COUNT], grid_r2[MAF_COUNT], 2.0 if least_maf > 0 else min(many))
    after = sum(each.after for each in bins) + rest[0]
    total = sum((each.mean_r2 or 0.0) * each.after for each in bins) + rest[1]
    return Kept(
        before=int(grid.sum()), after=after, mean_r2=total / after if after else None, by_maf=tuple(bins)
    )


def _bin(number: int, cut: float, counts: Grid, sums: Sums) -> KeptBin:
    after, total = _place(counts, sums, cut)
    return KeptBin(
        maf_from=MAF_BINS[number],
        maf_to=MAF_BINS[number + 1],
        cut=cut,
        before=int(counts.sum()),
        after=after,
        mean_r2=total / after if after else None,
    )


def _place(counts: Grid, sums: Sums, cut: float) -> tuple[int, float]:
    """How many sites have this R2 or more, and the sum of their R2."""
    first = step_of(cut)
    if first > R2_STEPS:
        return 0, 0.0
    return int(counts[first : R2_STEPS + 1].sum()), float(sums[first : R2_STEPS + 1].sum())


def step_of(cut: float) -> int:
    """The first step that lies at or over a cut-off."""
    return max(0, int(np.ceil(cut * R2_STEPS - 1e-6)))


def curve(grid: Grid, grid_r2: Sums) -> tuple[NDArray[np.float64], Grid, Sums]:
    """For each cut-off (a step each): the cut-off, sites kept, and their mean R2 (NaN where none is)."""
    counts = grid.sum(axis=0)[: R2_STEPS + 1]
    sums = grid_r2.sum(axis=0)[: R2_STEPS + 1]
    kept = np.cumsum(counts[::-1])[::-1]
    total = np.cumsum(sums[::-1])[::-1]
    mean = np.divide(total, kept, out=np.full(len(kept), np.nan), where=kept > 0)
    return np.arange(R2_STEPS + 1) / R2_STEPS, kept, mean
