"""What a web page wants of genotypes, and what was written for it. Without NumPy: records hold it."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model

PLINK = ".bed"
"""The suffix of a set of PLINK 1 files: .bed, .bim and .fam."""


class Dropped(StrEnum):
    """Why a site is not written."""

    CHROMOSOME = "of another chromosome or region than the page takes"
    SEVERAL_ALLELES = "with more than two alleles"
    NOT_SNV = "that are no single letters"
    MONOMORPHIC = "at which everybody is alike"
    NOT_IN_PANEL = "that the panel does not have"
    OTHER_REFERENCE = "whose REF is not that of the reference genome"
    NOT_LIFTED = "that have no place in the other build"


class Order(Model):
    """The wanted shape. `chromosomes` are plain names, empty for all; `region` is (name, first, last).

    `stem` begins the names of the files. `sites` is the folder of a kept site list, for pages that refuse
    what the panel does not have. `build` gives the lengths in the header. `males_diploid` writes haploid
    calls on X as homozygous ones. `reference` is a FASTA file of the build: what is written has its bases
    as REF.
    """

    stem: str
    build: str | None = None
    prefixed: bool = False
    one_file: bool = False
    suffix: str = ".vcf.gz"
    version: str = "4.2"
    chromosomes: tuple[str, ...] = ()
    region: tuple[str, int, int] | None = None
    two_alleles: bool = False
    snvs_only: bool = False
    males_diploid: bool = False
    drop_monomorphic: bool = False
    sites: str | None = None
    reference: str | None = None


class MadeFile(Model):
    """A written file; `chromosomes` as they are named in it."""

    name: str
    size: int
    sites: int
    chromosomes: tuple[str, ...]


class Made(Model):
    """What was written and what was left out, by reason; `sites_in == sites_out + all of dropped`.

    `by_chromosome` counts what was written, by plain name.
    """

    files: tuple[MadeFile, ...]
    samples: int
    sites_in: int
    sites_out: int
    by_chromosome: dict[str, int] = {}
    dropped: dict[Dropped, int] = {}


def books(made: Made) -> str:
    """What was written and left out, in a sentence."""
    many = "1 file" if len(made.files) == 1 else f"{len(made.files)} files"
    text = f"{many}: {made.sites_out:,} of {made.sites_in:,} sites of {made.samples:,} people"
    parts = [f"{count:,} {reason.value}" for reason, count in made.dropped.items()]
    return f"{text}; left out: {', '.join(parts)}" if parts else text
