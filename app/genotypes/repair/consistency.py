"""Sites that are not correlated with their neighbours as the panel's people are: probes of another place.

The idea is that of Genotype Harmonizer's check of linkage (`genotypes.md` 5a, row 43). What is measured is
the slope of the correlations in the study on those in the panel, which is 1 where both are of one kind and 0
at a site whose genotypes belong elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import MISSING
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import read_block

Standard = NDArray[np.float32]

LEAST_NEIGHBOURS = 3
LEAST_SLOPE = 0.2
USUAL_SLOPE = 0.6
"""Median of all sites below which the panel's people are too unlike those of the study to judge by."""
_LEAST_COPIES = 10
_LEAST_COPIES_NEAR = 5
_DEVIATIONS = 2.0
_SITES_AT_ONCE = 200


def consistent(draft: Draft) -> None:
    """Offer to leave out sites that do not fit their neighbours; needs genotypes of the panel's people."""
    rows = np.flatnonzero(draft.alive & np.isfinite(draft.slope))
    if not len(rows):
        return
    usual = float(np.median(draft.slope[rows]))
    spread = draft.slope_spread[rows]
    low = (draft.slope[rows] < LEAST_SLOPE) & (usual / 2 - draft.slope[rows] > _DEVIATIONS * spread)
    if usual < USUAL_SLOPE:
        return
    why = (
        "They are not correlated with sites nearby, as they are in the panel: often a probe of another place."
    )
    draft.offer(R.DROP_LINKAGE, rows[low], loses=True, proposed=False, why=why)


def slopes(
    draft: Draft, anchors: Rows, panel: Standard, people: Rows, each_side: int, reach: int, least: float
) -> None:
    """Fill `draft.slope` and its spread for sites in order of position.

    `panel` are the values of the panel's people, [sites, people]. Neighbours are `each_side` sites within
    `reach` bases whose correlation in the panel is `least` or more.
    """
    position = draft.position[anchors]
    for start in range(0, len(anchors), _SITES_AT_ONCE):
        stop = min(start + _SITES_AT_ONCE, len(anchors))
        window = slice(max(0, start - each_side), stop + each_side)
        codes = read_block(draft, anchors[window], people).genotypes
        values, copies = standardised(codes.astype(np.float32), codes == MISSING), _copies(codes)
        mine = slice(start - window.start, stop - window.start)
        expected = panel[start:stop] @ panel[window].T
        found = values[mine] @ values.T
        at = np.arange(len(values))
        apart = np.abs(at[mine, None] - at)
        near = (apart > 0) & (apart <= each_side) & (copies >= _LEAST_COPIES_NEAR)
        near &= np.abs(position[start:stop, None] - position[window]) <= reach
        strong = near & (np.abs(expected) >= least)
        weight = np.where(strong, expected, 0).astype(np.float64)
        power = (weight**2).sum(axis=1)
        judged = (strong.sum(axis=1) >= LEAST_NEIGHBOURS) & (copies[mine] >= _LEAST_COPIES)
        places = anchors[start:stop][judged]
        draft.slope[places] = ((found * weight).sum(axis=1)[judged]) / power[judged]
        draft.slope_spread[places] = 1 / np.sqrt(len(people) * power[judged])


def _copies(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Copies of the rarer allele in each row."""
    called = codes != MISSING
    alt = np.where(called, codes, 0).sum(axis=1, dtype=np.int64)
    fewest: NDArray[np.int64] = np.minimum(alt, 2 * called.sum(axis=1) - alt)
    return fewest


def standardised(counts: Standard, missing: NDArray[np.bool_]) -> Standard:
    """[sites, people] with mean 0 and length 1 a site, missing calls at the mean; 0 where nothing varies."""
    present = ~missing
    total = np.maximum(present.sum(axis=1, keepdims=True), 1)
    known = np.where(present, counts, 0)
    centred = np.where(present, known - known.sum(axis=1, keepdims=True) / total, 0)
    size = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    result: Standard = (centred / np.where(size > 0, size, 1)).astype(np.float32)
    return result
