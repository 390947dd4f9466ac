"""The quality control of chromosome X: first the rewriting, then each region like a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.chromosome_x import (
    REGIONS,
    TASK,
    Calls,
    PloidyWalk,
    RecordFault,
    fault_of_fields,
    read_calls,
    regions_of,
    renamed,
    stop_of,
)
from app.genotypes.server.file_control import SHORT_LINE, Shared, as_batch, is_blank
from app.genotypes.server.letters import Genotypes, count_first, read_genotypes
from app.genotypes.server.parameters import ExcludedSite
from app.genotypes.server.site_filter import invalid_alleles
from app.genotypes.server.sites import Sites, sites_of
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine
from app.genotypes.texts import Texts

_NON_PAR = 1
_FEWEST = 9


@dataclass(frozen=True)
class XLook:
    """A row as the rewriting sees it: `fields` and `genotypes` are its complaints, `reading` is that of the
    later reading of its region, with the number of the line."""

    fields: RecordFault | None
    genotypes: RecordFault | None
    calls: Calls | None
    reading: tuple[int, str] | None


Look = Callable[[int, bool], XLook]


def look_at(batch: Batch, genotypes: Genotypes, names: list[str]) -> Look:
    """How to look at a row of a batch; the second argument asks for its genotypes as well."""

    def look(row: int, decode: bool) -> XLook:
        calls, fault = None, None
        if decode and not genotypes.is_plain(row):
            calls, fault = read_calls(batch, row, names)
        text = genotypes.faults.get(row)
        reading = (int(batch.number[row]), text) if text is not None else None
        return XLook(fault_of_fields(batch, row), fault, calls, reading)

    return look


class XControl:
    """A file of chromosome X."""

    def __init__(self, shared: Shared, missing: ServerStop | None) -> None:
        self._shared = shared
        self._missing = missing
        self._walk = PloidyWalk(shared.file.sample_names, shared.x)
        self._sorted_names = shared.file.sample_names == sorted(shared.file.sample_names)
        self._decoded = 0
        self._region = -1
        self._invalid: list[ExcludedSite] = []
        self._listed_before = len(shared.sites.excluded)
        self._later: ServerStop | None = None

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line."""
        batch = as_batch(item)
        if batch is not None:
            genotypes = read_genotypes(batch, self._shared.file.samples)
            self._cut(batch, genotypes)
            look = look_at(batch, genotypes, self._shared.file.sample_names)
            self.take_lifted(sites_of(batch, genotypes), look)
            return
        assert isinstance(item, OddLine)
        if not is_blank(item.raw):
            self._take_short(item)

    def _take_short(self, item: OddLine) -> None:
        """A line with too few columns: dropped for its alleles first, as any other, else the end."""
        line = item.raw.decode("utf-8", "replace")
        words = line.split("\t")
        if len(words) > 4 and not {words[3].upper(), words[4].upper()} <= set("ACGT"):
            site = ExcludedSite(
                id=words[2],
                chromosome=words[0],
                position=int(words[1]),
                ref=words[3],
                alt=words[4],
                reason="Invalid Alleles",
            )
            self._invalid.append(site)
            self._shared.sites.counts.update(("invalid_alleles", "excluded"))
            return
        if len(words) > _FEWEST - 1:
            raise self._shared.stop(item.number, SHORT_LINE)
        raise ServerStop(
            f"{TASK}Line {self._decoded}: there aren't enough columns for line {line} "
            f"(we expected {_FEWEST} tokens, and saw {len(words)} )"
        )

    def _cut(self, batch: Batch, genotypes: Genotypes) -> None:
        """The rewriting drops columns without a sample, where it looks at genotypes at all."""
        regions = regions_of(batch.position, self._shared.parameters.panel_build)
        for row, text in list(genotypes.faults.items()):
            decoded = regions[row] == _NON_PAR or not self._sorted_names
            if text.startswith("Index") and decoded:
                count_first(batch, row, genotypes)

    def take_lifted(self, sites: Sites, look: Look) -> None:
        """Sites in order of their positions, with a way to look at each row."""
        if self._shared.file.version == "VCFv4.3":
            raise ServerStop("Task 'Calculating QC Statistics Writing VCF version VCF4_3 is not implemented")
        bad = invalid_alleles(sites)
        self._invalid += self._shared.sites.exclude_invalid(sites, np.flatnonzero(bad))
        good = np.flatnonzero(~bad)
        regions = regions_of(sites.position, self._shared.parameters.panel_build)
        for row in good.tolist():
            self._rewrite(sites, row, look, int(regions[row]))
        for region in range(len(REGIONS)):
            rows = good[regions[good] == region]
            if len(rows) and self._missing is None and self._later is None:
                self._judge(sites.part(rows), region)
            self._region = max(self._region, region if len(rows) else -1)

    def _rewrite(self, sites: Sites, row: int, look: Look, region: int) -> None:
        self._decoded += 1
        seen = look(row, region == _NON_PAR or not self._sorted_names)
        for fault in (seen.fields, seen.genotypes):
            if fault is not None:
                raise stop_of(fault, self._decoded)
        if region == _NON_PAR:
            name = renamed(sites.names[int(sites.chromosome[row])])
            self._walk.take(name, int(sites.position[row]), seen.calls)
        if seen.reading is not None and self._later is None:
            self._later = self._shared.stop(*seen.reading)

    def _judge(self, sites: Sites, region: int) -> None:
        if region != self._region:
            self._shared.books.finish()
            self._shared.books.begin(REGIONS[region], self._shared.file.sample_names)
            self._region = region
        written = replace(
            sites,
            names=[renamed(name) for name in sites.names],
            refs=_upper(sites.refs),
            alts=_upper(sites.alts),
        )
        self._shared.judge(written, self._shared.panel)

    def finish(self) -> None:
        """The end of the file: what the later steps complain of, and the books in the server's order."""
        if self._region >= 0 and self._missing is not None:
            raise self._missing
        if self._later is not None:
            raise self._later
        self._shared.books.finish()
        self._walk.finish(self._shared.parameters.mixed_genotypes)
        self._shared.sites.excluded[self._listed_before : self._listed_before] = self._invalid


def _upper(texts: Texts) -> Texts:
    """Single letters in capitals."""
    capitals: NDArray[np.uint8] = texts.blob & np.uint8(0xDF)
    return Texts(capitals, texts.ends)
