"""Whose share of heterozygotes is out of line: contamination (many) or inbreeding and bad calls (few)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_DEVIATIONS = 3.0
MIN_GROUP = 10
_LEAST_APART = 0.02  # of F; smaller differences are nothing, however alike the others are
_MAD = 1.4826  # makes the median absolute deviation a standard deviation


def outliers(
    f: NDArray[np.float64], groups: Sequence[str] | None = None, deviations: float = MOST_DEVIATIONS
) -> NDArray[np.int8]:
    """For each sample +1 (too few heterozygotes), −1 (too many) or 0, within its ancestry group.

    Median and median absolute deviation, so that the outliers do not widen the limits; groups under MIN_GROUP
    people are judged by nobody's standard but their own pooled one, and not at all when that is as small.
    """
    result = np.zeros(len(f), np.int8)
    names = np.array(groups if groups is not None else [""] * len(f))
    small = [name for name in np.unique(names) if (names == name).sum() < MIN_GROUP]
    names = np.where(np.isin(names, small), "*", names)
    for name in np.unique(names):
        mine = np.flatnonzero((names == name) & np.isfinite(f))
        if len(mine) < MIN_GROUP:
            continue
        middle = np.median(f[mine])
        spread = _MAD * np.median(np.abs(f[mine] - middle))
        apart = f[mine] - middle
        out = np.abs(apart) > max(deviations * spread, _LEAST_APART)
        result[mine[out]] = np.sign(apart[out])
    return result
