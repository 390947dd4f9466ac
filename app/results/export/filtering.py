"""Which variants stay, and why the others go.

A variant has one reason: the first that holds in the order of `DropReason`, so that the counts add up.
Figures are compared as the numbers of 32 bits that they were read as: `R2=0.7` passes a cut-off of 0.7.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.export import Cutoffs, DropReason
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.builds import plain_chromosome
from app.results.doses.contract import InfoColumns, SiteKind

_REGION = re.compile(r"(?P<name>[^:\s]+)(?::(?P<first>[\d,]+)(?:-(?P<last>[\d,]+)?)?)?")
_FAR = 1 << 62
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """A chromosome, or a stretch of it; both ends belong to it."""

    chromosome: str
    first: int = 1
    last: int = _FAR


def region_of(text: str) -> Region:
    """`20`, `chr20:5-9` or `chr20:5-`; ProblemError for anything else."""
    match = _REGION.fullmatch(text.strip())
    if match is None:
        raise _no_region(text)
    first = int(match["first"].replace(",", "")) if match["first"] else 1
    last = int(match["last"].replace(",", "")) if match["last"] else _FAR
    if match["first"] and match["last"] is None and "-" not in text:
        last = first
    if last < first:
        raise _no_region(text)
    return Region(_compared(match["name"]), first, last)


def _no_region(text: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "This is no region",
        f"“{text}” cannot be read as a chromosome with or without positions.",
        "Write chr20, or chr20:1000000-2000000.",
    )


def _compared(chromosome: str) -> str:
    return plain_chromosome(chromosome) or chromosome


@dataclass(frozen=True, eq=False)
class Figures:
    """What variants are judged by, float32 [rows], NaN where unknown; `kind` as in `InfoColumns`."""

    r2: NDArray[np.float32]
    er2: NDArray[np.float32]
    maf: NDArray[np.float32]
    kind: NDArray[np.uint8]


def told_figures(info: InfoColumns) -> Figures:
    """As the file tells them; the frequency of the minor allele also by that of ALT."""
    folded = np.minimum(info.af, np.float32(1) - info.af)
    return Figures(info.r2, info.er2, np.where(np.isnan(info.maf), folded, info.maf), info.kind)


class Filter:
    """Applies cut-offs batch by batch and keeps the counts."""

    def __init__(self, cutoffs: Cutoffs, samples: int) -> None:
        """`samples`: how many people the dosages are of. ProblemError where a region cannot be read."""
        self.variants = 0
        self.kept = 0
        self.dropped: dict[DropReason, int] = {}
        self._cutoffs = cutoffs
        self._alleles = 2 * samples
        self._regions = [region_of(each) for each in cutoffs.regions]

    def keeps(self, chromosome: str, position: NDArray[np.int64], figures: Figures) -> Mask:
        """Which rows of a batch stay."""
        stays = np.ones(len(position), bool)
        self.variants += len(position)
        for reason, bad in self._reasons(chromosome, position, figures):
            new = stays & bad
            if count := int(np.count_nonzero(new)):
                self.dropped[reason] = self.dropped.get(reason, 0) + count
                stays &= ~bad
        self.kept += int(np.count_nonzero(stays))
        return stays

    def _reasons(
        self, chromosome: str, position: NDArray[np.int64], figures: Figures
    ) -> Sequence[tuple[DropReason, Mask]]:
        cuts = self._cutoffs
        typed = figures.kind & np.uint8(SiteKind.TYPED) > 0
        least = self._least_r2(figures.maf)
        judged = (least > 0) & (cuts.typed_by_r2 | ~typed)
        return (
            (DropReason.OUTSIDE, self._outside(chromosome, position)),
            (DropReason.NO_R2, judged & np.isnan(figures.r2)),
            (DropReason.LOW_R2, judged & (figures.r2 < least)),
            (DropReason.LOW_ER2, typed & (figures.er2 < np.float32(cuts.min_er2))),
            (DropReason.RARE, _below(figures.maf, cuts.min_maf)),
            (DropReason.FEW_COPIES, _below(figures.maf * np.float32(self._alleles), cuts.min_mac)),
        )

    def _least_r2(self, maf: NDArray[np.float32]) -> NDArray[np.float32]:
        steps = self._cutoffs.r2_steps
        if not steps:
            return np.full(len(maf), self._cutoffs.min_r2, np.float32)
        begins = np.array([step.maf_from for step in steps], np.float32)
        least = np.array([0, *(step.min_r2 for step in steps)], np.float32)
        known = np.where(np.isnan(maf), np.float32(0), maf)
        return least[np.searchsorted(begins, known, "right")]

    def _outside(self, chromosome: str, position: NDArray[np.int64]) -> Mask:
        if not self._regions:
            return np.zeros(len(position), bool)
        inside = np.zeros(len(position), bool)
        for region in self._regions:
            if region.chromosome == _compared(chromosome):
                inside |= (position >= region.first) & (position <= region.last)
        return ~inside


def _below(values: NDArray[np.float32], least: float) -> Mask:
    """Below the cut-off; what is not known is below any but none."""
    if not least:
        return np.zeros(len(values), bool)
    return ~(values >= np.float32(least))
