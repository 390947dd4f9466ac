"""How the sites stand to the panel: alleles, strand, places, overlap. Rows 30–40 of the table of checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import exp, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_subject import CohortSubject, rows_by_chromosome
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
from app.genotypes.known_sites import NO_ALLELES, known_sites
from app.genotypes.panels.match import MatchKind, match
from app.genotypes.site_table import SiteTable, letters_code, swapped
from app.genotypes.texts import Texts

_KINDS = {
    MatchKind.SWITCH: Rule(
        "panel.switch",
        WARNING,
        "REF and ALT are exchanged against the panel",
        "Servers leave such sites out; exchanging the alleles and recoding the genotypes keeps them.",
        "Let Haplodesk exchange them.",
        RepairCode.SWITCH,
    ),
    MatchKind.FLIP: Rule(
        "panel.flip",
        WARNING,
        "Alleles of the other strand",
        "The panel has the complements. Servers leave such sites out, and stop at more than a hundred.",
        "Let Haplodesk turn the strand.",
        RepairCode.FLIP,
    ),
    MatchKind.FLIP_SWITCH: Rule(
        "panel.flip_switch",
        WARNING,
        "Alleles of the other strand, and exchanged",
        "The panel has the complements the other way round.",
        "Let Haplodesk turn and exchange them.",
        RepairCode.FLIP_SWITCH,
    ),
    MatchKind.AMBIGUOUS: Rule(
        "panel.palindromic_turned",
        WARNING,
        "A/T or C/G sites in the other order than in the panel",
        "Letters cannot tell whether the alleles are exchanged or of the other strand; frequencies can.",
        "Let Haplodesk decide by frequency, or drop them.",
        RepairCode.PALINDROMIC_FREQUENCY,
    ),
    MatchKind.MISMATCH: Rule(
        "panel.mismatch",
        WARNING,
        "Alleles that the panel does not have",
        "The panel has other alleles at these positions, on either strand.",
        "Drop these sites.",
        RepairCode.DROP_MISMATCH,
    ),
}
_ABSENT = Rule(
    "panel.absent",
    INFO,
    "Sites that are not in the panel",
    "They do not help to impute; servers keep them as typed only.",
    "Nothing, or drop them.",
    RepairCode.DROP_TYPED_ONLY,
)
_OFF_BY_ONE = Rule(
    "position.off_by_one",
    WARNING,
    "Positions that are off by one",
    "The same alleles stand one base before or behind: a count from 0 instead of 1, or a wrong edit.",
    "Let Haplodesk move them, or look up the positions.",
    RepairCode.UPDATE_POSITION,
)
_OTHER_PLACE = Rule(
    "id.other_position",
    WARNING,
    "Identifiers that belong to another position",
    "The identifier names a site elsewhere on the chromosome.",
    "Look which of the two is right; update the position or the identifier.",
    RepairCode.UPDATE_POSITION,
)
_OVERLAP = Rule(
    "panel.low_overlap",
    WARNING,
    "Regions with few sites of the panel",
    what_to_do="Look whether build and panel are the right ones.",
)
_MOST_MOVED = 0.5
_OLD_NAMES = (
    "Most identifiers name other positions: they were given in another build and kept when it changed."
)
_MOST_APART = 0.2
_OTHERS = (2, 3, 4, 5, 6)
_CHANCE, _FEWEST_MOVED = 1e-3, 4


def kinds(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Sites whose alleles differ from the panel's, by how they differ."""
    off = _off_by_one_rows(subject)
    for kind, rule in _KINDS.items():
        masks = [m.judged & (m.kind == kind) & ~moved for m, moved in zip(subject.matches, off, strict=True)]
        yield each_cohort(subject, rule, masks)


def absent(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Sites at positions where the panel has none."""
    off = _off_by_one_rows(subject)
    masks = [
        m.judged & (m.kind == MatchKind.ABSENT) & ~moved
        for m, moved in zip(subject.matches, off, strict=True)
    ]
    answer = each_cohort(subject, _ABSENT, masks)
    judged = sum(int(m.judged.sum()) for m in subject.matches)
    if judged:
        share = f"{100 * answer.count / judged:.1f} % of the sites. "
        answer = answer.saying(detail=share + _ABSENT.detail)
    yield answer


def off_by_one(subject: CohortSubject) -> Iterable[RowAnswer]:
    """Sites that the panel (or the table of known sites) has one base away and not here."""
    yield each_cohort(subject, _OFF_BY_ONE, _off_by_one_rows(subject))


def _off_by_one_rows(subject: CohortSubject) -> list[NDArray[np.bool_]]:
    kept = subject.__dict__.get("_off_by_one")
    if kept is None:
        kept = _at_distance(subject, 1)
        if not beyond_chance(_count(kept), lambda: [_count(_at_distance(subject, n)) for n in _OTHERS]):
            kept = [np.zeros(len(each), bool) for each in kept]
        subject.__dict__["_off_by_one"] = kept
    result: list[NDArray[np.bool_]] = kept
    return result


def _count(masks: list[NDArray[np.bool_]]) -> int:
    return sum(int(each.sum()) for each in masks)


def beyond_chance(beside: int, elsewhere: Callable[[], Sequence[int]]) -> bool:
    """Whether more sites fit one base away than so many at each of other small distances let expect.

    Known sites lie so close that some fit by chance at any distance; without a shift all distances are alike,
    and the hits at distance 1 are binomial among all.
    """
    if beside < _FEWEST_MOVED:
        return False
    others = elsewhere()
    share, total = 1 / (1 + len(others)), beside + sum(others)
    if beside <= share * total:
        return False
    logs = (
        lgamma(total + 1)
        - lgamma(k + 1)
        - lgamma(total - k + 1)
        + k * log(share)
        + (total - k) * log1p(-share)
        for k in range(beside, total + 1)
    )
    return sum(map(exp, logs)) < _CHANCE


def _at_distance(subject: CohortSubject, distance: int) -> list[NDArray[np.bool_]]:
    """Rows of each cohort that fit a site so far before or behind and none at their own place."""
    steps = (-distance, distance)
    return [
        _shifted(subject, c, m.kind, steps) for c, m in zip(subject.cohorts, subject.matches, strict=True)
    ]


def _shifted(
    subject: CohortSubject, cohort: Cohort, kind: NDArray[np.uint8], steps: tuple[int, ...]
) -> NDArray[np.bool_]:
    result = np.zeros(len(cohort), bool)
    here = alt_frequency(cohort)
    if len(cohort.samples) < FEW_PEOPLE:
        here[:] = np.nan
    for name, rows in rows_by_chromosome(cohort):
        table = subject.panel.get(name)
        if table is not None:
            lost = rows[np.isin(kind[rows], (MatchKind.ABSENT, MatchKind.MISMATCH))]
            result[lost] = _beside_panel(table, cohort, lost, here[lost], steps)
        elif subject.sure_build:
            result[rows] = _beside_known(subject.sure_build, name, cohort, rows, steps)
    return result


def _beside_panel(
    table: SiteTable,
    cohort: Cohort,
    rows: NDArray[np.intp],
    here: NDArray[np.float64],
    steps: tuple[int, ...],
) -> NDArray[np.bool_]:
    """Which sites the panel has a step away with the same alleles and a like frequency."""
    hits = np.zeros(len(rows), np.int64)
    refs, alts = cohort.refs[rows], cohort.alts[rows]
    for step in steps:
        found = match(table, cohort.position[rows] + step, refs, alts)
        good = found.kind == MatchKind.EXACT
        there = np.full(len(rows), np.nan)
        there[good] = table.alt_frequency(found.row[good])
        hits += good & ~(np.abs(there - here) > _MOST_APART)
    result: NDArray[np.bool_] = hits == 1
    return result


def _beside_known(
    build: str, name: str, cohort: Cohort, rows: NDArray[np.intp], steps: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Only alleles of the same strand: C/T beside G/A is what the two bases of one CpG show."""
    table, position = known_sites(), cohort.position[rows]
    mine = letters_code(cohort.refs[rows], cohort.alts[rows])
    hit = np.zeros(len(rows), bool)
    for step in steps:
        found = table.rows(build, name, position + step)
        theirs = table.code[found]
        same = (mine == theirs) | (swapped(mine) == theirs)
        hit |= (found >= 0) & same & (theirs != NO_ALLELES)
    result: NDArray[np.bool_] = hit & (table.rows(build, name, position) < 0)
    return result


def other_position(subject: CohortSubject) -> Iterable[RowAnswer]:
    """rs numbers that the panel has elsewhere, and identifiers like `22:17055569:A:G` of another place."""
    masks, stated_of = [], list[int]()
    for cohort in subject.cohorts:
        mask = np.zeros(len(cohort), bool)
        for name, rows in rows_by_chromosome(cohort):
            stated = stated_positions(cohort.ids[rows], name, subject.panel.get(name))
            mask[rows] = (stated > 0) & (stated != cohort.position[rows])
            stated_of.append(int((stated > 0).sum()))
        masks.append(mask)
    answer, named = each_cohort(subject, _OTHER_PLACE, masks), sum(stated_of)
    if answer.count > _MOST_MOVED * named:
        answer = answer.saying(severity=INFO, detail=_OLD_NAMES)
    yield answer


def stated_positions(ids: Texts, chromosome: str, table: SiteTable | None) -> NDArray[np.int64]:
    """The position that each identifier names, 0 where it names none that is known."""
    result = np.zeros(len(ids), np.int64)
    numbers = np.zeros(len(ids), np.int64)
    start = f"{chromosome}:".encode()
    for row, raw in enumerate(ids.raws()):
        if raw[:2] == b"rs":
            digits = raw[2:].split(b";", 1)[0]
            numbers[row] = int(digits) if digits.isdigit() and len(digits) < 11 else 0
        elif raw.removeprefix(b"chr").startswith(start):
            digits = raw.removeprefix(b"chr")[len(start) :].split(b":", 1)[0].split(b"_", 1)[0]
            result[row] = int(digits) if digits.isdigit() and len(digits) < 11 else 0
    if table is not None and table.rs is not None and numbers.any():
        order = np.argsort(table.rs, kind="stable")
        sorted_rs = table.rs[order]
        wanted = np.flatnonzero(numbers > 0)
        at = np.minimum(np.searchsorted(sorted_rs, numbers[wanted]), len(sorted_rs) - 1)
        hit = sorted_rs[at] == numbers[wanted]
        result[wanted[hit]] = table.position[order[at[hit]]]
    return result


ROW_CHECKS = (kinds, off_by_one, other_position, absent)


def alleles(subject: CohortSubject) -> Iterable[Finding]:
    """Findings about alleles and places against the panel."""
    for check in ROW_CHECKS:
        for answer in check(subject):
            yield from finding_of_rows(subject, answer)


def overlap(subject: CohortSubject) -> Iterable[Finding]:
    """Share of the sites of each chunk that the panel has; fills the figures of chunks."""
    tally = subject.tally
    found = np.full(len(tally.chunk_sites), np.nan)
    places = {key: i for i, key in enumerate(zip(tally.chunk_chromosome, tally.chunk_start, strict=True))}
    hits = np.zeros(len(found))
    for cohort, met in zip(subject.cohorts, subject.matches, strict=True):
        for name, rows in rows_by_chromosome(cohort):
            if name not in subject.panel:
                continue
            chunk = np.maximum(cohort.position[rows] - 1, 0) // subject.options.chunk_bases
            for number in np.unique(chunk):
                place = places.get((name, number * subject.options.chunk_bases + 1))
                if place is None:  # behind the end of every chromosome
                    continue
                hits[place] += int((met.kind[rows[chunk == number]] != MatchKind.ABSENT).sum())
                found[place] = 0
    known = ~np.isnan(found)
    found[known] = hits[known] / np.maximum(tally.chunk_sites[known], 1)
    _fill(subject, found)
    low = known & ((found < subject.options.overlap) | (hits < subject.options.chunk_sites))
    if low.any():
        words = [
            f"{tally.chunk_chromosome[i]}:{tally.chunk_start[i]:,} ({100 * found[i]:.0f} % of "
            f"{tally.chunk_sites[i]:,})"
            for i in np.flatnonzero(low)
        ]
        yield finding_of_rule(subject, _with_numbers(subject), words, int(low.sum()))


def _with_numbers(subject: CohortSubject) -> Rule:
    options = subject.options
    detail = (
        f"Servers leave out chunks of {options.chunk_bases // 1_000_000} million bases with fewer than "
        f"{options.chunk_sites} sites or under {100 * options.overlap:.0f} % of them in the panel."
    )
    return Rule(_OVERLAP.code, _OVERLAP.severity, _OVERLAP.title, detail, _OVERLAP.what_to_do, _OVERLAP.fix)


def _fill(subject: CohortSubject, overlap_of_chunk: NDArray[np.float64]) -> None:
    tally, figures = subject.tally, subject.figures
    figures.chunk_chromosome = np.array(tally.chunk_chromosome, np.str_)
    figures.chunk_start = tally.chunk_start
    figures.chunk_end = tally.chunk_start + subject.options.chunk_bases - 1
    figures.chunk_sites = tally.chunk_sites
    figures.chunk_overlap = overlap_of_chunk
