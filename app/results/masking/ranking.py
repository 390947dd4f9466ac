"""Ranks results by what hidden sites tell of all untyped ones, and says which chance could exchange.

What is estimated is the accuracy at the untyped sites that an analysis uses. Per range of frequency it has
two parts. r2 at the sites that a result has: that at the hidden ones, plus what the result itself says it
differs at the others (`expected_r2` of both, whose own optimism falls out of the difference), were nothing
hidden (`thinning`). And coverage:
which of the untyped sites that the most accurate results have this one has; hidden sites would tell too much
good of it, as arrays take sites that many panels have. The score is their product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.benchmark import LARGE_ERROR, WANTED_ERROR, Standing
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.masking.untyped import Cover, Own, Part, Sites, coverage, expected_r2
from app.results.truth.sums import BLOCK_SUMS, LEAST_BLOCKS, Floats, Sum, draws, r2_of, redrawn

LEAST_SITES = 15
"""A range of frequency with fewer hidden sites tells too little to count."""
LEAST_MAF = 0.05
"""Rarer sites of an array are there because they are common elsewhere, or for what they do: panels that lack
most rare variation of a population have them all the same, so they say too much good of such panels."""
TRUSTED_WITHIN = LARGE_ERROR
"""Results whose r2 is that close to the best are as good as it is, for all that a benchmark can tell: what
they have is what there is to be had."""
_FEW_SITES = 5  # where no range has enough
_TWO_SIDED = 1.96
_WINDOW = 100_000

Blocks = Mapping[tuple[str, int], Floats]


@dataclass(frozen=True, eq=False)
class HiddenResult:
    """What is kept of a scored result.

    By stretch of the genome its sums at hidden sites, [ranges, BLOCK_SUMS], and what it tells by itself,
    [Part, ranges, Own]; and which untyped sites it has. The last two may be empty. Where Part.WHOLE is not
    there, as in results of earlier versions, Part.UNTYPED takes its place.
    """

    hidden: Blocks
    own: Blocks = field(default_factory=dict)
    sites: Sites = field(default_factory=lambda: Sites({}))


class _At(IntEnum):
    """Where the columns of a table begin that holds all sums of a stretch, [ranges, columns]."""

    HIDDEN = 0
    OWN_HIDDEN = BLOCK_SUMS
    OWN_UNTYPED = BLOCK_SUMS + len(Own)
    COVER = BLOCK_SUMS + 2 * len(Own)
    END = BLOCK_SUMS + 2 * len(Own) + len(Cover)


@dataclass(frozen=True)
class Ranked:
    """The standing of each result in the order given, and the ranges of frequency that were used."""

    standings: tuple[Standing, ...]
    used: tuple[tuple[float, float], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Estimates:
    """Of sums [..., ranges, columns] the means over the used ranges, [...]."""

    score: Floats
    r2: Floats
    present: Floats


def rank(results: Sequence[HiddenResult], window: int = _WINDOW, least_sites: int = LEAST_SITES) -> Ranked:
    """Rank results that were scored at the same sites, by the sums of each stretch of `window` base pairs.

    A score is the mean over ranges of frequency from LEAST_MAF on, each counted once, so results are compared
    over the same frequencies whatever the array has most of. Errors and differences come from drawing the
    same stretches anew for all results.
    """
    if not results:
        return Ranked((), ())
    tables = _stacked(results, window)
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
    """The mean of r2 over the used ranges, of sums [..., ranges, BLOCK_SUMS]; one that is not defined is 0.

    With `lacking` each r2 is multiplied by the share of sites that are there.
    """
    if not used.any():
        return np.zeros(sums.shape[:-2])
    values = np.nan_to_num(r2_of(sums)) * (_present(sums) if lacking else 1.0)
    return np.asarray(values[..., used].mean(axis=-1), np.float64)


def estimates(sums: Floats, used: NDArray[np.bool_]) -> Estimates:
    """Accuracy and coverage at the untyped sites, of all sums [..., ranges, columns]."""
    if not used.any():
        nothing = np.zeros(sums.shape[:-2])
        return Estimates(nothing, nothing, nothing)
    sums = sums[..., used, :]
    r2, present = _carried_over(sums), _covered(sums)
    means = ((r2 * present).mean(axis=-1), r2.mean(axis=-1), present.mean(axis=-1))
    return Estimates(*(np.asarray(each, np.float64) for each in means))


def _carried_over(sums: Floats) -> Floats:
    """r2 at the hidden sites, plus what is to be expected at the untyped ones beside those."""
    own = (expected_r2(sums[..., start : start + len(Own)]) for start in (_At.OWN_HIDDEN, _At.OWN_UNTYPED))
    hidden, untyped = own
    return np.asarray(np.clip(np.nan_to_num(r2_of(sums)) + np.nan_to_num(untyped - hidden), 0, 1), np.float64)


def _covered(sums: Floats) -> Floats:
    """The share of the untyped sites that there are; of the hidden ones where nothing is known of those."""
    there, every = sums[..., _At.COVER + Cover.THERE], sums[..., _At.COVER + Cover.ALL]
    known = every > 0
    return np.asarray(np.where(known, there / np.where(known, every, 1), _present(sums)), np.float64)


def _present(sums: Floats) -> Floats:
    """The share of hidden sites that are there, [..., ranges]."""
    sites = sums[..., Sum.SITES]
    whole = sites + sums[..., Sum.MISSING]
    return np.asarray(np.where(whole > 0, sites / np.where(whole > 0, whole, 1), 0.0), np.float64)


def _stacked(results: Sequence[HiddenResult], window: int) -> Floats:
    """[results, stretches, ranges, columns]; a stretch that a result has nothing of is 0."""
    nothing = np.zeros((MAF_COUNT, BLOCK_SUMS))
    plain = np.stack([sum(each.hidden.values(), nothing) for each in results])
    accuracy = standard_scores(plain, np.array(MAF_BINS[:-1]) >= LEAST_MAF, lacking=False)
    best = np.argsort(-accuracy, kind="stable")
    trusted = best[accuracy[best] >= accuracy.max() - TRUSTED_WITHIN].tolist()
    cover = coverage([each.sites for each in results], trusted, window)
    keys = sorted({key for k, each in enumerate(results) for key in (*each.hidden, *each.own, *cover[k])})
    place = {key: number for number, key in enumerate(keys)}
    tables = np.zeros((len(results), len(keys), MAF_COUNT, _At.END))
    for k, each in enumerate(results):
        for key, table in each.hidden.items():
            tables[k, place[key], :, : _At.OWN_HIDDEN] = table
        whole = any(len(own) > Part.WHOLE and own[Part.WHOLE].any() for own in each.own.values())
        untyped = Part.WHOLE if whole else Part.UNTYPED
        for key, own in each.own.items():
            tables[k, place[key], :, _At.OWN_HIDDEN : _At.OWN_UNTYPED] = own[Part.HIDDEN]
            tables[k, place[key], :, _At.OWN_UNTYPED : _At.COVER] = own[untyped]
        for key, share in cover[k].items():
            tables[k, place[key], :, _At.COVER :] = share
    return tables


def _drawn(tables: Floats, used: NDArray[np.bool_]) -> Estimates | None:
    """Estimates of bootstrap samples, [results, samples]; None with too few stretches of hidden sites."""
    whole = tables[..., Sum.SITES] + tables[..., Sum.MISSING]
    if np.count_nonzero(whole.sum(axis=(0, 2))) < LEAST_BLOCKS:
        return None
    weights = draws(tables.shape[1])
    made = [estimates(redrawn(each, weights), used) for each in tables]
    return Estimates(
        *(np.stack([getattr(each, name) for each in made]) for name in ("score", "r2", "present"))
    )


def _standings(total: Floats, used: NDArray[np.bool_], drawn: Estimates | None) -> tuple[Standing, ...]:
    told = estimates(total, used)
    scores = told.score
    order = np.argsort(-scores, kind="stable")
    place = np.empty(len(scores), np.intp)
    place[order] = np.arange(1, len(scores) + 1)
    return tuple(
        Standing(
            score=float(scores[k]),
            error=None if drawn is None else float(drawn.score[k].std(ddof=1)),
            r2=float(told.r2[k]),
            r2_error=None if drawn is None else float(drawn.r2[k].std(ddof=1)),
            present=float(told.present[k]),
            place=int(place[k]),
            not_apart=tuple(
                sorted(
                    int(place[j]) for j in range(len(scores)) if j != k and not _apart(scores, drawn, k, j)
                )
            ),
        )
        for k in range(len(scores))
    )


def _apart(scores: Floats, drawn: Estimates | None, first: int, second: int) -> bool:
    """Whether the difference of two results is more than chance, on the same stretches."""
    if drawn is None:
        return False
    error = float((drawn.score[first] - drawn.score[second]).std(ddof=1))
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
