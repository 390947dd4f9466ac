"""How much each panel is believed along a haplotype: the hidden Markov model of MetaMinimac2.

The hidden state at a typed site is the panel that serves the haplotype best there. A panel's chance of the
observed allele, had the site not been typed, is the emission; between neighbours the state may change with a
probability that grows with their distance. The weight of a panel is the posterior of its state.
Source: Yu and others, AJHG 109 (2022), "Meta-imputation: an efficient method to combine genotype data after
imputation with multiple reference panels".
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.progress import Report, silent
from app.results.meta.told import told_sites

Chances = NDArray[np.float32]
Doubles = NDArray[np.float64]

BACKGROUND = 1e-5  # chance of any allele, whatever the panel says
RATE = 2e-7  # changes of panel a base pair
LEAST_RATE = 1e-4
FITTED_SITES = 400
_ROUNDS = 300
_LEAST_START = 1e-3  # no panel is out of the question from the start


class Start(StrEnum):
    """Where the weights begin at the first typed site: all equal, or fitted to the first 400 typed sites.

    On a panel of the 1000 Genomes split in two, equal ones were better in every range of frequency (by up to
    0.003 in r2, `tests/benchmarks/bench_meta.py`); fitted ones are as MetaMinimac2 does it.
    """

    UNIFORM = "uniform"
    FITTED = "fitted"


def switch_rates(positions: NDArray[np.int64]) -> Doubles:
    """Probability that the state is drawn anew between each typed site and the next, [sites - 1]."""
    distance = np.diff(positions).astype(np.float64)
    rates = np.maximum(LEAST_RATE, -np.expm1(-RATE * distance))
    return np.asarray(rates, dtype=np.float64)


def observed_chances(left_out: Chances, alleles: NDArray[np.int8]) -> Chances:
    """What leave-one-out dosages give the alleles that were seen; NaN where there is none of either."""
    chance = np.where(alleles == 1, left_out, np.float32(1) - left_out)
    return np.where(alleles >= 0, np.clip(chance, 0, 1), np.float32(np.nan)).astype(np.float32)


def start_weights(squares: Doubles) -> Doubles:
    """Weights of K panels, [K, haplotypes], that minimise the squared error of the weighted dosage.

    `squares` [haplotypes, K, K] are sums over sites of the products of the panels' errors (1 - the chance
    of the observed allele). Projected gradient on the simplex, then a little for every panel; where panels
    do not differ weights are equal.
    """
    panels = squares.shape[-1]
    weights = np.full(squares.shape[:2], 1.0 / panels)
    steepest = np.trace(squares, axis1=1, axis2=2)[:, None]
    step = np.divide(1.0, steepest, out=np.zeros_like(steepest), where=steepest > 0)
    for _ in range(_ROUNDS):
        slope = np.einsum("hij,hj->hi", squares, weights)
        weights = _on_simplex(weights - step * slope)
    weights = (weights + _LEAST_START) / (1 + panels * _LEAST_START)
    return np.asarray(weights.T, dtype=np.float64)


def _on_simplex(points: Doubles) -> Doubles:
    """The nearest points whose parts are not negative and sum to one (Duchi and others, ICML 2008)."""
    ordered = -np.sort(-points, axis=1)
    surplus = np.cumsum(ordered, axis=1) - 1.0
    places = np.arange(1, points.shape[1] + 1)
    kept = (ordered - surplus / places > 0).sum(axis=1)
    shift = np.take_along_axis(surplus, kept[:, None] - 1, axis=1) / kept[:, None]
    return np.asarray(np.maximum(points - shift, 0.0), dtype=np.float64)


def smooth(chances: Chances, rates: Doubles, start: Doubles, report: Report = silent) -> None:
    """Turn chances of the observed alleles, [sites, K, haplotypes], into weights, in place.

    The forward pass leaves the filtered weights where the chances were; the backward pass needs only those
    (Rauch, Tung and Striebel's form), so that one array, which may lie on disk, is enough. A chance that is
    NaN tells nothing of any panel at that haplotype and site.
    """
    panels = chances.shape[1]
    belief = start
    for site in range(len(chances)):
        if site:
            belief = belief * (1 - rates[site - 1]) + rates[site - 1] / panels
        belief = _seen(belief, chances[site])
        chances[site] = belief
        told_sites(report, "Weighing the panels forwards", site, len(chances))
    for site in range(len(chances) - 2, -1, -1):
        belief = _looked_back(chances[site].astype(np.float64), belief, rates[site])
        chances[site] = belief
        told_sites(report, "Weighing the panels backwards", len(chances) - site, len(chances))


def _seen(belief: Doubles, chance: Chances) -> Doubles:
    """Belief after the allele of a site was seen."""
    emitted = chance.astype(np.float64) + BACKGROUND
    if np.isnan(emitted).any():
        emitted[:, np.isnan(emitted).any(axis=0)] = 1.0
    joint = belief * emitted
    return np.asarray(joint / joint.sum(axis=0), dtype=np.float64)


def _looked_back(filtered: Doubles, later: Doubles, rate: float) -> Doubles:
    """Belief at a site in the light of all sites, from that at the next one."""
    drawn = rate / len(filtered)
    ratio = later / (filtered * (1 - rate) + drawn)
    joint = filtered * ((1 - rate) * ratio + drawn * ratio.sum(axis=0))
    return np.asarray(joint / joint.sum(axis=0), dtype=np.float64)
