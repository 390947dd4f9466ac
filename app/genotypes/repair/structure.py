"""Repairs of form: packing, order, chromosome names, letters of alleles, positions."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.builds import BUILDS, length, plain_chromosome
from app.genotypes.cohort import RowFlag
from app.genotypes.repair.alleles import UNKNOWN_ALLELES
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES, XY, X
from app.genotypes.rows import SiteFlag
from app.genotypes.site_table import OTHER, letters_code
from app.genotypes.texts import Texts
from app.genotypes.writers.vcf import written_name

_LONGEST = max(length(build, name) or 0 for build in BUILDS for name in CHROMOSOMES)
"""Bases of the longest chromosome of any build: no position lies beyond it, and no index could hold it."""
_BASES = re.compile(r"[ACGT]+")
_ANY_CASE = re.compile(r"[ACGTacgt]+")


def packing(draft: Draft) -> None:
    """What every output has: BGZF with an index, one chromosome a file, sorted, genotypes only."""
    everything = draft.alive
    draft.offer(R.RECOMPRESS, everything, optional=False, why="Services read BGZF with a tabix index.")
    _clear_marks(draft, R.RECOMPRESS)
    if len(draft.present()) > 1 and len(draft.study.cohorts) < len(draft.present()):
        draft.offer(R.SPLIT_CHROMOSOMES, everything, optional=False)
        _clear_marks(draft, R.SPLIT_CHROMOSOMES)
    draft.offer(R.STRIP_FIELDS, everything, optional=False, why="Less leaves the computer.")
    _clear_marks(draft, R.STRIP_FIELDS)
    draft.offer(R.SORT, _out_of_order(draft), optional=False)
    filtered = draft.alive & (draft.flags & SiteFlag.FILTERED > 0)
    caution = "Whoever made the file marked these sites as bad; without this they are left out."
    asked = np.flatnonzero(filtered)
    if len(asked) and not len(draft.offer(R.CLEAR_FILTER, asked, caution=caution)):
        draft.steps.pop()
        draft.offer(R.CLEAR_FILTER, asked, loses=True, optional=False, why="Left out, as you chose.")


def _clear_marks(draft: Draft, code: R) -> None:
    """A repair of the whole file is no change of a site."""
    from app.genotypes.repair.words import NUMBERS

    draft.changed &= ~np.uint64(1 << NUMBERS[code])


def _out_of_order(draft: Draft) -> NDArray[np.bool_]:
    """Rows that lie before the row above them in their file."""
    behind = np.zeros(len(draft.position), bool)
    together = draft.study.cohort[1:] == draft.study.cohort[:-1]
    together &= draft.chromosome[1:] == draft.chromosome[:-1]
    behind[1:] = together & (draft.position[1:] < draft.position[:-1])
    return behind & draft.alive


def chromosomes(draft: Draft) -> None:
    """Names of chromosomes, the regions of X, and what is not imputed."""
    foreign = draft.alive & (draft.chromosome == 0)
    draft.offer(R.DROP_CHROMOSOMES, foreign, loses=True, optional=False, why="They are no human chromosomes.")
    part = draft.alive & (draft.chromosome == XY)
    if len(joined := draft.offer(R.X_REGIONS, part, why="Services take X as one file.")):
        draft.chromosome[joined] = X
    wanted = draft.target.chromosomes
    if wanted is not None:
        unwanted = [number for number, name in enumerate(CHROMOSOMES) if number and name not in wanted]
        rows = draft.alive & np.isin(draft.chromosome, unwanted)
        draft.offer(R.DROP_CHROMOSOMES, rows, loses=True, why="The panel does not have them.")


def names(draft: Draft) -> None:
    """Chromosomes as the build of the output writes them."""
    build = draft.build_now
    renamed = np.zeros(len(draft.position), bool)
    for number, cohort in enumerate(draft.study.cohorts):
        odd = [
            i
            for i, raw in enumerate(cohort.names)
            if raw != written_name(plain_chromosome(raw) or raw, build)
        ]
        renamed[draft.study.cohort == number] = np.isin(np.asarray(cohort.chromosome), odd)
    why = f"In {build} they are called like {written_name('22', build)}." if build else ""
    draft.offer(R.RENAME_CHROMOSOMES, renamed & draft.alive, optional=False, why=why)


def alleles(draft: Draft) -> None:
    """Capitals, several ALT alleles, shared bases, and what is no base."""
    split = draft.alive & (draft.flags & RowFlag.SPLIT > 0)
    draft.offer(R.SPLIT_ALLELES, split, optional=False, why=_split_why(draft))
    half = draft.alive & (draft.flags & SiteFlag.HALF_CALL > 0)
    draft.offer(R.HALF_CALLS, half, optional=False, why="One allele of a call is missing.")
    other = np.flatnonzero(draft.alive & (draft.code == OTHER))
    refs, alts = draft.texts("refs", other), draft.texts("alts", other)
    pairs = list(zip(refs, alts, strict=True))
    lower = np.array([_is_lower(*pair) for pair in pairs], bool)
    raised = draft.offer(R.UPPER_CASE, other[lower])
    _rewrite(
        draft,
        raised,
        [(ref.upper(), alt.upper()) for ref, alt in (draft.alleles(r) for r in raised.tolist())],
    )
    _normalise(draft)


def _split_why(draft: Draft) -> str:
    why = "Each ALT allele became a row of its own"
    calls = sum(draft.split.set_missing.values())
    return f"{why}; {calls:,} calls with yet another allele are missing there." if calls else f"{why}."


def _is_lower(ref: str, alt: str) -> bool:
    return bool(_ANY_CASE.fullmatch(ref + alt)) and (ref + alt).upper() != ref + alt


def _rewrite(draft: Draft, rows: Rows, pairs: list[tuple[str, str]]) -> None:
    draft.rewritten.update(zip(rows.tolist(), pairs, strict=True))
    draft.code[rows] = letters_code(Texts.of(p[0] for p in pairs), Texts.of(p[1] for p in pairs))


def _normalise(draft: Draft) -> None:
    """Trim shared bases; to move an indel to the left needs the reference sequence (`by_reference`)."""
    rows, pairs, moved = [], [], []
    for row in np.flatnonzero(draft.alive & (draft.code == OTHER)).tolist():
        ref, alt = draft.alleles(row)
        if min(len(ref), len(alt)) > 1 and ref != alt and _BASES.fullmatch(ref) and _BASES.fullmatch(alt):
            step, trimmed = trim(ref, alt)
            if trimmed != (ref, alt):
                rows.append(row)
                pairs.append(trimmed)
                moved.append(step)
    caution = "Repeats are not moved to the left: that needs the reference sequence."
    if draft.target.reference is not None:
        caution = ""
    done = draft.offer(R.NORMALISE, np.array(rows, np.intp), caution=caution)
    if len(done):
        _rewrite(draft, done, pairs)
        draft.position[done] += np.array(moved, np.int64)


def trim(ref: str, alt: str) -> tuple[int, tuple[str, str]]:
    """How far the start moves, and the alleles without the bases that both share at their ends."""
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    step = 0
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        ref, alt, step = ref[1:], alt[1:], step + 1
    return step, (ref, alt)


def bad_alleles(draft: Draft) -> None:
    """What is still no pair of bases; after the missing alleles were restored."""
    other = np.flatnonzero(draft.alive & (draft.code == OTHER))
    pairs = [draft.alleles(row) for row in other.tolist()]
    indel = np.array([_is_indel(*pair) for pair in pairs], bool)
    alone = np.array([_is_one_known(*pair) for pair in pairs], bool)
    why = "Everybody measured is alike there, and no site list tells the other allele."
    draft.offer(R.DROP_UNKNOWN_ALLELE, other[alone], loses=True, why=why)
    draft.offer(R.DROP_INVALID_ALLELES, other[~indel & ~alone], loses=True, why="Services leave them out.")
    service = draft.target.for_service and not draft.target.takes_indels
    draft.offer(R.DROP_INDELS, other[indel], loses=True, proposed=service, why="Services leave them out.")


def _is_indel(ref: str, alt: str) -> bool:
    return ref != alt and bool(_BASES.fullmatch(ref)) and bool(_BASES.fullmatch(alt))


def _is_one_known(ref: str, alt: str) -> bool:
    """Whether one allele is of bases and nothing is known of the other, or nothing of both."""
    unknown = sum(each in UNKNOWN_ALLELES for each in (ref, alt))
    known = sum(bool(_BASES.fullmatch(each)) for each in (ref, alt))
    return unknown > 0 and unknown + known == 2


def positions(draft: Draft) -> None:
    """Positions that no base can have in the build of the files, or in any where the build is not certain."""
    bad = draft.alive & ((draft.position < 1) | (draft.position > _LONGEST))
    for name in draft.present():
        end = length(draft.build.value, name) if draft.build.value and draft.certain else None
        if end:
            bad |= draft.alive & (draft.chromosome == CHROMOSOMES.index(name)) & (draft.position > end)
    draft.offer(
        R.DROP_BAD_POSITION, bad, loses=True, optional=False, why="They are 0 or beyond the chromosome."
    )
