"""REF and the spelling of insertions and deletions against the reference genome that a person gives."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.domain.finding import Finding
from app.domain.problem import ProblemError
from app.domain.repair import RepairCode
from app.genotypes.builds import SPOKEN
from app.genotypes.checks.cohort_subject import CohortSubject, rows_by_chromosome
from app.genotypes.checks.finding_of import INFO, WARNING
from app.genotypes.checks.row_answers import RowAnswer, Rows, Rule, finding_of_rows
from app.genotypes.cohort import Cohort, Reference
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.site_table import OTHER, letters_code

_MISMATCH = Rule(
    "reference.mismatch",
    WARNING,
    "REF is not the base of the reference genome",
    "The strand or the order of the alleles is another, or the position.",
    "Let Haplodesk turn or exchange the alleles by the reference genome.",
    RepairCode.RESTORE_REFERENCE,
)
_SPELLING = Rule(
    "indel.spelling",
    WARNING,
    "Insertions and deletions that are not written as far to the left as they go",
    "Panels write them on the left, so that they would not be found there.",
    "Let Haplodesk normalise them.",
    RepairCode.NORMALISE,
)
_UNPROVED = Rule(
    "indel.unproved",
    INFO,
    "Insertions and deletions whose spelling could not be proved",
    "In a repeat one change can be written at several positions; a reference genome tells the first.",
    "Give the reference genome, as a FASTA file, if they matter to you.",
)


def references(subject: CohortSubject) -> Iterable[Finding]:
    """With a genome: bases and spelling; without one that indels are there which may be written otherwise."""
    options = subject.options
    path = options.reference or options.references.get(subject.sure_build or "")
    if path is None:
        yield from finding_of_rows(subject, RowAnswer(_UNPROVED, [_indels(c) for c in subject.cohorts]))
        return
    try:
        yield from _by_genome(subject, _opened(path))
    except ProblemError as error:
        yield _unreadable(error)


def _by_genome(subject: CohortSubject, genome: ReferenceSequence) -> Iterable[Finding]:
    if genome.build != subject.sure_build:
        yield _other_build(genome.build, subject.sure_build)
        return
    answers = [_against(cohort, genome) for cohort in subject.cohorts]
    yield from finding_of_rows(subject, RowAnswer(_MISMATCH, [each[0] for each in answers]))
    yield from finding_of_rows(subject, RowAnswer(_SPELLING, [each[1] for each in answers]))


@lru_cache(maxsize=1)
def _opened(path: str) -> ReferenceSequence:
    """A file without an index is read through when it is opened: once for all groups of people."""
    return ReferenceSequence(Path(path))


def _unreadable(error: ProblemError) -> Finding:
    return Finding(
        code="reference.unreadable",
        severity=WARNING,
        title="The reference genome was not used",
        detail=error.problem.what_happened,
        what_to_do=error.problem.what_you_can_do or "Choose a whole copy of it.",
    )


def _other_build(there: str | None, here: str | None) -> Finding:
    names = [SPOKEN.get(each or "", "not known") for each in (there, here)]
    return Finding(
        code="reference.other_build",
        severity=WARNING,
        title="The reference genome is not of the build of the files",
        detail=f"Its build is {names[0]}, that of the files is {names[1]}. It was not used.",
        what_to_do="Give the genome of the build of the files.",
    )


def _indels(cohort: Cohort) -> Rows:
    """Rows whose alleles differ in length; of such alone the spelling is in question."""
    other = np.flatnonzero(letters_code(cohort.refs, cohort.alts) == OTHER)
    pairs = zip(cohort.refs[other], cohort.alts[other], strict=True)
    found: Rows = other[np.array([_is_indel(ref, alt) for ref, alt in pairs], bool)]
    return found


def _is_indel(ref: str, alt: str) -> bool:
    return len(ref) != len(alt) and set((ref + alt).upper()) <= set("ACGT") and bool(ref and alt)


def _against(cohort: Cohort, genome: ReferenceSequence) -> tuple[Rows, Rows]:
    """Rows with another base than REF (where the format says what REF is), and indels that can move."""
    wrong, movable = np.zeros(len(cohort), bool), np.zeros(len(cohort), bool)
    known = cohort.origin.reference is Reference.KNOWN
    first = cohort.refs.first_letters()
    indel = np.zeros(len(cohort), bool)
    indel[_indels(cohort)] = True
    for name, rows in rows_by_chromosome(cohort):
        base = genome.at(name, np.asarray(cohort.position)[rows].astype(np.int64))
        judged = np.isin(base, np.frombuffer(b"ACGT", np.uint8))
        letters = np.isin(first[rows] & 0xDF, np.frombuffer(b"ACGT", np.uint8))
        wrong[rows] = known & judged & letters & ((first[rows] & 0xDF) != base)
        for row in rows[indel[rows]].tolist():
            mine = int(cohort.position[row]), cohort.refs[row].upper(), cohort.alts[row].upper()
            found = genome.left_aligned(name, *mine)
            movable[row] = found is not None and found != mine
    return np.flatnonzero(wrong), np.flatnonzero(movable)
