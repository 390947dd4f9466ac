"""Results filtered and written for another program: what is asked for, and what came of it.

No models of pydantic: the process that exports would take a quarter of a second to import it, which is a
quarter of what PLINK 2 takes for all of a chromosome of fifty people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf


class ExportFormat(StrEnum):
    """What results can be written as."""

    VCF = "vcf"
    BCF = "bcf"
    BGEN = "bgen"
    PGEN = "pgen"
    BED = "bed"
    TABLE = "tsv"


class PresetName(StrEnum):
    """Programs for which the right format and command are known."""

    REGENIE = "regenie"
    SAIGE = "saige"
    SAIGE_VCF = "saige-vcf"
    BOLT = "bolt"
    PLINK2 = "plink2"
    GCTA = "gcta"
    PRSICE = "prsice"
    HAIL = "hail"


class DropReason(StrEnum):
    """Why a variant was left out: the first reason that holds, in this order."""

    OUTSIDE = "outside of the region"
    NO_R2 = "no R2 told"
    LOW_R2 = "R2 too low"
    LOW_ER2 = "ER2 too low"
    RARE = "minor allele too rare"
    FEW_COPIES = "too few copies of the minor allele"


@dataclass(frozen=True)
class R2Step:
    """The least R2 of variants with a minor allele at least so frequent, up to where the next step begins."""

    maf_from: float
    min_r2: float

    def __post_init__(self) -> None:
        _within("maf_from", self.maf_from, 0.5)
        _within("min_r2", self.min_r2, 1)
        object.__setattr__(self, "maf_from", float(self.maf_from))  # edges of ranges begin with a plain 0


@dataclass(frozen=True)
class Cutoffs:
    """Which variants are kept. A cut-off of 0 takes in all. ValueError where one can be none.

    `r2_steps` take the place of `min_r2`, rising in `maf_from`. Typed sites are measured, not imputed: R2
    does not drop them unless `typed_by_r2`; `min_er2` holds for them alone, where ER2 is told. `regions` are
    `chr20` or `20:1-500000`; empty for all. `samples` are those to keep, empty for all; with fewer of them
    R2 and frequencies are computed anew.
    """

    min_r2: float = 0
    r2_steps: tuple[R2Step, ...] = ()
    min_maf: float = 0
    min_mac: float = 0
    min_er2: float = 0
    typed_by_r2: bool = False
    regions: tuple[str, ...] = ()
    samples: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for name, most in (("min_r2", 1), ("min_maf", 0.5), ("min_mac", inf), ("min_er2", 1)):
            _within(name, getattr(self, name), most)
        places = [step.maf_from for step in self.r2_steps]
        if places != sorted(set(places)):
            raise ValueError("the steps of R2 must rise in frequency")


@dataclass(frozen=True)
class ExportRequest:
    """What to write. `source` is a folder of results or one file. ValueError for an impossible `hard_call`.

    `hard_call`: how far a dosage may lie from a call, for BED and the calls of PGEN. `phased`: haplotypes in
    BGEN. `plain_names`: `20` for `chr20`. `verify`: read back and compare. `with_plink2`: let plink2 write.
    `replace`: put the files in the place of others of the same names. `cohorts`: folders with the packed
    genotypes of what was sent, which know the sex of people.
    """

    source: str
    out: str
    format: ExportFormat = ExportFormat.VCF
    preset: PresetName | None = None
    cutoffs: Cutoffs = field(default_factory=Cutoffs)
    hard_call: float = 0.1
    phased: bool = False
    plain_names: bool = False
    verify: bool = True
    with_plink2: bool = False
    replace: bool = False
    cohorts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.hard_call < 0.5:
            raise ValueError("hard_call lies from 0 to below 0.5")


@dataclass(frozen=True)
class ExportedSet:
    """The files of one input file: the one with the genotypes first.

    `dropped` has a count for each reason that occurred; kept and dropped add up to `variants`. `lost_calls`
    says for each hard-call threshold how many of the `calls` become missing beyond those that were;
    `sites_hash` and `values_hash` are of what was read back. `command` uses the files.
    """

    source: str
    files: tuple[str, ...]
    chromosomes: tuple[str, ...]
    variants: int
    kept: int
    samples: int
    dropped: dict[DropReason, int] = field(default_factory=dict)
    calls: int = 0
    missing: int = 0
    lost_calls: dict[str, int] = field(default_factory=dict)
    verified: bool = False
    sites_hash: str = ""
    values_hash: str = ""
    command: str = ""


@dataclass(frozen=True)
class ExportOutcome:
    """What was written. `notes` are sentences for the user; `seconds` of wall time."""

    format: ExportFormat
    sets: tuple[ExportedSet, ...]
    preset: PresetName | None = None
    notes: tuple[str, ...] = ()
    by_plink2: bool = False
    seconds: float = 0

    @property
    def variants(self) -> int:
        """Variants that were read."""
        return sum(each.variants for each in self.sets)

    @property
    def kept(self) -> int:
        """Variants that were written."""
        return sum(each.kept for each in self.sets)

    @property
    def dropped(self) -> dict[DropReason, int]:
        """Variants that were left out, by reason."""
        return {
            reason: count
            for reason in DropReason
            if (count := sum(each.dropped.get(reason, 0) for each in self.sets))
        }


def _within(name: str, value: float, most: float) -> None:
    if not 0 <= value <= most:
        raise ValueError(f"{name} lies from 0 to {most:g}")
