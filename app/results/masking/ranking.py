"""Ranks results by their scores at the same hidden sites, and says which of them chance could exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.benchmark import LARGE_ERROR, WANTED_ERROR, Standing
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.truth.sums import BLOCK_SUMS, LEAST_BLOCKS, Floats, Sum, draws, r2_of, redrawn

LEAST_SITES = 15
"""A range of frequency with fewer hidden sites tells too little to count."""
LEAST_MAF = 0.05
"""Rarer sites of an array are there because they are common elsewhere, or for what they do: panels that lack
most rare variation of a population have them all the same, so they say too much good of such panels."""
_FEW_SITES = 5  # where no range has enough
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

    A score is the mean over ranges of frequency from LEAST_MAF on, each counted once, of r2 times the share
    of sites that the result has: so results are compared over the same frequencies whatever the array has
    most of. Errors and differences come from drawing the same stretches anew for all results.
    """
    if not results:
        return Ranked((), ())
    tables = _stacked(results)
    total = tables.sum(axis=1)
    used = used_ranges(total, least_sites)
    drawn = _drawn(tables, used)
    standings = _standings(total, used, drawn)
    ranges = tuple((MAF_BINS[n], MAF_BINS[n + 1]) for n in np.flatnonzero(used).tolist())
    hidden = int((total[0, :, Sum.SITES] + total[0, :, Sum.MISSING]).sum())
    return Ranked(standings, ranges, _warnings(standings, hidden, bool(used.any())))


def used_ranges(total: Floats, least_sites: int = LEAST_SITES) -> NDArray[np.bool_]:
    """The ranges of frequency that count, of sums [results, ranges, columns]; all where none would."""
    sites = (total[:, :, Sum.SITES] + total[:, :, Sum.MISSING]).max(axis=0)
    defined = np.isfinite(r2_of(total)).any(axis=0)
    common = np.array(MAF_BINS[:-1]) >= LEAST_MAF
    for least in (least_sites, _FEW_SITES, 1):
        used = (sites >= least) & defined & common
        if used.any():
            return np.asarray(used, np.bool_)
    return np.asarray((sites > 0) & defined, np.bool_)


def standard_scores(sums: Floats, used: NDArray[np.bool_], *, lacking: bool = True) -> Floats:
    """The mean of r2 over the used ranges, of sums [..., ranges, columns]; one that is not defined is 0.

    With `lacking` each r2 is multiplied by the share of sites that are there.
    """
    if not used.any():
        return np.zeros(sums.shape[:-2])
    values = np.nan_to_num(r2_of(sums)) * (_present(sums) if lacking else 1.0)
    return np.asarray(values[..., used].mean(axis=-1), np.float64)


def _present(sums: Floats) -> Floats:
    """The share of sites that are there, [..., ranges]."""
    sites = sums[..., Sum.SITES]
    whole = sites + sums[..., Sum.MISSING]
    return np.asarray(np.where(whole > 0, sites / np.where(whole > 0, whole, 1), 0.0), np.float64)


def _stacked(results: Sequence[Blocks]) -> Floats:
    """[results, stretches, ranges, columns]; a stretch that a result has nothing of is 0."""
    keys = sorted({key for each in results for key in each})
    nothing = np.zeros((MAF_COUNT, BLOCK_SUMS))
    return np.stack([np.stack([each.get(key, nothing) for key in keys]) for each in results])


@dataclass(frozen=True)
class _Drawn:
    """Bootstrap samples, [results, samples]: of the scores, and of r2 alone."""

    scores: Floats
    r2: Floats


def _drawn(tables: Floats, used: NDArray[np.bool_]) -> _Drawn | None:
    """None with too few stretches."""
    if tables.shape[1] < LEAST_BLOCKS:
        return None
    weights = draws(tables.shape[1])
    samples = [redrawn(each, weights) for each in tables]
    return _Drawn(
        np.stack([standard_scores(each, used) for each in samples]),
        np.stack([standard_scores(each, used, lacking=False) for each in samples]),
    )


def _standings(total: Floats, used: NDArray[np.bool_], drawn: _Drawn | None) -> tuple[Standing, ...]:
    scores = standard_scores(total, used)
    accuracy = standard_scores(total, used, lacking=False)
    present = _present(total)[:, used].mean(axis=1) if used.any() else np.zeros(len(total))
    order = np.argsort(-scores, kind="stable")
    place = np.empty(len(scores), np.intp)
    place[order] = np.arange(1, len(scores) + 1)
    return tuple(
        Standing(
            score=float(scores[k]),
            error=None if drawn is None else float(drawn.scores[k].std(ddof=1)),
            r2=float(accuracy[k]),
            r2_error=None if drawn is None else float(drawn.r2[k].std(ddof=1)),
            present=float(present[k]),
            place=int(place[k]),
            not_apart=tuple(
                sorted(
                    int(place[j]) for j in range(len(scores)) if j != k and not _apart(scores, drawn, k, j)
                )
            ),
        )
        for k in range(len(scores))
    )


def _apart(scores: Floats, drawn: _Drawn | None, first: int, second: int) -> bool:
    """Whether the difference of two results is more than chance, on the same stretches."""
    if drawn is None:
        return False
    error = float((drawn.scores[first] - drawn.scores[second]).std(ddof=1))
    return abs(float(scores[first] - scores[second])) > _TWO_SIDED * error


def _warnings(standings: Sequence[Standing], hidden: int, used: bool) -> tuple[str, ...]:
    """What the scores cannot tell: how sure that of the best is, and which others may be as good."""
    if not used:
        return ("At the hidden sites nothing varies that a service imputed: there is no score.",)
    best = min(standings, key=lambda each: each.place)
    if best.error is None:
        return ("The hidden sites lie in too few places to tell how sure the scores are.",)
    told = []
    if best.error > LARGE_ERROR:
        needed = int(np.ceil(hidden * (best.error / WANTED_ERROR) ** 2))
        told.append(
            f"The best score is uncertain by {best.error:.3f} (standard error): {hidden:,} hidden sites are "
            f"few. About {needed:,} would bring it to {WANTED_ERROR}; hide a larger share or more."
        )
    if best.not_apart:
        places = ", ".join(map(str, best.not_apart))
        told.append(f"The first cannot be told apart from place {places}: the difference may be chance.")
    return tuple(told)
