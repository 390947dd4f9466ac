"""ALT frequencies here against those of the panel, or of the people most like the cohort. Rows 38, 44–46."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import FEW_PEOPLE, INFO, WARNING
from app.genotypes.checks.row_answers import (
    RowAnswer,
    Rule,
    alt_frequency,
    each_cohort,
    finding_of_rows,
    finding_of_rule,
)
from app.genotypes.cohort import Cohort
from app.genotypes.people.ancestry import LABELS, ancestry_kit, overlap
from app.genotypes.site_table import complemented, letters_code, swapped

BINS, PLANE = 100, 50
_DEVIATIONS = 4.0  # chance of a few samples must not look like a difference
_MIN_SITES = 50
_MIN_PEOPLE = 20
_EXCHANGED = (
    "Most sites have the frequency of the other allele: the columns of alleles were exchanged without "
    "the genotypes, it seems. With a site list that has frequencies a repair can put the letters right; else "
    "export the data again."
)
_MIRRORED_CORRELATION = 0.8

_APART = Rule(
    "frequency.apart",
    WARNING,
    "Allele frequencies far from the reference",
    what_to_do="Drop these sites after making sure that the population is the right one.",
    fix=RepairCode.DROP_FREQUENCY,
)
_MIRRORED = Rule(
    "frequency.mirrored",
    WARNING,
    "Allele frequencies that fit the other allele",
    "They lie on the anti-diagonal: strand or alleles are exchanged though the letters agree.",
    "Let Haplodesk decide palindromic sites by frequency; look at the others one by one.",
    RepairCode.PALINDROMIC_FREQUENCY,
)
_PLAIN_MIRRORED = Rule(
    "frequency.mirrored_letters",
    WARNING,
    "Genotypes of the other allele",
    "The letters agree with the reference and tell the strand, but the counts are those of the other allele.",
    "Drop these sites, or correct the coding at its source.",
    RepairCode.DROP_FREQUENCY,
)
_PALINDROMIC = Rule(
    "allele.palindromic",
    INFO,
    "A/T and C/G sites",
    "Both strands show the same letters, so only frequencies tell the strand.",
    "Nothing, or drop those with a frequency near one half.",
    RepairCode.DROP_PALINDROMIC,
)
_SCATTER = Rule(
    "frequency.correlation",
    WARNING,
    "Allele frequencies do not follow the reference",
    what_to_do="Look at the strand, at the build and at the population.",
)


@dataclass(frozen=True, eq=False)
class Reference:
    """Frequency of each row's ALT in the reference, for each cohort, NaN where unknown; and its name."""

    frequency: list[NDArray[np.float64]]
    name: str


def reference_of(subject: CohortSubject) -> Reference:
    """The panel's frequencies where it has some, else those that the ancestry of the cohort predicts."""
    kept = subject.__dict__.get("_reference")
    if kept is None:
        kept = subject.__dict__["_reference"] = _reference(subject)
    assert isinstance(kept, Reference)
    return kept


def _reference(subject: CohortSubject) -> Reference:
    panel = [met.frequency for met in subject.matches]
    if any(np.isfinite(each).any() for each in panel):
        return Reference(panel, "panel")
    projection, build = subject.projection, subject.sure_build
    if projection is None or build is None or not subject.samples:
        return Reference([np.full(len(each), np.nan) for each in panel], "")
    kit, scores = ancestry_kit(), np.median(projection.scores, axis=0)
    found = []
    for cohort in subject.cohorts:
        met = overlap(cohort, build, kit)
        expected = kit.frequency(met.sites, scores)
        each = np.full(len(cohort), np.nan)
        each[met.rows] = np.where(met.turned, 1 - expected, expected)
        found.append(each)
    label = max(LABELS, key=projection.label.count)
    like = f", people like these ({label})" if follows_reference(subject) > 0 else ""
    return Reference(found, f"1000 Genomes{like}")


def follows_reference(subject: CohortSubject) -> float:
    """Correlation of frequencies of the cohort with those of the people of the kit, all populations alike.

    It needs no ancestry, so it can be asked before one is believed. 1 where there are few sites or people.
    """
    if subject.sure_build is None or len(subject.samples) < _MIN_PEOPLE:
        return 1.0
    kit, pairs = ancestry_kit(), []
    for cohort in subject.cohorts:
        met = overlap(cohort, subject.sure_build, kit)
        here, there = alt_frequency(cohort)[met.rows], kit.mean[met.sites]
        pairs.append(np.stack([np.where(met.turned, 1 - here, here), there])[:, ~met.palindromic])
    both = np.concatenate(pairs, axis=1)
    here, there = both[:, np.isfinite(both[0])]
    if len(here) < _MIN_SITES or np.ptp(here) == 0:
        return 1.0
    return float(np.corrcoef(here, there)[0, 1])


def palindromic_rows(cohort: Cohort) -> NDArray[np.bool_]:
    """A/T and C/G rows."""
    code = letters_code(cohort.refs, cohort.alts)
    result: NDArray[np.bool_] = (code < 16) & (complemented(code) == swapped(code))
    return result


def apart(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Sites far from the reference: nearer to the mirrored frequency, or just elsewhere.

    Nothing of a few people: their frequencies are no more than steps.
    """
    if len(subject.samples) < FEW_PEOPLE:
        return
    reference = reference_of(subject)
    mirrored, plain, away = [], [], []
    for cohort, there in zip(subject.cohorts, reference.frequency, strict=True):
        here = alt_frequency(cohort)
        people = np.maximum(cohort.counts[:, :3].sum(axis=1), 1)
        pooled = np.clip(np.nan_to_num((here + there) / 2, nan=0.5), 0.05, 0.95)
        chance = _DEVIATIONS * np.sqrt(pooled * (1 - pooled) / (2 * people))
        limit = np.maximum(subject.options.frequency_apart, chance)
        far = np.abs(here - there) > limit
        turned = far & (np.abs(here - (1 - there)) < np.abs(here - there) - limit)
        turned &= np.abs(here - (1 - there)) < limit / 2
        pair = palindromic_rows(cohort)
        mirrored.append(turned & pair)
        plain.append(turned & ~pair)
        away.append(far & ~turned)
    yield each_cohort(subject, _MIRRORED, mirrored)
    yield each_cohort(subject, _PLAIN_MIRRORED, plain)
    detail = (
        f"More than {subject.options.frequency_apart:.2f} apart from {reference.name or 'the reference'}."
    )
    yield each_cohort(subject, _APART, away).saying(detail=detail)


def palindromic(subject: CohortSubject) -> Iterable[RowAnswer]:
    """How many sites show the same letters on both strands."""
    answer = each_cohort(subject, _PALINDROMIC, [palindromic_rows(cohort) for cohort in subject.cohorts])
    frequencies = [alt_frequency(c)[rows] for c, rows in zip(subject.cohorts, answer.rows, strict=True)]
    near = sum(int((np.abs(each - 0.5) < 0.1).sum()) for each in frequencies)
    detail = f" {near:,} of them have a minor allele frequency above 0.40, where frequencies tell nothing."
    told = near and len(subject.samples) >= FEW_PEOPLE
    yield answer.saying(detail=_PALINDROMIC.detail + (detail if told else ""))


ROW_CHECKS = (palindromic, apart)


def frequencies(subject: CohortSubject) -> Iterable[Finding]:
    """Findings about frequencies; fills the figures of frequencies."""
    for check in ROW_CHECKS:
        for answer in check(subject):
            yield from finding_of_rows(subject, answer)
    yield from _scatter(subject)


def _scatter(subject: CohortSubject) -> Iterable[Finding]:
    reference = reference_of(subject)
    here = np.concatenate([alt_frequency(each) for each in subject.cohorts] or [np.empty(0)])
    there = np.concatenate(reference.frequency or [np.empty(0)])
    figures = subject.figures
    called = [1 - each.counts[:, 3] / max(1, len(each.samples)) for each in subject.cohorts]
    figures.site_call_rate = binned(np.concatenate(called or [np.empty(0)]))
    figures.frequency = binned(here[np.isfinite(here)])
    known = np.isfinite(here) & np.isfinite(there)
    if not known.any():
        subject.unknown("frequency", "No frequencies of a panel or of a population like this one are known.")
        return
    plane, _, _ = np.histogram2d(here[known], there[known], PLANE, [[0, 1], [0, 1]])
    figures.frequency_plane = plane.astype(np.int64)
    figures.frequency_source = np.array(reference.name)
    if known.sum() < _MIN_SITES or np.ptp(here[known]) == 0 or np.ptp(there[known]) == 0:
        return
    correlation = float(np.corrcoef(here[known], there[known])[0, 1])
    people = len(subject.samples)
    if people >= _MIN_PEOPLE and correlation < _MIRRORED_CORRELATION:
        detail = f"The squared correlation over {int(known.sum()):,} sites is {max(correlation, 0) ** 2:.2f}."
        if min(correlation, follows_reference(subject)) < 0:
            detail = f"{_EXCHANGED} {detail}"
        rule = Rule(_SCATTER.code, _SCATTER.severity, _SCATTER.title, detail, _SCATTER.what_to_do)
        yield finding_of_rule(subject, rule, [], int(known.sum()))


def binned(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts of values between 0 and 1 in bins of equal width."""
    return np.histogram(values, BINS, (0, 1))[0].astype(np.int64)
