"""The sites of a reference panel, as the server's quality control sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import read_lines

Alleles = tuple[str, str]


@dataclass(frozen=True)
class PanelSites:
    """Sites of one chromosome, sorted by position; several rows may share a position, in file order."""

    positions: NDArray[np.int64]
    alleles: list[Alleles]

    def at(self, position: int) -> list[Alleles]:
        """REF and ALT of all rows at a position, empty when the panel has none."""
        first = int(np.searchsorted(self.positions, position))
        last = int(np.searchsorted(self.positions, position, "right"))
        return self.alleles[first:last]


class PanelSource(Protocol):
    """Where the sites of a panel come from."""

    def sites(self, chromosome: str) -> PanelSites | None:
        """The sites of a chromosome (`20`, `X`), None when the panel does not have it."""
        ...

    def name(self, chromosome: str) -> str:
        """The file that would hold them, for messages."""
        ...


@dataclass(frozen=True)
class SitesFiles:
    """Site lists as servers use them: `$chr` in the pattern stands for the chromosome."""

    folder: str
    pattern: str

    def name(self, chromosome: str) -> str:
        """The path of the list of a chromosome, relative to the folder."""
        return self.pattern.replace("$chr", chromosome)

    def sites(self, chromosome: str) -> PanelSites | None:
        """Read the list, None when there is no such file. Columns: ID CHROM POS REF ALT …"""
        path = Path(self.folder, self.name(chromosome))
        return _read_list(str(path)) if path.is_file() else None


@dataclass(frozen=True)
class PanelArrays:
    """Sites held in memory by chromosome, such as those of the practice panel."""

    by_chromosome: Mapping[str, PanelSites]

    def name(self, chromosome: str) -> str:
        """A name for messages; there is no file."""
        return f"chr{chromosome}.sites.gz"

    def sites(self, chromosome: str) -> PanelSites | None:
        """The sites of a chromosome."""
        return self.by_chromosome.get(chromosome)


def in_order(rows: Iterable[tuple[int, str, str]]) -> PanelSites:
    """Make PanelSites from (position, ref, alt) rows; the order of rows at one position is kept."""
    listed = list(rows)
    positions = np.array([row[0] for row in listed], np.int64)
    order = np.argsort(positions, kind="stable")
    return PanelSites(positions[order], [listed[i][1:] for i in order])


def sites_of_vcf(path: str | Path) -> PanelSites:
    """The sites of a panel in VCF, one chromosome a file; multiallelic rows count once an ALT."""
    return in_order(_vcf_rows(path))


def _vcf_rows(path: str | Path) -> Iterable[tuple[int, str, str]]:
    for line in read_lines(path):
        if not line.startswith(b"#"):
            _, position, _, ref, alt, *_ = line.split(b"\t", 5)
            for each in alt.decode().split(","):
                yield int(position), ref.decode(), each


@lru_cache(maxsize=4)
def _read_list(path: str) -> PanelSites:
    lines = iter(read_lines(path))
    head = [word.upper() for word in next(lines, b"").decode().lstrip("#").split("\t")]
    position, ref, alt = head.index("POS"), head.index("REF"), head.index("ALT")
    rows = (line.decode().split("\t") for line in lines if line)
    return in_order((int(row[position]), row[ref], row[alt]) for row in rows)
