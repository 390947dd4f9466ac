"""How good a result is against genotypes that are known otherwise."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from app.domain.model import Model

WHOLE = "all"


class ScoredBin(Model):
    """Sites of the truth whose minor allele frequency lies in a range, and how well the result met them.

    `sites` were compared; `missing` were not in the result although they could be told apart from others.
    `r2` is the squared correlation of dosage and true count of ALT over all genotypes of the bin together,
    `r2_error` its standard error (bootstrap over stretches of the genome); `nonref_concordance` the share of
    equal genotypes among those where truth or result carries ALT, `nonref_discordance` the rest; `iqs` the
    mean over sites of the imputation quality score. None where there is nothing to compute it from.
    """

    maf_from: float
    maf_to: float
    sites: int
    missing: int = 0
    genotypes: int = 0
    r2: float | None = None
    r2_error: float | None = None
    nonref_concordance: float | None = None
    nonref_discordance: float | None = None
    iqs: float | None = None


class AncestryScore(Model):
    """The people of one group; frequencies of `by_maf` are those among them."""

    label: str
    people: int
    whole: ScoredBin
    by_maf: tuple[ScoredBin, ...]

    def mean_r2(self, ranges: Collection[tuple[float, float]]) -> float | None:
        """The mean of r2 over some ranges of frequency, None without any."""
        known = [
            each.r2 for each in self.by_maf if (each.maf_from, each.maf_to) in ranges and each.r2 is not None
        ]
        return sum(known) / len(known) if known else None


class AncestrySource(StrEnum):
    """How it is known who belongs to which group."""

    NONE = "none"
    TABLE = "table"
    PROJECTION = "projection"


class AlleleMatch(StrEnum):
    """How the alleles of a site stand in truth and result."""

    SAME = "same"
    EXCHANGED = "REF and ALT exchanged"
    STRAND = "other strand"
    BOTH = "exchanged and other strand"


class MissedWhy(StrEnum):
    """Why a site of the truth was not compared."""

    TYPED = "typed"
    NOT_IN_RESULT = "not in the result"
    CHROMOSOME = "chromosome not in the result"
    ALLELES = "other alleles in the result"
    PALINDROMIC = "strand cannot be told"
    NO_ALLELES = "no second allele in the truth"
    NOT_CALLED = "no genotype in the truth"
    TWICE = "there twice"


class SiteCount(Model):
    """How many sites; `reason` is an AlleleMatch or a MissedWhy."""

    reason: str
    sites: int


class SwitchErrors(Model):
    """Phase against a truth, over genotypes of the same people that are heterozygous in both.

    `joins` are pairs of neighbours among them in one person and chromosome, `wrong` those that the result has
    the other way round than the truth.
    """

    people: int
    joins: int
    wrong: int

    @property
    def rate(self) -> float | None:
        """The switch error rate; None without a join."""
        return self.wrong / self.joins if self.joins else None


class TruthScore(Model):
    """A result against a truth.

    `people` were compared; `only_in_result` and `only_in_truth` are not in both. `sites` of the truth were
    compared, `matched` says how their alleles stand, `missed` why others were not compared. `switches` is
    there where the phase was compared.
    """

    name: str
    truth: str
    people: int
    only_in_result: int = 0
    only_in_truth: int = 0
    sites: int
    matched: tuple[SiteCount, ...] = ()
    missed: tuple[SiteCount, ...] = ()
    whole: ScoredBin
    by_maf: tuple[ScoredBin, ...]
    by_ancestry: tuple[AncestryScore, ...] = ()
    ancestry_source: AncestrySource = AncestrySource.NONE
    notes: tuple[str, ...] = ()
    switches: SwitchErrors | None = None
    seconds: float = 0.0

    def missed_by(self, why: MissedWhy) -> int:
        """Sites that were not compared for a reason."""
        return sum(each.sites for each in self.missed if each.reason == why)
