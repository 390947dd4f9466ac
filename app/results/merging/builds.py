"""Whether results lie on the same genome build: positions of another build would meet by chance only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.builds import SPOKEN, SURE, BuildEvidence, judge
from app.genotypes.header import Header
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.merging.files import OpenedResult

_BATCHES = 12  # of each file: some ten thousand sites
_FILES = 30
_ODD = np.uint32(1 << 23)  # the code of alleles that are no single letters


def refuse_other_builds(results: Sequence[OpenedResult]) -> None:
    """ProblemError when two results are surely of different builds."""
    builds = [(each.name, build_of(each)) for each in results]
    sure = [(name, build) for name, build in builds if build]
    for name, build in sure[1:]:
        if build != sure[0][1]:
            raise problem(
                Kind.INPUT,
                "The results are of different genome builds",
                f"{sure[0][0]} is on {SPOKEN[sure[0][1]]}, {name} on {SPOKEN[build]}.",
                "Lift one of them over, or impute again with both on the same build.",
                subject=name,
            )


def build_of(result: OpenedResult) -> str:
    """The build of a result as its headers and positions tell it, empty when that is not sure."""
    evidence = BuildEvidence()
    for path in (result.files.empirical or result.files.dose)[:_FILES]:
        _add(evidence, path)
    guess = judge(evidence)
    return guess.value if guess.value in SPOKEN and guess.confidence >= SURE else ""


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
