"""Whose share of heterozygotes is out of line: contamination (many) or inbreeding and bad calls (few)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.genotypes.people.ancestry import UNCERTAIN

MOST_DEVIATIONS = 3.0
MIN_GROUP = 10
_LEAST_APART = 0.02  # of F; smaller differences are nothing, however alike the others are
MIXED_BELOW, MIXED_DEVIATIONS = -0.15, 5.0
"""A sample with three tenths of another's DNA has an F lower by 0.17 to 0.37 on the real cohorts at hand, an
admixed person rarely by more than 0.1."""
_MAD = 1.4826  # makes the median absolute deviation a standard deviation


def outliers(
    f: NDArray[np.float64], groups: Sequence[str] | None = None, deviations: float = MOST_DEVIATIONS
) -> NDArray[np.int8]:
    """For each sample +1 (too few heterozygotes), −1 (too many) or 0, within its ancestry group.

    Median and median absolute deviation, so that the outliers do not widen the limits; groups under MIN_GROUP
    people are judged by nobody's standard but their own pooled one, and not at all when that is as small.
    """
    result = np.zeros(len(f), np.int8)
    for _, mine, apart, spread in _groups(f, groups):
        out = np.abs(apart) > max(deviations * spread, _LEAST_APART)
        result[mine[out]] = np.sign(apart[out])
    return result


def mixed(f: NDArray[np.float64], groups: Sequence[str] | None = None) -> NDArray[np.bool_]:
    """Who has so many heterozygotes more than their group as a mixture of two people has.

    Nobody whose ancestry is uncertain: among people of several ancestries F is no measure.
    """
    result = np.zeros(len(f), bool)
    for name, mine, apart, spread in _groups(f, groups):
        if name not in (UNCERTAIN, _SMALL):
            result[mine] = apart < min(MIXED_BELOW, -MIXED_DEVIATIONS * spread)
    return result


_SMALL = "*"


def _groups(
    f: NDArray[np.float64], groups: Sequence[str] | None
) -> Iterator[tuple[str, NDArray[np.intp], NDArray[np.float64], float]]:
    """Name, members, how far each is from the median, and the standard deviation, of groups of some size."""
    names = np.array(groups if groups is not None else [""] * len(f))
    small = [name for name in np.unique(names) if (names == name).sum() < MIN_GROUP]
    names = np.where(np.isin(names, small), _SMALL, names)
    for name in np.unique(names).tolist():
        mine = np.flatnonzero((names == name) & np.isfinite(f))
        if len(mine) >= MIN_GROUP:
            apart = f[mine] - np.median(f[mine])
            yield name, mine, apart, float(_MAD * np.median(np.abs(apart)))
