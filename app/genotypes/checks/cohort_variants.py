"""Hardy–Weinberg equilibrium, excess heterozygosity, rare alleles, identifiers. Rows 24, 27, 48, 49, 51."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import FEW_PEOPLE, INFO, WARNING
from app.genotypes.checks.row_answers import RowAnswer, Rule, each_cohort, finding_of_rows
from app.genotypes.cohort import FEMALE, Cohort, RowFlag, count
from app.genotypes.hwe import hwe_p
from app.genotypes.people.sex import sex_of
from app.genotypes.people.tally import NON_PAR
from app.genotypes.texts import Texts

MIN_PEOPLE = 20
_FREE = int(RowFlag.SPLIT)

_HWE = Rule(
    "variant.hwe",
    WARNING,
    "Genotypes out of Hardy–Weinberg equilibrium",
    "Too few heterozygotes within one ancestry group: often alleles that the array tells apart badly.",
    "Drop these sites; in the HLA region look before you drop.",
    RepairCode.DROP_SITES_HWE,
)
_EXCESS = Rule(
    "variant.het_excess",
    WARNING,
    "Too many heterozygotes",
    "Often two places of the genome that one probe measures together.",
    "Drop these sites.",
    RepairCode.DROP_SITES_HWE,
)
_RARE = Rule(
    "variant.rare",
    INFO,
    "Alleles seen once",
    "They are kept by servers and help little; some are errors.",
    "Nothing.",
)
_SAME_ID = Rule(
    "id.duplicate",
    WARNING,
    "Identifiers that occur more than once",
    "Programs that join files by identifier mix these sites up.",
    "Name sites by position and alleles.",
)
_NO_ID = Rule(
    "id.missing",
    INFO,
    "Sites without an identifier",
    "Servers go by position and alleles.",
    "Nothing.",
)
_MENDEL = Rule(
    "variant.mendel",
    WARNING,
    "Genotypes that parents cannot have passed on",
    what_to_do="Drop these sites.",
)


def equilibrium(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Two-sided mid-p in each ancestry group of at least 20 people; on X in women only."""
    few, many = [], []
    members = _groups(subject)
    women = _women(subject)
    for cohort in subject.cohorts:
        autosomal, on_x = places(cohort, subject.sure_build)
        low, high = np.zeros(len(cohort), bool), np.zeros(len(cohort), bool)
        for rows, who in [(autosomal, who) for who in members] + [(on_x, women)]:
            if len(rows) and who.sum() >= MIN_PEOPLE:
                _judge(cohort, rows, who, subject.options.hwe_p, low, high)
        few.append(low)
        many.append(high)
    yield each_cohort(subject, _HWE, few)
    yield each_cohort(subject, _EXCESS, many)


def _groups(subject: CohortSubject) -> list[NDArray[np.bool_]]:
    labels = np.array(subject.groups)
    return [labels == label for label in dict.fromkeys(subject.groups) if label != "uncertain"]


def _women(subject: CohortSubject) -> NDArray[np.bool_]:
    found = sex_of(subject.tally)
    if found is None:
        found = np.array(subject.cohorts[0].sex if subject.cohorts else (), np.uint8)
    return found == FEMALE if len(found) else np.zeros(len(subject.samples), bool)


def places(cohort: Cohort, build: str | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows on autosomes and in PARs, and rows of X between the PARs, without parts of split records."""
    names = [plain_chromosome(raw) or "" for raw in cohort.names] or [""]
    free = cohort.flags & np.uint32(_FREE) == 0
    autosome = np.array([name.isdigit() for name in names])[cohort.chromosome]
    on_x = np.array([name == "X" for name in names])[cohort.chromosome]
    low, high = NON_PAR.get(build or "", NON_PAR["GRCh37"])
    between = (cohort.position >= low) & (cohort.position <= high)
    return np.flatnonzero(free & (autosome | (on_x & ~between))), np.flatnonzero(free & on_x & between)


def _judge(
    cohort: Cohort,
    rows: NDArray[np.intp],
    who: NDArray[np.bool_],
    least: float,
    low: NDArray[np.bool_],
    high: NDArray[np.bool_],
) -> None:
    for start in range(0, len(rows), 4096):
        part = rows[start : start + 4096]
        counts = cohort.counts[part] if who.all() else count(cohort.genotypes(part)[:, who])
        ref, het, alt = counts[:, 0].astype(np.int64), counts[:, 1].astype(np.int64), counts[:, 2]
        called = np.maximum(ref + het + alt, 1)
        p = (het + 2 * alt) / (2 * called)
        bad = hwe_p(ref, het, alt.astype(np.int64)) < least
        excess = het > 2 * p * (1 - p) * called
        low[part] |= bad & ~excess
        high[part] |= bad & excess


def rare(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Sites with one copy of the rarer allele; among a few people most alleles are."""
    if len(subject.samples) < FEW_PEOPLE:
        return
    masks = []
    for cohort in subject.cohorts:
        ref = 2 * cohort.counts[:, 0] + cohort.counts[:, 1]
        alt = 2 * cohort.counts[:, 2] + cohort.counts[:, 1]
        masks.append(np.minimum(ref, alt) == 1)
    yield each_cohort(subject, _RARE, masks)


def identifiers(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Identifiers that are missing, and such as stand at several sites."""
    twice, missing = [], []
    for cohort in subject.cohorts:
        repeated = _repeated(cohort.ids)
        mask = np.zeros(len(cohort), bool)
        mask[list(repeated)] = True
        same_record = np.zeros(len(cohort), bool)
        same_record[1:] = np.diff(cohort.record) == 0
        twice.append(mask & ~same_record)
        missing.append(_is_missing(cohort.ids))
    yield each_cohort(subject, _SAME_ID, twice)
    yield each_cohort(subject, _NO_ID, missing)


def _is_missing(ids: Texts) -> NDArray[np.bool_]:
    letters = ids.first_letters()
    result: NDArray[np.bool_] = (ids.lengths == 0) | (letters == ord(".")) | (letters == ord("0"))
    return result


def _repeated(ids: Texts) -> Iterator[int]:
    """Rows whose identifier another row has too."""
    missing = _is_missing(ids)
    raws = list(ids.raws())
    counts = Counter(raw for raw, gone in zip(raws, missing, strict=True) if not gone)
    if len(counts) < len(raws) - int(missing.sum()):
        yield from (row for row, raw in enumerate(raws) if not missing[row] and counts[raw] > 1)


ROW_CHECKS = (equilibrium, rare, identifiers)


def variants(subject: CohortSubject) -> Iterable[Finding]:
    """Findings about the quality of variants."""
    for check in ROW_CHECKS:
        for answer in check(subject):
            yield from finding_of_rows(subject, answer)


def trios(cohort: Cohort) -> list[tuple[int, int, int]]:
    """Indices of child, father and mother where all three are there."""
    places: dict[tuple[str, str], int] = {}
    families = cohort.families or ("",) * len(cohort.samples)
    for index, (family, name) in enumerate(zip(families, cohort.samples, strict=True)):
        places[family, name] = index
    result = []
    pairs = zip(families, cohort.fathers, cohort.mothers, strict=True) if cohort.fathers else ()
    for child, (family, father, mother) in enumerate(pairs):
        if (family, father) in places and (family, mother) in places:
            result.append((child, places[family, father], places[family, mother]))
    return result


def _impossible() -> NDArray[np.bool_]:
    """[child, father, mother] codes that cannot be."""
    table = np.zeros((4, 4, 4), bool)
    gives = {0: {0}, 1: {0, 1}, 2: {1}}
    for father, mother in ((f, m) for f in range(3) for m in range(3)):
        can = {a + b for a in gives[father] for b in gives[mother]}
        for child in range(3):
            table[child, father, mother] = child not in can
    return table


_IMPOSSIBLE = _impossible()


def mendel(subject: CohortSubject) -> Iterable[Finding]:
    """Families and sites with more errors of inheritance than calling errors explain."""
    family = trios(subject.cohorts[0]) if subject.cohorts else []
    if not family:
        return
    child, father, mother = np.array(family).T
    errors, masks, sites = np.zeros(len(family), np.int64), [], 0
    for cohort in subject.cohorts:
        mask = np.zeros(len(cohort), bool)
        rows, _ = places(cohort, subject.sure_build)
        for start in range(0, len(rows), 4096):
            codes = cohort.genotypes(rows[start : start + 4096])
            wrong = _IMPOSSIBLE[codes[:, child], codes[:, father], codes[:, mother]]
            errors += wrong.sum(axis=0)
            mask[rows[start : start + 4096]] = wrong.sum(axis=1) > max(
                1, subject.options.mendel_site * len(family)
            )
        sites += len(rows)
        masks.append(mask)
    limit = f"In more than {100 * subject.options.mendel_site:.0f} % of {len(family):,} families."
    yield from finding_of_rows(subject, each_cohort(subject, _MENDEL, masks).saying(detail=limit))
    yield from _families(subject, child, errors / max(1, sites))


def _families(
    subject: CohortSubject, child: NDArray[np.intp], rate: NDArray[np.float64]
) -> Iterable[Finding]:
    bad = np.flatnonzero(rate > subject.options.mendel_family)
    if len(bad):
        yield Finding(
            code="sample.mendel",
            severity=WARNING,
            title="Children who do not fit their parents",
            detail=f"More than {100 * subject.options.mendel_family:.0f} % of the sites contradict.",
            where=", ".join(subject.samples[child[i]] for i in bad[:3]) + (" …" if len(bad) > 3 else ""),
            count=len(bad),
            what_to_do="Look whether samples were exchanged or the pedigree is wrong.",
        )
