"""A panel as it is kept: one chromosome, or one part of X, in every form that an engine wants."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ConfigDict

from app.domain.model import Model
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.imputation.panel_format.building import pack_vcf
from app.imputation.panel_format.reader import SUFFIX, Panel
from app.imputation.panel_format.vcf_out import write_vcf
from app.imputation.scratch import scratch_folder


class PanelPart(Model):
    """Files of a part lie in one folder; names are relative to it, None for a form that is not there.

    `chromosome` is the plain name (`22`, `X`), `part` is `PAR1`, `nonPAR` or `PAR2` on X, else empty;
    `contig` is the name in the files. `packed` is the panel in our own form (see `panel_format`), from which
    all others are made: with one ALT allele a record. `per_mb` counts sites in each megabase.

    `vcf` is what an earlier version kept in its place, and more with it that is not read any more;
    `with_packed` packs it on first use.
    """

    model_config = ConfigDict(extra="ignore")

    chromosome: str
    part: str = ""
    contig: str
    packed: str | None = None
    vcf: str | None = None
    msav: str | None = None
    bref3: str | None = None
    haplotypes: int
    count: int
    first: int
    last: int
    per_mb: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return f"{self.chromosome}.{self.part}" if self.part else self.chromosome

    @property
    def stem(self) -> str:
        """How its files are called, without their endings."""
        return f"chr{self.name}"

    def open(self, folder: Path) -> Panel:
        """The packed panel; close it. ProblemError where it is damaged or not there."""
        return Panel.open(folder / (self.packed or f"{self.stem}{SUFFIX}"))

    def write_slice(self, folder: Path, first: int, last: int, path: Path) -> None:
        """Write the records from `first` to `last` into a VCF of its own, for other programs."""
        with self.open(folder) as panel:
            write_vcf(panel, path, first, last)


def with_packed(part: PanelPart, folder: Path, report: Report = silent) -> PanelPart:
    """The part with its packed panel; one that an earlier version took in is packed now, and stays besides.

    ProblemError where neither is there.
    """
    if part.packed is not None and (folder / part.packed).is_file():
        return part
    if part.vcf is None or not (folder / part.vcf).is_file():
        raise problem(
            Kind.NOT_FOUND,
            "The panel is not whole",
            f"{folder.name}: the file of chromosome {part.name} is missing.",
            "Remove the panel and add it again.",
            subject=folder.name,
        )
    name = f"{part.stem}{SUFFIX}"
    with scratch_folder(folder) as scratch:
        pack_vcf(folder / part.vcf, scratch / name, report=report)
        os.replace(scratch / name, folder / name)
    return part.model_copy(update={"packed": name})
