"""Records as the server's quality control reads them (7.12 A and H)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.bgzf import read_lines
from app.genotypes.server.java import java_int
from app.genotypes.server.stops import ServerStop

_BLANKS = bytes(range(33))


@dataclass
class Record:
    """One record with its genotypes, and the counts by the server's rules.

    Only the letters 0, 1 and . are counted in the text of a genotype: `./1` and `1/2` are homozygous ALT,
    `2/2` is nothing, but called; `./2` is missing. `called` has a value a sample.
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
    called: list[bool] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    fault: ServerStop | None = None
    short: tuple[str, int] | None = None

    def count(self) -> None:
        """Fill in the counts from the genotypes."""
        self.ref_count = self.het = self.alt_count = self.missing = 0
        self.called = []
        for genotype in self.genotypes:
            zeros, ones, dots = (genotype.count(letter) for letter in "01.")
            if zeros == 2 or (zeros == 1 and ones == 0):
                self.ref_count += 1
            elif ones == 2 or (ones == 1 and zeros == 0):
                self.alt_count += 1
            elif zeros == 1 and ones == 1:
                self.het += 1
            missing = dots == 2 or (dots == 1 and zeros == 0 and ones == 0)
            self.missing += missing
            self.called.append(not missing)

    @property
    def samples(self) -> int:
        """How many genotypes there are."""
        return len(self.genotypes)

    @property
    def mostly_alt(self) -> bool:
        """Whether ALT alleles are more than half of the called, haploid calls as two."""
        alts, called = self.het + 2 * self.alt_count, self.samples - self.missing
        return alts > called  # also with nothing called: n / 0 is infinite, 0 / 0 is no number


def read_records(path: Path, samples: int, later: bool = False, keep_short: bool = False) -> Iterator[Record]:
    """The records of a file; ServerStop with the line number at the first fault.

    `later`: faults of genotypes are kept in the record, as those of X come up after the rewriting.
    `keep_short`: so are lines with too few columns.
    """
    for number, line in enumerate(read_lines(path), 1):
        if line.strip(_BLANKS) and not line.startswith(b"#"):
            text = line.decode("utf-8", "replace")
            if keep_short and 4 < len(tiles := text.split("\t")) < 10:
                name, ref, alt = tiles[2:5]
                yield Record(tiles[0], java_int(tiles[1]), name, ref, alt, "", [], short=(text, number))
                continue
            try:
                record = _parse(text, samples, number)
            except ServerStop as stop:
                raise _told(path, number, stop.message) from stop
            if record.fault is not None:
                record.fault = _told(path, number, record.fault.message)
                if not later:
                    raise record.fault
            record.count()
            yield record


def _told(path: Path, number: int, what: str) -> ServerStop:
    return ServerStop(f"Task 'Calculating QC Statistics {path.name}: Line {number}: {what}")


def _parse(line: str, samples: int, number: int) -> Record:
    tiles = line.split("\t", 9)
    if len(tiles) < 10:
        raise ServerStop("The provided VCF file is not correct tab-delimited")
    before, found, _ = tiles[8].partition("GT")
    fault = None
    cells = tiles[9].split("\t")
    written = list(cells)
    if not cells[-1]:
        del cells[-1]  # an empty last column does not count
    if not found:
        fault = ServerStop("No GT field found in FORMAT column.")
    elif len(cells) > samples:
        fault = ServerStop(f"Index {samples} out of bounds for length {samples}")
    elif len(cells) < samples:
        fault = ServerStop(f"Line {number}: different number of samples.")
    genotypes = [_subfield(cell, before.count(":")) for cell in cells]
    fixed = (tiles[0], java_int(tiles[1]), tiles[2], tiles[3], tiles[4], tiles[6])
    return Record(*fixed, genotypes, keys=tiles[8].split(":"), cells=written, fault=fault)


def _subfield(cell: str, place: int) -> str:
    parts = cell.split(":")
    return parts[place] if place < len(parts) else ""
