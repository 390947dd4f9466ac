"""Sites whose allele frequency in one group of people is not that of the others: plates, chips, calling.

`genotypes.md` 5a, row 52. People of several populations differ at most sites, so that the statistic is
divided by its inflation (genomic control) first, and a site has to stand out among all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import PLACES_SHOWN, WARNING, some
from app.genotypes.people.groups import PeopleGroup
from app.genotypes.site_table import OTHER, complemented, letters_code, swapped

BATCH_P = 1e-8
"""Below this a difference is no chance: GWAS practice has 1e-8 to 1e-5."""
LEAST_PEOPLE = 20
_LEAST_EXPECTED = 5.0  # copies of the rarer allele in each part, for a chi-square to hold
_MEDIAN = 0.4549  # of a chi-square with one degree of freedom
_LEAST_FOR_INFLATION = 100
_POPULATIONS = 3.0
_AUTOSOMES = tuple(map(str, range(1, 23)))

Counts = NDArray[np.int64]


def batch_statistic(alt: Counts, called: Counts) -> NDArray[np.float64]:
    """Chi-square (one degree of freedom) of each batch against all others, [sites, batches].

    `alt` are copies of one allele and `called` all copies, both [sites, batches]. NaN where a batch or the
    others have too few copies of the rarer allele.
    """
    total_alt, total = alt.sum(axis=1, keepdims=True), called.sum(axis=1, keepdims=True)
    others, other_alt = total - called, total_alt - alt
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total_alt / total
        difference = alt / called - other_alt / others
        spread = mean * (1 - mean) * (1 / called + 1 / others)
        statistic = difference**2 / spread
        rarer = np.minimum(mean, 1 - mean)
        enough = (np.minimum(called, others) * rarer) >= _LEAST_EXPECTED
    found: NDArray[np.float64] = np.where(enough, statistic, np.nan)
    return found


def inflation(statistic: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the statistic of each batch is above that of chance, at least 1; 1 with few sites."""
    found = np.ones(statistic.shape[1])
    for batch, column in enumerate(statistic.T):
        known = column[np.isfinite(column)]
        if len(known) >= _LEAST_FOR_INFLATION:
            found[batch] = max(1.0, float(np.median(known)) / _MEDIAN)
    return found


def batch_sites(alt: Counts, called: Counts, p: float = BATCH_P) -> NDArray[np.bool_]:
    """Whether a batch stands out at a site, [sites, batches]: p of its statistic over its inflation."""
    statistic = batch_statistic(alt, called)
    least = NormalDist().inv_cdf(1 - p / 2) ** 2
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = statistic / inflation(statistic) > least
    return found


def batch_effects(
    parts: Sequence[tuple[PeopleGroup, CohortSubject]], p: float = BATCH_P
) -> Iterable[Finding]:
    """Sites at which a group of people differs from the others; not of few people, and of one build.

    Sites are compared where all of these groups have them with the same alleles, in any order; on the other
    strand too where the letters tell.
    """
    large = [each for each in parts if len(each[1].samples) >= LEAST_PEOPLE and each[1].sure_build]
    builds = Counter(subject.sure_build for _, subject in large)
    compared = [each for each in large if builds and each[1].sure_build == builds.most_common(1)[0][0]]
    if len(compared) < 2:
        return
    places, alt, called = _counts([subject for _, subject in compared])
    odd = batch_sites(alt, called, p)
    rows = np.flatnonzero(odd.any(axis=1))
    if not len(rows):
        return
    guilty = [f"{group.name} {n:,}" for (group, _), n in zip(compared, odd.sum(axis=0), strict=True) if n]
    most = float(inflation(batch_statistic(alt, called)).max())
    apart = f" All frequencies lie apart (inflation {most:.1f}): they seem to be of several populations."
    yield Finding(
        code="frequency.batch",
        severity=WARNING,
        title="Allele frequencies of one group of people are not those of the others",
        detail=f"p below {p:g} in one group against the others: usually plates, chips or calling. Sites by "
        f"group: {some(guilty)}.{apart if most > _POPULATIONS else ''}",
        where=some([f"{places[0][r]}:{places[1][r]:,}" for r in rows[:PLACES_SHOWN].tolist()], len(rows)),
        count=len(rows),
        what_to_do="Leave these sites out in all groups before results are compared or joined.",
    )


def _counts(subjects: Sequence[CohortSubject]) -> tuple[tuple[list[str], Counts], Counts, Counts]:
    """Chromosome and position of the sites that all have, and copies of one allele and of both."""
    names: list[str] = []
    positions, alts, calls = [], [], []
    for name in _AUTOSOMES:
        found = [_of_group(subject, name) for subject in subjects]
        keys = found[0][0]
        for other in found[1:]:
            keys = np.intersect1d(keys, other[0], assume_unique=True)
        if not len(keys):
            continue
        at = [np.searchsorted(each[0], keys) for each in found]
        alts.append(np.stack([each[1][place] for each, place in zip(found, at, strict=True)], axis=1))
        calls.append(np.stack([each[2][place] for each, place in zip(found, at, strict=True)], axis=1))
        positions.append(keys >> 8)
        names += [name] * len(keys)
    if not names:
        empty = np.empty((0, len(subjects)), np.int64)
        return ([], np.empty(0, np.int64)), empty, empty
    return (names, np.concatenate(positions)), np.concatenate(alts), np.concatenate(calls)


def _of_group(subject: CohortSubject, chromosome: str) -> tuple[Counts, Counts, Counts]:
    """Sorted keys (position, alleles) of the sites of a group, copies of one allele, and of both."""
    keys, alts, calls = [], [], []
    for cohort, rows in subject.on(chromosome):
        code = letters_code(cohort.refs[rows], cohort.alts[rows])
        rows, code = rows[code != OTHER], code[code != OTHER]
        counts = np.asarray(cohort.counts)[rows].astype(np.int64)
        called = 2 * counts[:, :3].sum(axis=1)
        alt = counts[:, 1] + 2 * counts[:, 2]
        own, turned = _same_strand(code)
        keys.append(np.asarray(cohort.position)[rows].astype(np.int64) << 8 | own)
        alts.append(np.where(turned, called - alt, alt))
        calls.append(called)
    if not keys:
        return (np.empty(0, np.int64),) * 3
    key = np.concatenate(keys)
    unique, first, times = np.unique(key, return_index=True, return_counts=True)
    once = times == 1  # of duplicates nobody knows which is meant
    first = first[once]
    return unique[once], np.concatenate(alts)[first], np.concatenate(calls)[first]


def _same_strand(code: NDArray[np.uint8]) -> tuple[Counts, NDArray[np.bool_]]:
    """One code for the pair in any order and on any strand, and whether it counts the other allele."""
    forms = np.stack([code, swapped(code), complemented(code), complemented(swapped(code))])
    best = forms.argmin(axis=0)  # of A/T and T/A the first, which is the order and not the strand
    return forms.min(axis=0).astype(np.int64), best % 2 == 1
