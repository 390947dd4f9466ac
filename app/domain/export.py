"""Results filtered and written for another program: what is asked for, and what came of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from app.domain.model import Model
from app.domain.path_text import PathText, ShownText


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


class R2Step(Model):
    """The least R2 of variants with a minor allele at least so frequent, up to where the next step begins."""

    maf_from: float = Field(ge=0, le=0.5)
    min_r2: float = Field(ge=0, le=1)


class Cutoffs(Model):
    """Which variants are kept. A cut-off of 0 takes in all.

    `r2_steps` take the place of `min_r2`, rising in `maf_from`. Typed sites are measured, not imputed: R2
    does not drop them unless `typed_by_r2`; `min_er2` holds for them alone, where ER2 is told. `regions` are
    `chr20` or `20:1-500000`; empty for all. `samples` are those to keep, empty for all; with fewer of them
    R2 and frequencies are computed anew.
    """

    min_r2: float = Field(default=0, ge=0, le=1)
    r2_steps: tuple[R2Step, ...] = ()
    min_maf: float = Field(default=0, ge=0, le=0.5)
    min_mac: float = Field(default=0, ge=0)
    min_er2: float = Field(default=0, ge=0, le=1)
    typed_by_r2: bool = False
    regions: tuple[str, ...] = ()
    samples: tuple[str, ...] = Field(default=(), repr=False)

    @field_validator("r2_steps")
    @classmethod
    def _rising(cls, steps: tuple[R2Step, ...]) -> tuple[R2Step, ...]:
        places = [step.maf_from for step in steps]
        if places != sorted(set(places)):
            raise ValueError("the steps of R2 must rise in frequency")
        return steps


class ExportRequest(Model):
    """What to write. `source` is a folder of results or one file.

    `hard_call`: how far a dosage may lie from a call, for BED and the calls of PGEN. `phased`: haplotypes in
    BGEN. `plain_names`: `20` for `chr20`. `verify`: read back and compare. `with_plink2`: let plink2 write.
    """

    source: PathText
    out: PathText
    format: ExportFormat = ExportFormat.VCF
    preset: PresetName | None = None
    cutoffs: Cutoffs = Cutoffs()
    hard_call: float = Field(default=0.1, ge=0, lt=0.5)
    phased: bool = False
    plain_names: bool = False
    verify: bool = True
    with_plink2: bool = False


class ExportedSet(Model):
    """The files of one input file: the one with the genotypes first.

    `dropped` has a count for each reason that occurred; kept and dropped add up to `variants`. `lost_calls`
    says for each hard-call threshold how many of the `calls` become missing beyond those that were;
    `sites_hash` and `values_hash` are of what was read back. `command` uses the files.
    """

    source: ShownText
    files: tuple[PathText, ...]
    chromosomes: tuple[str, ...]
    variants: int
    kept: int
    dropped: dict[DropReason, int] = {}
    samples: int
    calls: int = 0
    missing: int = 0
    lost_calls: dict[str, int] = {}
    verified: bool = False
    sites_hash: str = ""
    values_hash: str = ""
    command: str = ""


class ExportOutcome(Model):
    """What was written. `notes` are sentences for the user; `seconds` of wall time."""

    format: ExportFormat
    preset: PresetName | None = None
    sets: tuple[ExportedSet, ...]
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
