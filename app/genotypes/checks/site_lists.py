"""Sites by finding, and both frequencies of each site that was compared: what tables and charts list.

Filled after all checks of packed data, from the rows that they answered with; nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.cohort_frequency import PLANE, reference_of
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import INFO
from app.genotypes.checks.row_answers import KEPT, RowAnswer, Rule, alt_frequency, each_cohort
from app.genotypes.checks.site_findings import of_counts
from app.genotypes.rows import SiteFlag

MOST = KEPT
"""Rows that are kept of each of the two lists."""

_APART = 0.1
_FLAGS = (
    (SiteFlag.SAME_ALLELES, "allele.same"),
    (SiteFlag.MULTIALLELIC, "allele.multiallelic"),
    (SiteFlag.INDEL, "allele.indel"),
    (SiteFlag.SYMBOLIC, "allele.symbolic"),
    (SiteFlag.BAD_ALLELE, "allele.invalid"),
    (SiteFlag.LOWER_CASE, "allele.lower_case"),
    (SiteFlag.FILTERED, "site.filtered"),
)
"""What the checks of a file name by a mark of the record (`checks/sites.py`)."""

Numbers = NDArray[np.int64]


def fill_site_lists(subject: CohortSubject) -> None:
    """Put the lists into the figures of the subject (`Figures.site_code`, `Figures.compared_here` …)."""
    names = _names(subject)
    figures = subject.figures
    figures.site_chromosomes = np.array(names or [""], np.str_)
    figures.site_files = np.array([_file(subject, n) for n in range(len(subject.cohorts))] or [""], np.str_)
    here = [alt_frequency(cohort) for cohort in subject.cohorts]
    there = reference_of(subject).frequency
    chromosome = [_numbers(names, cohort.names)[cohort.chromosome] for cohort in subject.cohorts]
    _named(subject, chromosome, here, there)
    _compared(subject, chromosome, here, there)


def _file(subject: CohortSubject, number: int) -> str:
    files = subject.cohorts[number].origin.files
    return files[0] if files else ""


def _names(subject: CohortSubject) -> list[str]:
    raws = (raw for cohort in subject.cohorts for raw in cohort.names)
    return list(dict.fromkeys(plain_chromosome(raw) or raw for raw in raws))


def _numbers(names: Sequence[str], raws: Sequence[str]) -> NDArray[np.uint16]:
    places = {name: number for number, name in enumerate(names)}
    return np.array([places[plain_chromosome(raw) or raw] for raw in raws] or [0], np.uint16)


def of_flags(subject: CohortSubject) -> Iterable[RowAnswer]:
    """The first row of each record that has a mark."""
    for flag, code in _FLAGS:
        masks = []
        for cohort in subject.cohorts:
            first = np.ones(len(cohort), bool)
            first[1:] = np.diff(cohort.record) != 0
            masks.append(first & (cohort.flags & np.uint32(flag) != 0))
        yield each_cohort(subject, Rule(code, INFO, ""), masks)


def _named(
    subject: CohortSubject,
    chromosome: Sequence[NDArray[np.uint16]],
    here: Sequence[NDArray[np.float64]],
    there: Sequence[NDArray[np.float64]],
) -> None:
    answers = [a for a in (*of_counts(subject), *of_flags(subject), *subject.named) if a.count]
    codes = list(dict.fromkeys(answer.rule.code for answer in answers))
    picked: list[tuple[int, int, Numbers]] = []
    for answer, most in zip(answers, shares([a.count for a in answers], MOST), strict=True):
        code = codes.index(answer.rule.code)
        for number, rows in enumerate(answer.rows):
            part = np.asarray(rows[:most], np.int64)
            most -= len(part)
            picked.append((code, number, part))
    figures = subject.figures
    figures.site_codes = np.array(codes or [""], np.str_)
    figures.site_code = np.repeat([c for c, _, _ in picked], [len(r) for _, _, r in picked]).astype(np.uint16)
    figures.site_file = np.repeat([n for _, n, _ in picked], [len(r) for _, _, r in picked]).astype(np.uint16)
    figures.site_chromosome = _joined([chromosome[n][r] for _, n, r in picked], np.uint16)
    figures.site_position = _joined([subject.cohorts[n].position[r] for _, n, r in picked], np.int64)
    figures.site_here = _joined([here[n][r] for _, n, r in picked], np.float16)
    figures.site_reference = _joined([there[n][r] for _, n, r in picked], np.float16)


def shares(counts: Sequence[int], most: int) -> list[int]:
    """How many of each are kept so that all together are at most `most`: the small ones whole, first."""
    kept, left = [0] * len(counts), most
    order = sorted(range(len(counts)), key=counts.__getitem__)
    for done, number in enumerate(order):
        kept[number] = min(counts[number], left // (len(order) - done))
        left -= kept[number]
    return kept


def _compared(
    subject: CohortSubject,
    chromosome: Sequence[NDArray[np.uint16]],
    here: Sequence[NDArray[np.float64]],
    there: Sequence[NDArray[np.float64]],
) -> None:
    """The far ones first when there are more than can be kept, then an even choice of the rest."""
    mine, theirs = _joined(here, np.float64), _joined(there, np.float64)
    rows = np.flatnonzero(np.isfinite(mine) & np.isfinite(theirs))
    if len(rows) > MOST:
        far = np.abs(mine[rows] - theirs[rows]) > _APART
        rows = np.sort(np.concatenate([_evenly(rows[far], MOST), _evenly(rows[~far], MOST - far.sum())]))
    figures = subject.figures
    figures.compared_chromosome = _joined(chromosome, np.uint16)[rows]
    figures.compared_position = _joined([c.position for c in subject.cohorts], np.int64)[rows]
    figures.compared_here = mine[rows].astype(np.float16)
    figures.compared_reference = theirs[rows].astype(np.float16)
    cells = [np.minimum((each[rows] * PLANE).astype(np.int64), PLANE - 1) for each in (mine, theirs)]
    figures.compared_cell = (cells[0] * PLANE + cells[1]).astype(np.uint16)


def _evenly(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, max(most, 0)).astype(np.intp)]


def _joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *(each.astype(kind) for each in parts)])
