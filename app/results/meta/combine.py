"""Haplotype dosages of several results joined by the weights of their panels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.results.meta.training import Training

Values = NDArray[np.float32]


def combined(
    training: Training, positions: NDArray[np.int64], doses: list[Values], has: NDArray[np.bool_]
) -> Values:
    """Meta dosages [variants, haplotypes].

    `doses[k]` [variants, haplotypes] are those of result k, anything where `has[k]` is False. The weights of
    a variant lie on the line between those of the typed sites around it, constant beyond the ends; they are
    divided by their sum over the results that have the variant. A dosage that is NaN does not count.
    """
    result = np.empty(doses[0].shape, np.float32)
    sites = training.positions
    left = np.clip(np.searchsorted(sites, positions, side="right") - 1, 0, len(sites) - 1)
    right = np.minimum(left + 1, len(sites) - 1)
    gap = np.maximum(sites[right] - sites[left], 1)
    part = np.clip((positions - sites[left]) / gap, 0, 1).astype(np.float32)
    bounds = np.flatnonzero(np.diff(left, prepend=-1, append=-1))
    for first, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        at = int(left[first])
        ends = np.asarray(training.weights[at]), np.asarray(training.weights[int(right[first])])
        rows = slice(first, stop)
        result[rows] = _joined(ends, part[rows, None], [each[rows] for each in doses], has[:, rows])
    return result


def _joined(ends: tuple[Values, Values], part: Values, doses: list[Values], has: NDArray[np.bool_]) -> Values:
    """Variants between the same two typed sites."""
    total = np.zeros(doses[0].shape, np.float32)
    weight = np.zeros_like(total)
    for k, dose in enumerate(doses):
        if not has[k].any():
            continue
        mine = ends[0][k] + part * (ends[1][k] - ends[0][k])
        mine *= has[k][:, None]
        known = ~np.isnan(dose)
        if not known.all():
            mine *= known
            dose = np.where(known, dose, np.float32(0))
        weight += mine
        total += mine * dose
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
