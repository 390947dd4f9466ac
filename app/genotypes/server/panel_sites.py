"""The sites of a reference panel, as the server's quality control sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from app.genotypes.bgzf import read_lines
from app.genotypes.site_table import SiteTable, table_of

EVERYWHERE = SiteTable(np.empty(0, np.uint32), np.empty(0, np.uint8))
"""Stands for a panel that is not known here: every site counts as one of its own."""


class PanelSource(Protocol):
    """Where the sites of a panel come from."""

    def sites(self, chromosome: str) -> SiteTable | None:
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

    def sites(self, chromosome: str) -> SiteTable | None:
        """Read the list, None when there is no such file. Columns: ID CHROM POS REF ALT …"""
        path = Path(self.folder, self.name(chromosome))
        return _read_list(str(path)) if path.is_file() else None


@dataclass(frozen=True)
class PanelArrays:
    """Sites held in memory by chromosome, such as those of the practice panel."""

    by_chromosome: Mapping[str, SiteTable]

    def name(self, chromosome: str) -> str:
        """A name for messages; there is no file."""
        return f"chr{chromosome}.sites.gz"

    def sites(self, chromosome: str) -> SiteTable | None:
        """The sites of a chromosome."""
        return self.by_chromosome.get(chromosome)


@dataclass(frozen=True)
class PanelTables:
    """Sites of a panel kept by the program; `lookup` gives them by plain chromosome."""

    lookup: Callable[[str], SiteTable | None]

    def name(self, chromosome: str) -> str:
        """A name for messages; there is no file."""
        return f"sites of chromosome {chromosome}"

    def sites(self, chromosome: str) -> SiteTable | None:
        """The sites of a chromosome."""
        return self.lookup(chromosome)


class AnySites:
    """No site list at all: nothing that needs one is judged."""

    def name(self, chromosome: str) -> str:
        """A name for messages; there is no file."""
        return f"sites of chromosome {chromosome}"

    def sites(self, _chromosome: str) -> SiteTable | None:
        """Every chromosome is there."""
        return EVERYWHERE


def in_order(rows: Iterable[tuple[int, str, str]]) -> SiteTable:
    """A table of (position, ref, alt) rows; the order of rows at one position is kept."""
    return table_of(rows)


@lru_cache(maxsize=4)
def _read_list(path: str) -> SiteTable:
    lines = iter(read_lines(path))
    head = [word.upper() for word in next(lines, b"").decode().lstrip("#").split("\t")]
    position, ref, alt = head.index("POS"), head.index("REF"), head.index("ALT")
    rows = (line.decode().split("\t") for line in lines if line)
    return in_order((int(row[position]), row[ref], row[alt]) for row in rows)
