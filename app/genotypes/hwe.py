"""The exact test of Hardy–Weinberg equilibrium for many sites at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
_SITES_AT_ONCE = 16_384
_NEGLIGIBLE = 1e-17  # of the sum over all tables: smaller terms change nothing
_TIE = 1e-8  # tables whose probabilities differ by less are equally probable


def hwe_p(hom_ref: ArrayLike, het: ArrayLike, hom_alt: ArrayLike, *, mid_p: bool = True) -> Floats:
    """Two-sided p of each site, [sites]; 1 where nothing is called.

    Wigginton, Cutler and Abecasis, American Journal of Human Genetics 76 (2005): the sum of the probabilities
    of all tables with the same allele counts that are not more probable than the observed one. `mid_p` takes
    half of those that are equally probable (Graffelman and Moreno 2013), as `plink2 --hardy midp` does.
    """
    ref, hets, alt = (np.asarray(each, np.int64).ravel() for each in (hom_ref, het, hom_alt))
    people = int((ref + hets + alt).max(initial=0))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2 * people + 1)))])
    result = np.ones(len(ref))
    for at in range(0, len(ref), _SITES_AT_ONCE):
        part = slice(at, at + _SITES_AT_ONCE)
        result[part] = _p_of_some(ref[part], hets[part], alt[part], log_factorial, mid_p)
    return result


def _p_of_some(ref: Counts, het: Counts, alt: Counts, log_factorial: Floats, mid_p: bool) -> Floats:
    people = ref + het + alt
    rare = 2 * np.minimum(ref, alt) + het
    middle = _most_probable(people, rare)
    observed = np.exp(
        _log_weight(people, rare, het, log_factorial) - _log_weight(people, rare, middle, log_factorial)
    )
    less = np.zeros(len(ref))
    equal = np.zeros(len(ref))
    total = np.zeros(len(ref))
    here = np.ones(len(ref))
    _add(here, observed, np.arange(len(ref)), (less, equal, total))
    for step in (-2, 2):
        _walk(people, rare, middle, step, observed, (less, equal, total))
    p = (less + equal * (0.5 if mid_p else 1.0)) / total
    return np.where(people > 0, np.minimum(p, 1.0), 1.0)


def _most_probable(people: Counts, rare: Counts) -> Counts:
    """The het count near the top of the distribution, of the parity that the allele count allows."""
    middle = rare * (2 * people - rare) // np.maximum(2 * people, 1)
    result: Counts = middle + (middle % 2 != rare % 2)
    return result


def _log_weight(people: Counts, rare: Counts, het: Counts, log_factorial: Floats) -> Floats:
    hom_rare = (rare - het) // 2
    hom_common = people - het - hom_rare
    weight: Floats = het * np.log(2.0) - (
        log_factorial[hom_rare] + log_factorial[het] + log_factorial[hom_common]
    )
    return weight


def _add(
    weight: Floats, observed: Floats, sites: NDArray[np.intp], sums: tuple[Floats, Floats, Floats]
) -> None:
    less, equal, total = sums
    limit = observed[sites]
    tie = np.abs(weight - limit) <= _TIE * limit
    equal[sites[tie]] += weight[tie]
    below = ~tie & (weight < limit)
    less[sites[below]] += weight[below]
    total[sites] += weight


def _walk(
    people: Counts,
    rare: Counts,
    middle: Counts,
    step: int,
    observed: Floats,
    sums: tuple[Floats, Floats, Floats],
) -> None:
    """Add the tables with fewer (step −2) or more (2) hets than the most probable one."""
    sites = np.arange(len(people))
    het, weight = middle.astype(np.float64), np.ones(len(people))
    least = np.minimum(_NEGLIGIBLE, observed * _NEGLIGIBLE)
    while len(sites):
        hom_rare = (rare[sites] - het) / 2
        hom_common = people[sites] - het - hom_rare
        if step < 0:
            weight = weight * het * (het - 1) / (4 * (hom_rare + 1) * (hom_common + 1))
        else:
            weight = weight * 4 * hom_rare * hom_common / ((het + 2) * (het + 1))
        het = het + step
        alive = weight > least[sites]
        sites, het, weight = sites[alive], het[alive], weight[alive]
        _add(weight, observed, sites, sums)
