"""Axes of ancestry and loadings of sites, made as those of the program were, but of some people only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.genotypes.people.ancestry import AXES

Floats = NDArray[np.float64]

_MIN_FREQUENCY = 0.05
_GAP = 50_000  # bases between sites, which are then nearly independent


def axes_of(counts: NDArray[np.uint8], places: Sequence[tuple[str, int]], axes: int = AXES) -> Floats:
    """Scores [people, axes] of unit variance: principal components of common, spaced sites."""
    frequency = counts.mean(axis=1) / 2
    common = np.minimum(frequency, 1 - frequency) > _MIN_FREQUENCY
    chosen: list[int] = []
    last = ("", 0)
    for site in np.flatnonzero(common).tolist():
        if places[site][0] != last[0] or places[site][1] - last[1] > _GAP:
            chosen.append(site)
            last = places[site]
    p = frequency[chosen, None]
    scaled = ((counts[chosen] - 2 * p) / np.sqrt(2 * p * (1 - p))).astype(np.float32)
    _, vectors = np.linalg.eigh((scaled.T @ scaled).astype(np.float64))
    scores: Floats = np.ascontiguousarray(vectors[:, ::-1][:, :axes]) * np.sqrt(counts.shape[1])
    return scores


def loadings_of(counts: NDArray[np.uint8], scores: Floats) -> tuple[Floats, Floats]:
    """Mean frequency [sites] and loadings [sites, axes] of sites with known genotypes and known scores."""
    mean = counts.mean(axis=1) / 2
    return mean, (counts.astype(np.float64) / 2 - mean[:, None]) @ scores / counts.shape[1]
