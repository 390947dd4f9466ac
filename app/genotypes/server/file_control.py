"""The quality control of one file that needs no sorting: rows come in, books are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from app.genotypes.server.chromosome_x import TASK, XFindings
from app.genotypes.server.chunks import ChunkBooks, Taken
from app.genotypes.server.java import java_int
from app.genotypes.server.letters import Bits, read_genotypes
from app.genotypes.server.panel_sites import EVERYWHERE
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.site_filter import Fates, SiteFilter
from app.genotypes.server.sites import Sites, sites_of
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine, one_row
from app.genotypes.server.validation import Validated
from app.genotypes.site_table import SiteTable

Ranges = Sequence[tuple[str, int, int]]
SHORT_LINE = "The provided VCF file is not correct tab-delimited"


@dataclass
class Shared:
    """What the control of a file works with and adds to."""

    parameters: ServerQcParameters
    ranges: Ranges
    file: Validated
    panel: SiteTable | None
    sites: SiteFilter
    books: ChunkBooks
    x: XFindings

    def stop(self, number: int, what: str, suffix: str = "") -> ServerStop:
        """A complaint about a line."""
        return ServerStop(f"{TASK}{self.file.path.name}{suffix}: Line {number}: {what}")

    def judge(self, sites: Sites, panel: SiteTable | None) -> None:
        """Sites of a file, sorted, through all rules and into the chunks."""
        used = self._in_range(sites)
        rows = np.flatnonzero(used)
        judged = self.sites.judge(sites if len(rows) == len(sites) else sites.part(rows), panel)
        if len(rows) < len(sites):
            columns = np.zeros((3, len(sites)), bool)
            columns[:, rows] = judged.early, judged.in_panel, judged.kept
            judged = Fates(*columns)
        self.books.take(Taken(sites.position, used, judged, sites.called))

    def _in_range(self, sites: Sites) -> Bits:
        if not self.ranges:
            return np.ones(len(sites), bool)
        used = np.zeros(len(sites), bool)
        for name, low, high in self.ranges:
            on = np.array([each == name for each in sites.names], bool)[sites.chromosome]
            used |= on & (sites.position >= low) & (sites.position <= high)
        return used


class FileControl(Protocol):
    """Takes the lines of a file in order. ServerStop at a fault, at once or at the end."""

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line."""
        ...

    def finish(self) -> None:
        """The end of the file."""
        ...


def as_batch(item: Batch | OddLine) -> Batch | None:
    """A regular batch, or an odd line as one; None for header lines and lines that are too short."""
    if isinstance(item, Batch):
        return item
    words = item.raw.split(b"\t", 2)
    if item.raw.startswith(b"#") or len(words) < 2:
        return None
    return one_row(item, java_int(words[1].decode("utf-8", "replace")))


def is_blank(line: bytes) -> bool:
    """Whether the reader of genotypes passes over a line."""
    return not line.strip(bytes(range(33))) or line.startswith(b"#")


class AutosomeControl:
    """A file of any chromosome but X."""

    def __init__(self, shared: Shared, chromosome: str, missing: ServerStop | None) -> None:
        self._shared = shared
        self._chromosome = chromosome
        self._missing = missing
        self._panel: SiteTable | None = shared.panel
        self._begun = False

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line."""
        if self._missing is not None:
            raise self._missing
        batch = as_batch(item)
        if batch is None:
            assert isinstance(item, OddLine)
            if not is_blank(item.raw):
                raise self._shared.stop(item.number, SHORT_LINE)
            return
        genotypes = read_genotypes(batch, self._shared.file.samples)
        if genotypes.faults:
            row = min(genotypes.faults)
            raise self._shared.stop(int(batch.number[row]), genotypes.faults[row])
        self._begin()
        self._shared.judge(sites_of(batch, genotypes), self._panel)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._shared.books.begin(self._chromosome, self._shared.file.sample_names)
            self._panel = self._with_its_name(self._shared.panel)

    def _with_its_name(self, panel: SiteTable | None) -> SiteTable | None:
        """None where the list of the panel writes the chromosome otherwise than the file."""
        if panel is EVERYWHERE:
            return panel
        wanted = (
            f"chr{self._chromosome}" if self._shared.parameters.panel_build == "hg38" else self._chromosome
        )
        return panel if self._shared.file.first_raw == wanted else None

    def take_lifted(self, sites: Sites, _looks: object = None) -> None:
        """All sites of a lifted file, sorted."""
        if self._missing is not None:
            raise self._missing
        self._shared.books.begin(self._chromosome, self._shared.file.sample_names)
        self._shared.judge(sites, self._shared.panel)

    def finish(self) -> None:
        """The end of the file."""
        if self._missing is not None:
            raise self._missing
        self._shared.books.finish()


def parse_ranges(text: str) -> list[tuple[str, int, int]]:
    """`20:1-500,21:7-9` as (chromosome, first, last) with both ends included."""
    ranges = []
    for part in filter(None, text.split(",")):
        name, _, places = part.partition(":")
        low, _, high = places.partition("-")
        ranges.append((name.strip(), int(low), int(high)))
    return ranges
