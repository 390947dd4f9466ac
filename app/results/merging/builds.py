"""Whether results lie on the same genome build: positions of another build would meet by chance only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.builds import SPOKEN, SURE, BuildEvidence, build_by_contigs, judge
from app.genotypes.header import Header
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.merging.files import OpenedResult

_BATCHES = 12  # of each file: some ten thousand sites
_FILES = 30
_ODD = np.uint32(1 << 23)  # the code of alleles that are no single letters


@dataclass(frozen=True)
class _Told:
    """What a result tells of its build, empty where it tells nothing.

    `sure` by its positions; `header` by the lengths of chromosomes in its header, which are often copied from
    elsewhere; `build` is the better of both, nothing where the header says what positions speak against.
    """

    name: str
    sure: str
    header: str
    build: str


def refuse_other_builds(results: Sequence[OpenedResult]) -> None:
    """ProblemError when two results are of different builds, by positions or by lengths of chromosomes.

    Lengths of no known build (invented data, other species) tell nothing, and neither do names.
    """
    told = [each for each in map(_tell, results) if each.build]
    for first, other in combinations(told, 2):
        if _differ(first, other):
            raise _other_build(first, other)


def build_of(result: OpenedResult) -> str:
    """The build of a result as its headers and positions tell it, empty when that is not sure."""
    return _tell(result).sure


def _tell(result: OpenedResult) -> _Told:
    evidence = BuildEvidence()
    for path in (result.files.empirical or result.files.dose)[:_FILES]:
        _add(evidence, path)
    guess = judge(evidence)
    sure = guess.value if guess.value in SPOKEN and guess.confidence >= SURE else ""
    header = build_by_contigs(evidence) or ""
    return _Told(result.name, sure, header, sure or (header if header == guess.value else ""))


def _differ(first: _Told, other: _Told) -> bool:
    """Headers that agree are no sign of a difference, though one of them may be wrong."""
    if first.header and first.header == other.header and not (first.sure and other.sure):
        return False
    return first.build != other.build


def _other_build(first: _Told, other: _Told) -> ProblemError:
    by_header = [each.name for each in (first, other) if not each.sure]
    what = f"{first.name} is on {SPOKEN[first.build]}, {other.name} on {SPOKEN[other.build]}"
    do = "Lift one of them over, or impute again with both on the same build."
    if by_header:
        whose = "both" if len(by_header) == 2 else by_header[0]
        what += f", by the lengths of chromosomes in the header of {whose}"
        do += " If a header is wrong, correct its contig lines first (bcftools reheader)."
    return problem(
        Kind.INPUT, "The results are of different genome builds", f"{what}.", do, subject=other.name
    )


def _add(evidence: BuildEvidence, path: Path) -> None:
    reader = open_doses(path, Field.NONE)
    try:
        header = Header()
        for line in reader.header:
            header.add(line.encode())
        evidence.add_contigs(header.contigs)
        for batch in islice(reader.batches(), _BATCHES):
            evidence.add_chromosome(batch.chromosome, batch.position, _codes(batch))
    finally:
        reader.close()


def _codes(batch: DoseBatch) -> NDArray[np.uint32]:
    ref, alt = batch.refs.first_letters(), batch.alts.first_letters()
    codes = ref.astype(np.uint32) << np.uint32(8) | alt
    return np.where((ref == 0) | (alt == 0), _ODD, codes).astype(np.uint32)
