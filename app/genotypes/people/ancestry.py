"""Where the people of a cohort come from, by projection on the axes of the 1000 Genomes people.

The kit (`resources/ancestry.npz`) models the ALT frequency of each site as `mean + loadings · score`. The
scores of a person are those that explain best the genotypes at whatever sites overlap (weighted least
squares, solved anew for each overlap and each set of missing calls), with their uncertainty; the
superpopulation follows from the density of the reference people around them. Palindromic sites are left out:
their strand cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.domain.resources import resource
from app.genotypes.builds import plain_chromosome
from app.genotypes.cohort import MISSING, Cohort
from app.genotypes.known_sites import KNOWN_BUILDS, known_sites
from app.genotypes.site_table import OTHER, complemented, letters_code, swapped

LABELS = ("AFR", "AMR", "EAS", "EUR", "SAS")
UNCERTAIN = "uncertain"
AXES = 6
LOADING_STEP = 1 / 200
MIN_SITES = 50
MIN_PROBABILITY, MIN_PROBABILITY_FEW = 0.75, 0.9
FEW_SITES = 300  # with fewer the stricter limit holds
FARTHEST = 40.0  # squared distance, in units of its uncertainty, from the nearest reference person
_BANDWIDTH = 0.2  # of the density of the reference people, in standard deviations of an axis
_ROWS = 4096

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Kit:
    """Sites are rows of `known_sites()`; `at` gives the index of a row in `mean` and `loadings`, -1 for none.

    `mean` [sites] and `loadings` [sites, AXES] model the frequency of ALT; `scores` [people, AXES] and
    `labels` (indices into LABELS) are the reference people.
    """

    at: Rows
    mean: Floats
    loadings: Floats
    scores: Floats
    labels: NDArray[np.uint8]

    def frequency(self, sites: Rows, scores: Floats) -> Floats:
        """Expected ALT frequency at some sites for people with these mean scores."""
        return np.clip(self.mean[sites] + self.loadings[sites] @ scores, 0.0, 1.0)

    def centre(self, label: str) -> Floats:
        """Mean scores of a superpopulation."""
        centre: Floats = self.scores[self.labels == LABELS.index(label)].mean(axis=0)
        return centre


@cache
def ancestry_kit() -> Kit:
    """The kit of the program, read once."""
    with np.load(resource("ancestry.npz")) as stored:
        used = np.unpackbits(stored["used"], count=len(known_sites())).astype(bool)
        at = np.where(used, np.cumsum(used) - 1, -1)
        return Kit(
            at=at.astype(np.int64),
            mean=stored["mean"] / 255.0,
            loadings=stored["loadings"].T * LOADING_STEP,
            scores=stored["scores"].astype(np.float64),
            labels=stored["labels"],
        )


@dataclass(frozen=True, eq=False)
class Overlap:
    """Rows of a cohort at sites of the kit; `turned` where ALT here is REF there.

    `palindromic` are A/T and C/G pairs, oriented as written.
    """

    rows: NDArray[np.intp]
    sites: Rows
    turned: NDArray[np.bool_]
    palindromic: NDArray[np.bool_]


def overlap(cohort: Cohort, build: str, kit: Kit) -> Overlap:
    """Where a cohort and the kit meet, by position and alleles on either strand."""
    found = np.full(len(cohort), -1, np.int64)
    for number, raw in enumerate(cohort.names):
        name = plain_chromosome(raw)
        if name is not None and build in KNOWN_BUILDS:
            mine = np.flatnonzero(cohort.chromosome == number)
            found[mine] = known_sites().rows(build, name, cohort.position[mine])
    rows = np.flatnonzero((found >= 0) & (kit.at[found] >= 0))
    here = letters_code(cohort.refs[rows], cohort.alts[rows])
    there = known_sites().code[found[rows]]
    same = (here == there) | (complemented(here) == there)
    turned = (swapped(here) == there) | (swapped(complemented(here)) == there)
    palindromic = (same & turned) & (here != OTHER)
    kept = (here != OTHER) & (same | turned)
    turned = np.where(palindromic, here != there, turned)
    first = np.zeros(len(rows), bool)
    first[np.unique(found[rows], return_index=True)[1]] = True
    kept &= first
    return Overlap(rows[kept], kit.at[found[rows[kept]]], turned[kept], palindromic[kept])


@dataclass(frozen=True, eq=False)
class Projection:
    """`scores` [people, AXES], `probabilities` [people, 5] of LABELS, `label` (one of LABELS or `uncertain`).

    `sites` is how many were used, `called` how many of them each person has.
    """

    scores: Floats
    probabilities: Floats
    label: tuple[str, ...]
    sites: int
    called: NDArray[np.int64]


class Projector:
    """Adds up the normal equations of all people, piece by piece."""

    def __init__(self, people: int, axes: int = AXES) -> None:
        self._left = np.zeros((people, axes * axes))
        self._right = np.zeros((people, axes))
        self.called = np.zeros(people, np.int64)
        self.sites = 0

    def add(self, counts: NDArray[np.uint8], mean: Floats, loadings: Floats) -> None:
        """Take in counts of ALT, [sites, people], 3 where missing."""
        weight = 1 / (2 * mean * (1 - mean) + 0.02)
        slope = 2 * loadings
        there = (counts != MISSING).astype(np.float32)
        rest = np.where(there > 0, counts - 2 * mean[:, None], 0).astype(np.float32)
        outer = (slope[:, :, None] * slope[:, None, :] * weight[:, None, None]).reshape(len(mean), -1)
        self._left += there.T @ outer.astype(np.float32)
        self._right += rest.T @ (slope * weight[:, None]).astype(np.float32)
        self.called += there.sum(axis=0).astype(np.int64)
        self.sites += len(mean)

    def solve(self) -> tuple[Floats, Floats]:
        """Scores [people, axes] and their covariances [people, axes, axes]."""
        axes = self._right.shape[1]
        left = self._left.reshape(-1, axes, axes) + 0.05 * np.eye(axes)
        covariance: Floats = np.linalg.inv(left).astype(np.float64)
        return np.einsum("pij,pj->pi", covariance, self._right), covariance


def project(
    cohorts: Sequence[Cohort], build: str, kit: Kit | None = None, people: int | None = None
) -> Projection | None:
    """Project the people of a dataset; None when fewer than MIN_SITES sites overlap. Memory is a piece."""
    kit = ancestry_kit() if kit is None else kit
    people = len(cohorts[0].samples) if people is None and cohorts else (people or 0)
    projector = Projector(people)
    for cohort in cohorts:
        for counts, sites in _pieces(cohort, overlap(cohort, build, kit)):
            projector.add(counts, kit.mean[sites], kit.loadings[sites])
    if projector.sites < MIN_SITES:
        return None
    scores, covariance = projector.solve()
    probabilities, distance = classify(scores, covariance, kit.scores, kit.labels)
    return Projection(
        scores, probabilities, labelled(probabilities, distance, projector.called), projector.sites,
        projector.called,
    )  # fmt: skip


def _pieces(cohort: Cohort, met: Overlap) -> Iterator[tuple[NDArray[np.uint8], Rows]]:
    kept = np.flatnonzero(~met.palindromic)
    for start in range(0, len(kept), _ROWS):
        piece = kept[start : start + _ROWS]
        counts = cohort.genotypes(met.rows[piece])
        turned = met.turned[piece]
        flipped = np.array([2, 1, 0, 3], np.uint8)[counts[turned]]
        counts[turned] = flipped
        yield counts, met.sites[piece]


def classify(
    scores: Floats, covariance: Floats, reference: Floats, labels: NDArray[np.uint8]
) -> tuple[Floats, Floats]:
    """Probabilities [people, 5], and the squared distance to the nearest reference person.

    The density of each superpopulation is a sum of Gaussians around its people, as wide as the uncertainty of
    the person's own scores and a fixed bandwidth.
    """
    axes = scores.shape[1]
    probabilities = np.zeros((len(scores), len(LABELS)))
    nearest = np.zeros(len(scores))
    for start in range(0, len(scores), 256):
        part = slice(start, start + 256)
        inverse = np.linalg.inv(covariance[part] + _BANDWIDTH**2 * np.eye(axes))
        for offset, (score, weight) in enumerate(zip(scores[part], inverse, strict=True)):
            apart = reference - score
            distance = np.einsum("ri,ij,rj->r", apart, weight, apart, optimize=True)
            nearest[start + offset] = distance.min()
            density = np.exp(-(distance - distance.min()) / 2)
            each = np.bincount(labels, density, len(LABELS)) / np.bincount(labels, minlength=len(LABELS))
            probabilities[start + offset] = each / each.sum()
    return probabilities, nearest


def labelled(probabilities: Floats, distance: Floats, called: NDArray[np.int64]) -> tuple[str, ...]:
    """The superpopulation of each person, or `uncertain`."""
    least = np.where(called < FEW_SITES, MIN_PROBABILITY_FEW, MIN_PROBABILITY)
    sure = (probabilities.max(axis=1) >= least) & (distance <= FARTHEST) & (called >= MIN_SITES)
    return tuple(
        LABELS[best] if good else UNCERTAIN
        for best, good in zip(probabilities.argmax(axis=1), sure, strict=True)
    )
