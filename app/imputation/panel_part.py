"""A panel as it is kept: one chromosome, or one part of X, in every form that an engine wants."""

from __future__ import annotations

from pathlib import Path

from app.domain.model import Model
from app.imputation.bgzf_parts import header_and_body, write_parts


class PanelPart(Model):
    """Files of a part lie in one folder; names are relative to it, None for a form that is not there.

    `chromosome` is the plain name (`22`, `X`), `part` is `PAR1`, `nonPAR` or `PAR2` on X, else empty;
    `contig` is the name in the files. `vcf` is BGZF, sorted, phased, with one ALT allele a record; `sites`
    has its positions and alleles only. `per_mb` counts sites in each megabase. `places` are positions about
    every 100 kb with the virtual offsets of their records.
    """

    chromosome: str
    part: str = ""
    contig: str
    vcf: str
    sites: str
    msav: str | None = None
    bref3: str | None = None
    haplotypes: int
    count: int
    first: int
    last: int
    per_mb: tuple[int, ...] = ()
    places: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """How it is called in messages and file names."""
        return f"{self.chromosome}.{self.part}" if self.part else self.chromosome

    def write_slice(self, folder: Path, first: int, last: int, path: Path) -> None:
        """Copy the records from `first` to `last`, and some around them, into a VCF of its own."""
        source = folder / self.vcf
        header, begin = header_and_body(source)
        before = [offset for position, offset in self.places if position < first]
        behind = [offset for position, offset in self.places if position > last]
        write_parts(path, header, [(source, before[-1] if before else begin, behind[0] if behind else None)])
