"""Records as the server's quality control reads them (7.12 A and H)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.genotypes.bgzf import read_lines
from app.genotypes.server.stops import ServerStop

MISSING = frozenset({".", "./.", ".|."})


@dataclass
class Record:
    """One record with its genotypes, and the counts by the server's rules.

    Only the letters 0, 1 and . count: `./1` and `1/2` are homozygous ALT, `2/2` is neither, but called.
    """

    chromosome: str
    position: int
    id: str
    ref: str
    alt: str
    filters: str
    genotypes: list[str]
    ref_count: int = 0
    het: int = 0
    alt_count: int = 0
    missing: int = 0

    def count(self) -> None:
        """Fill in the counts from the genotypes."""
        for genotype, times in Counter(self.genotypes).items():
            zero, one = "0" in genotype, "1" in genotype
            self.het += times if zero and one else 0
            self.ref_count += times if zero and not one else 0
            self.alt_count += times if one and not zero else 0
            self.missing += times if genotype in MISSING else 0

    @property
    def samples(self) -> int:
        """How many genotypes there are."""
        return len(self.genotypes)

    @property
    def alt_frequency(self) -> float | None:
        """ALT alleles among the called, haploid calls as two; None when nothing is called."""
        called = self.samples - self.missing
        return (self.het + 2 * self.alt_count) / (2 * called) if called else None


def read_records(path: Path, samples: int) -> Iterator[Record]:
    """The records of a file; ServerStop with the line number at the first fault."""
    for number, line in enumerate(read_lines(path), 1):
        if line and not line.startswith(b"#"):
            try:
                record = _parse(line.decode("utf-8", "replace"), samples, number)
            except ServerStop as stop:
                raise ServerStop(
                    f"Task 'Calculating QC Statistics {path.name}: Line {number}: {stop.message}"
                ) from stop
            record.count()
            yield record


def _parse(line: str, samples: int, number: int) -> Record:
    tiles = line.split("\t")
    if len(tiles) < 9:
        raise ServerStop("The provided VCF file is not correct tab-delimited")
    words = tiles[8].split(":")
    place = next((k for k, word in enumerate(words) if "GT" in word), None)
    if place is None:
        raise ServerStop("No GT field found in FORMAT column.")
    cells = tiles[9:]
    if len(cells) > samples:
        raise ServerStop(f"Index {samples} out of bounds for length {samples}")
    if len(cells) < samples:
        raise ServerStop(f"Line {number}: different number of samples.")
    if place or len(words) > 1:
        cells = [_subfield(cell, place) for cell in cells]
    shared = [*map(sys.intern, cells)]  # X and lifted files are kept whole: one object for each word
    return Record(tiles[0], int(tiles[1]), tiles[2], tiles[3], tiles[4], tiles[6], shared)


def _subfield(cell: str, place: int) -> str:
    parts = cell.split(":")
    return parts[place] if place < len(parts) else "."
