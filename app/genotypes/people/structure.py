"""How the people of a cohort lie to one another, by their own genotypes: it needs no reference and no build.

Expected shares of heterozygotes depend on ancestry. Within a cohort of several populations they are compared
with what people of a like ancestry have, along the first principal components (as UK Biobank does: Bycroft
and others, Nature 562 (2018), supplement 3.5).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING, Cohort
from app.genotypes.people.kinship import chosen_sites, read_codes

Floats = NDArray[np.float64]

AXES = 4
MIN_PEOPLE = 100
MIN_SITES = 500
_MOST_SITES = 4_000
_MOST_CELLS = 40_000_000
_ROUNDS = 4
_MOST_OF_ONE = 0.2
_MAD = 1.4826
_FAR = 4.0


def components(cohorts: Sequence[Cohort]) -> Floats | None:
    """Scores [people, axes] of unit variance, None for few people or sites.

    An axis that one person makes alone is left out: it says how odd this person is and nothing of the others.
    """
    people = len(cohorts[0].samples) if cohorts else 0
    if people < MIN_PEOPLE:
        return None
    rows, _ = chosen_sites(cohorts, max(MIN_SITES, min(_MOST_SITES, _MOST_CELLS // people)))
    if sum(map(len, rows)) < MIN_SITES:
        return None
    scaled = _scaled(read_codes(cohorts, rows))
    vectors, _ = np.linalg.qr(scaled @ np.random.default_rng(1).normal(size=(scaled.shape[1], 2 * AXES)))
    for _ in range(_ROUNDS):
        vectors, _ = np.linalg.qr(scaled @ (scaled.T @ vectors))
    inner = scaled.T @ vectors
    turn = np.linalg.eigh(inner.T @ inner)[1][:, ::-1][:, :AXES]
    scores = (vectors @ turn).astype(np.float64) * np.sqrt(people)
    shared: Floats = scores[:, (scores**2).max(axis=0) < _MOST_OF_ONE * people]
    return shared


def _scaled(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[people, sites] genotypes with mean 0 and variance 1 a site, missing calls at the mean."""
    there = codes != MISSING
    total = np.maximum(there.sum(axis=0), 1)
    p = np.where(there, codes, 0).sum(axis=0, dtype=np.int64) / (2 * total)
    scale = np.sqrt(np.maximum(2 * p * (1 - p), 0.01)).astype(np.float32)
    return np.where(there, (codes - (2 * p).astype(np.float32)) / scale, np.float32(0))


def beyond_structure(values: Floats, scores: Floats | None) -> Floats | None:
    """What is left of a figure of people when the part that follows from their scores is taken away.

    Fitted with squares and products of the scores, twice: the second time without those who are far off.
    None where nothing can be fitted.
    """
    known = np.isfinite(values)
    if scores is None or known.sum() < MIN_PEOPLE:
        return None
    products = [(i, j) for i in range(scores.shape[1]) for j in range(i, scores.shape[1])]
    terms = [np.ones(len(values)), *scores.T, *(scores[:, i] * scores[:, j] for i, j in products)]
    design, used = np.stack(terms, axis=1), known
    for _ in range(3):
        fitted = np.linalg.lstsq(design[used], values[used], rcond=None)[0]
        left: Floats = values - design @ fitted
        spread = _MAD * np.median(np.abs(left[known]))
        used = known & (np.abs(left) < max(_FAR * spread, 1e-9))
    return left
