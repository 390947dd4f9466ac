"""Ranks results by their scores at the same hidden sites, and says which of them chance could exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.benchmark import LARGE_ERROR, WANTED_ERROR, Standing
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.truth.sums import BLOCK_SUMS, LEAST_BLOCKS, Floats, Sum, draws, r2_of, redrawn

LEAST_SITES = 8
"""A range of frequency with fewer hidden sites tells too little to count."""
_TWO_SIDED = 1.96

Blocks = Mapping[tuple[str, int], Floats]


@dataclass(frozen=True)
class Ranked:
    """The standing of each result in the order given, and the ranges of frequency that were used."""

    standings: tuple[Standing, ...]
    used: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...] = ()


def rank(results: Sequence[Blocks], least_sites: int = LEAST_SITES) -> Ranked:
    """Rank results that were scored at the same sites, by the sums of each stretch of the genome.

    A score is the mean over ranges of frequency, each counted once, of r2 times the share of sites that the
    result has: so results are compared over the same frequencies whatever the array has most of. Errors and
    differences come from drawing the same stretches anew for all results.
    """
    if not results:
        return Ranked((), ())
    tables = _stacked(results)
    total = tables.sum(axis=1)
    sites = total[:, :, Sum.SITES] + total[:, :, Sum.MISSING]
    defined = np.isfinite(r2_of(total)).any(axis=0)
    used = (sites.max(axis=0) >= least_sites) & defined
    if not used.any():
        used = (sites.max(axis=0) > 0) & defined
    scores = standard_scores(total, used)
    drawn = _drawn(tables, used)
    standings = _standings(scores, drawn)
    ranges = tuple((MAF_BINS[n], MAF_BINS[n + 1]) for n in np.flatnonzero(used).tolist())
    return Ranked(standings, ranges, _warnings(standings, int(sites[0].sum()), bool(used.any())))


def standard_scores(sums: Floats, used: NDArray[np.bool_]) -> Floats:
    """The score of sums [..., ranges, columns] over the used ranges; r2 that is not defined counts as 0."""
    if not used.any():
        return np.zeros(sums.shape[:-2])
    sites, missing = sums[..., Sum.SITES], sums[..., Sum.MISSING]
    whole = sites + missing
    share = np.where(whole > 0, sites / np.where(whole > 0, whole, 1), 0.0)
    values = np.nan_to_num(r2_of(sums)) * share
    return np.asarray(values[..., used].mean(axis=-1), np.float64)


def _stacked(results: Sequence[Blocks]) -> Floats:
    """[results, stretches, ranges, columns]; a stretch that a result has nothing of is 0."""
    keys = sorted({key for each in results for key in each})
    nothing = np.zeros((MAF_COUNT, BLOCK_SUMS))
    return np.stack([np.stack([each.get(key, nothing) for key in keys]) for each in results])


def _drawn(tables: Floats, used: NDArray[np.bool_]) -> Floats | None:
    """Scores of bootstrap samples, [results, samples]; None with too few stretches."""
    if tables.shape[1] < LEAST_BLOCKS:
        return None
    weights = draws(tables.shape[1])
    return np.stack([standard_scores(redrawn(each, weights), used) for each in tables])


def _standings(scores: Floats, drawn: Floats | None) -> tuple[Standing, ...]:
    order = np.argsort(-scores, kind="stable")
    place = np.empty(len(scores), np.intp)
    place[order] = np.arange(1, len(scores) + 1)
    return tuple(
        Standing(
            score=float(scores[k]),
            error=None if drawn is None else float(drawn[k].std(ddof=1)),
            place=int(place[k]),
            not_apart=tuple(
                sorted(
                    int(place[j]) for j in range(len(scores)) if j != k and not _apart(scores, drawn, k, j)
                )
            ),
        )
        for k in range(len(scores))
    )


def _apart(scores: Floats, drawn: Floats | None, first: int, second: int) -> bool:
    """Whether the difference of two results is more than chance, on the same stretches."""
    if drawn is None:
        return False
    error = float((drawn[first] - drawn[second]).std(ddof=1))
    return abs(float(scores[first] - scores[second])) > _TWO_SIDED * error


def _warnings(standings: Sequence[Standing], hidden: int, used: bool) -> tuple[str, ...]:
    if not used:
        return ("At the hidden sites nothing varies that a service imputed: there is no score.",)
    errors = [each.error for each in standings if each.error is not None]
    if not errors:
        return ("The hidden sites lie in too few places to tell how sure the scores are.",)
    worst = max(errors)
    if worst <= LARGE_ERROR:
        return ()
    needed = int(np.ceil(hidden * (worst / WANTED_ERROR) ** 2))
    return (
        f"The scores are uncertain by {worst:.3f} (standard error): {hidden:,} hidden sites are few. "
        f"About {needed:,} would bring it to {WANTED_ERROR}; hide a larger share or more chromosomes.",
    )
