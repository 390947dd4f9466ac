"""What every check gets and how it says what it found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import BuildGuess, Finding, Severity
from app.domain.model import Model
from app.domain.service import Limits
from app.genotypes.builds import BuildEvidence, plain_chromosome
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import Scan

INFO, WARNING, SEVERE = Severity.INFO, Severity.WARNING, Severity.SEVERE
PLACES_SHOWN = 3
FEW_PEOPLE = 10
"""Fewer cannot show a frequency or the call rate of a site: one call of one person would decide."""


class CheckOptions(Model):
    """What the files are checked against.

    `for_service` makes severe what only a service refuses (no BGZF, several chromosomes a file). `build` is
    the build that the user states (`hg19`, `GRCh38` …). `phasing` False: the service is asked not to phase.
    Rates are shares of genotypes between 0 and 1. `digest`: give the SHA-256 of each file.
    `people`: look at samples and frequencies too. `panel_sites` is the folder of the panel's site list.
    `missing_p` is the least p of missing calls of cases and controls. `chunk_bases` is the length of a chunk;
    `overlap` the share of sites in a chunk that the panel must have, `chunk_sites` how many at least.
    `frequency_apart` is how far ALT frequencies may lie apart; `hwe_p` the least p of the Hardy–Weinberg
    test. `population` is the one that the panel was chosen for, empty: any. `reference` is a FASTA file;
    without one `references` are such files by the builds for which they count.
    """

    limits: Limits = Limits()
    for_service: bool = False
    build: str | None = None
    phasing: bool = True
    variant_call_rate: float = 0.9
    sample_call_rate: float = 0.9
    fatal_call_rate: float = 0.5
    variants_per_10_mb: int = 20_000
    digest: bool = True
    people: bool = True
    panel_sites: str | None = None
    chunk_bases: int = 20_000_000
    overlap: float = 0.5
    chunk_sites: int = 3
    frequency_apart: float = 0.2
    hwe_p: float = 1e-6
    references: dict[str, str] = {}
    missing_p: float = 1e-5
    het_deviations: float = 3.0
    mendel_family: float = 0.05
    mendel_site: float = 0.1
    population: str = ""
    reference: str | None = None


@dataclass
class Subject:
    """One scanned file with what follows from the scan, for the checks of a file."""

    scan: Scan
    options: CheckOptions
    build: BuildGuess = field(default_factory=BuildGuess)
    evidence: BuildEvidence = field(default_factory=BuildEvidence)

    @property
    def name(self) -> str:
        """The name of the file without its folder."""
        return Path(self.scan.path).name

    @property
    def chromosomes(self) -> list[str]:
        """Plain names of the chromosomes met (`22`, `X`), each once; unknown names as they are."""
        return list(dict.fromkeys(plain_chromosome(raw) or raw for raw in self.scan.chromosomes))

    @property
    def service_severity(self) -> Severity:
        """Severe where a service is meant to take the file, a warning otherwise.

        In other formats than VCF it is only how things are: the VCF files are written from them.
        """
        if not self.is_vcf:
            return INFO
        return SEVERE if self.options.for_service else WARNING

    @property
    def is_vcf(self) -> bool:
        """Whether the file itself could be sent."""
        return self.scan.format == "VCF"

    def flagged(self, flag: SiteFlag) -> NDArray[np.intp]:
        """Indices of the records with a flag."""
        found: NDArray[np.intp] = np.flatnonzero(self.scan.sites.flags & np.uint16(flag))
        return found

    def place(self, index: int) -> str:
        """`22:17,055,569` of a record."""
        sites = self.scan.sites
        return f"{self.scan.chromosomes[sites.chromosome[index]]}:{sites.position[index]:,}"

    def finding(
        self,
        code: str,
        severity: Severity,
        title: str,
        detail: str = "",
        *,
        where: str = "",
        count: int = 1,
        what_to_do: str = "",
        fix: str | None = None,
    ) -> Finding:
        """A finding about this file."""
        return Finding(
            code=code,
            severity=severity,
            title=title,
            detail=detail,
            file=self.scan.path,
            where=where,
            count=count,
            what_to_do=what_to_do,
            fix=fix,
        )

    def of_records(
        self,
        indices: NDArray[np.intp],
        code: str,
        severity: Severity,
        title: str,
        detail: str = "",
        *,
        what_to_do: str = "",
        fix: str | None = None,
    ) -> Iterable[Finding]:
        """A finding about some records, none when there are none; the first few are its place."""
        if len(indices):
            where = some([self.place(int(i)) for i in indices[:PLACES_SHOWN]], len(indices))
            yield self.finding(
                code, severity, title, detail, where=where, count=len(indices), what_to_do=what_to_do, fix=fix
            )


def some(words: list[str], total: int | None = None) -> str:
    """The first few of a list, and that there are more; nothing for an empty list."""
    if not words:
        return ""
    shown = ", ".join(words[:PLACES_SHOWN])
    return shown + (" …" if (total or len(words)) > PLACES_SHOWN else "")
