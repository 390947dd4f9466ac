"""What a result would say of its untyped sites had no typed ones been hidden: hiding thins the array.

An untyped site is imputed the better the nearer typed ones are. Where some are hidden all others are farther
from what is left than they are from the whole array, so a masked result is less accurate at its untyped sites
than the one that is wanted, by about a hundredth where a tenth is hidden of a sparse array. Both distances of
each site are known. The figures of the result itself are therefore weighted such that the distances in them
are those from the whole array (post-stratification). The distance is that to the NEAREST-th typed site, which
is how dense they are around; it was chosen on the regions of impute_pgx_kgp3. As arrays have more sites where
neighbours tell less of one another, this says rather too little than too much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAREST = 16
_STRATA = 12
_LEAST_IN_STRATUM = 20

Positions = NDArray[np.int64]
Weights = NDArray[np.float64]


def weights_of(left: NDArray[np.float64], whole: NDArray[np.float64]) -> Weights:
    """Weights of sites by their distances to the typed sites that were left and to all of the array.

    Their mean is 1, but for strata in which there is nothing now.
    """
    strata = min(_STRATA, len(whole) // _LEAST_IN_STRATUM)
    if strata < 2 or not np.isfinite(left).all() or not np.isfinite(whole).all():
        return np.ones(len(whole))
    edges = np.quantile(whole, np.linspace(0, 1, strata + 1)[1:-1])
    now, then = np.searchsorted(edges, left), np.searchsorted(edges, whole)
    have, wanted = np.bincount(now, minlength=strata), np.bincount(then, minlength=strata)
    share = np.divide(wanted, have, out=np.zeros(strata), where=have > 0)
    return np.asarray(share[now], np.float64)


def distances(sites: Positions, typed: Positions) -> NDArray[np.float64]:
    """Base pairs from each site to the NEAREST-th typed one; `typed` rises. inf where there are too few."""
    if len(typed) < NEAREST:
        return np.full(len(sites), np.inf)
    behind = np.searchsorted(typed, sites)
    best = np.full(len(sites), np.inf)
    for step in range(NEAREST + 1):  # the nearest ones are neighbours: some before, the others behind
        first = np.clip(behind - step, 0, len(typed) - NEAREST)
        farthest = np.maximum(sites - typed[first], typed[first + NEAREST - 1] - sites)
        best = np.minimum(best, farthest)
    return best
