"""What came out when batches of one cohort were made one result, or the best of several results was taken."""

from __future__ import annotations

from enum import StrEnum

from app.domain.meta_imputation import LeftOut
from app.domain.model import Model


class Keep(StrEnum):
    """Variants that not every batch has: left out and listed, or kept with missing dosages."""

    INTERSECT = "intersect"
    UNION = "union"


class MergedChromosome(Model):
    """One chromosome; `not_in_all` variants were left out or have missing people, as it was asked for."""

    chromosome: str
    variants: int
    not_in_all: int
    mean_r2: float | None
    dose: str
    info: str
    empirical: str | None = None


class BatchDifference(Model):
    """A variant whose frequency in one batch is far from that in the others; `z` is in standard errors."""

    chrom: str
    pos: int
    ref: str
    alt: str
    batch: str
    frequency: float
    elsewhere: float
    z: float


class MergeSummary(Model):
    """All of a merge. `losses` names the file that lists each variant that is not in every batch.

    `differing` counts the variants whose frequency differs between batches, the greatest are in
    `differences`.
    """

    batches: tuple[str, ...]
    samples: tuple[int, ...]
    keep: Keep
    chromosomes: tuple[MergedChromosome, ...]
    left_out: tuple[LeftOut, ...] = ()
    losses: str | None = None
    differing: int = 0
    differences: tuple[BatchDifference, ...] = ()
    seconds: float = 0.0


class ConsensusChromosome(Model):
    """One chromosome; `taken[k]` variants come from result k, `own[k]` no other result has."""

    chromosome: str
    variants: int
    mean_r2: float | None
    taken: tuple[int, ...]
    own: tuple[int, ...]
    dose: str
    info: str


class ConsensusSummary(Model):
    """The best of several results of one cohort, variant by variant."""

    results: tuple[str, ...]
    samples: int
    chromosomes: tuple[ConsensusChromosome, ...]
    seconds: float = 0.0
