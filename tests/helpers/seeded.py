"""Strand flips and switches planted in true cohorts, so that repairs of them can be scored site by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Batch as CohortBatch
from app.genotypes.cohort import Cohort, CohortWriter, open_cohort
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.alleles import is_palindromic
from app.genotypes.site_table import SiteTable, complemented, letters_code, swapped
from app.genotypes.texts import Texts

_TURNED = np.array([2, 1, 0, 3], np.uint8)
_LETTERS = np.frombuffer(b"ACGT", np.uint8)
KINDS = ("flip", "switch", "flip_switch")


@dataclass(frozen=True)
class Seeded:
    """`kind` is 0 for a site left as it is, else 1 + the place in KINDS; `code` and `genotypes` the truth."""

    cohort: Cohort
    kind: NDArray[np.int64]
    position: NDArray[np.int64]
    code: NDArray[np.uint8]
    genotypes: NDArray[np.uint8]

    @property
    def palindromic(self) -> NDArray[np.bool_]:
        """A/T and C/G sites."""
        return is_palindromic(self.code)


def seed_cohort(
    true: Cohort,
    folder: Path,
    random: np.random.Generator,
    share: float = 0.15,
    rows: Sequence[int] | None = None,
) -> Seeded:
    """Plant damage in a share of the sites: letters of the other strand, REF and ALT exchanged, or both.

    A flip of an A/T site exchanges its letters and leaves the genotypes; a switch of it exchanges both.
    """
    code = letters_code(true.refs, true.alts)
    chosen = np.flatnonzero(code != 255) if rows is None else np.asarray(rows, np.intp)
    code = code[chosen]
    genotypes = true.genotypes(chosen).copy()
    kind = np.where(random.random(len(chosen)) < share, random.integers(1, 4, len(chosen)), 0)
    written, stored = code.copy(), genotypes.copy()
    strand = (kind == 1) | (kind == 3)
    order = (kind == 2) | (kind == 3)
    written[strand] = complemented(written[strand])
    written[order] = swapped(written[order])
    stored[order] = _TURNED[stored[order]]
    with CohortWriter(folder, true.origin, true.samples) as writer:
        writer.append(
            CohortBatch(
                names=true.names,
                chromosome=np.asarray(true.chromosome[chosen]),
                position=np.asarray(true.position[chosen]),
                ids=true.ids[chosen],
                refs=_column(written >> 2),
                alts=_column(written & 3),
                flags=np.zeros(len(chosen), np.uint32),
                record=np.arange(len(chosen), dtype=np.int64),
                genotypes=stored,
            )
        )
    return Seeded(open_cohort(folder), kind, np.asarray(true.position[chosen]), code, genotypes)


def _column(number: NDArray[np.uint8]) -> Texts:
    return Texts(_LETTERS[number], np.arange(1, len(number) + 1, dtype=np.int64))


@dataclass(frozen=True)
class Score:
    """Recall: damaged sites that are true again. Precision: sites that were changed and are true.

    `left_out` are damaged sites that were removed; they count against recall.
    """

    damaged: int
    recall: float
    precision: float
    left_out: int
    sound_lost: int


def score(seeded: Seeded, repaired: Path, which: NDArray[np.bool_]) -> Score:
    """Compare a repaired VCF with the truth at some of the sites."""
    matrix = read_matrix(repaired)
    counts = matrix.counts()
    code = letters_code(Texts.of(matrix.refs), Texts.of(matrix.alts))
    place = {int(position): at for at, position in enumerate(matrix.positions)}
    at = np.array([place.get(int(position), -1) for position in seeded.position], np.int64)
    there = at >= 0
    truth = np.where(seeded.genotypes == 3, -1, seeded.genotypes.astype(np.int16))
    right = there & (code[at] == seeded.code) & (counts[at] == truth).all(axis=1)
    damaged = which & (seeded.kind > 0)
    untouched = there & _as_damaged(seeded, code[at], counts[at])
    changed = which & there & ~untouched
    return Score(
        damaged=int(damaged.sum()),
        recall=float(right[damaged].mean()),
        precision=float(right[changed].mean()) if changed.any() else float("nan"),
        left_out=int((damaged & ~there).sum()),
        sound_lost=int((which & (seeded.kind == 0) & ~there).sum()),
    )


def _as_damaged(seeded: Seeded, code: NDArray[np.uint8], counts: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Sites that came out just as they went in."""
    before = letters_code(seeded.cohort.refs, seeded.cohort.alts)
    stored = seeded.cohort.genotypes(slice(None)).astype(np.int16)
    stored[stored == 3] = -1
    same: NDArray[np.bool_] = (code == before) & (counts == stored).all(axis=1)
    return same


def minor_frequency(seeded: Seeded, panel: SiteTable) -> NDArray[np.float64]:
    """Frequency of the rarer allele in the panel, NaN for sites that it does not have."""
    first, last = panel.ranges(seeded.position)
    frequency = panel.alt_frequency(np.minimum(first, len(panel) - 1))
    minor = np.minimum(frequency, 1 - frequency)
    result: NDArray[np.float64] = np.where(first < last, minor, np.nan)
    return result
