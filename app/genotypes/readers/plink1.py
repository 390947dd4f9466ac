"""PLINK 1: .bed, .bim and .fam.

A .bed does not say which allele is the reference: A2 is taken for it, as PLINK 2 does, and A1, which the file
counts, is ALT. Rows are recoded from PLINK's two bits to ours without unpacking.
Source: https://www.cog-genomics.org/plink/1.9/formats#bed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Batch, Codes, Origin, Reference, RowFlag, stride
from app.genotypes.header import Header
from app.genotypes.readers.calls import rows_within
from app.genotypes.readers.columns import (
    ChromosomeNames,
    Lines,
    Words,
    allele_pair_flags,
    dots_for_zero,
    integers,
    lines_of,
    split,
)
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.packing import from_bed, packed_counts, turned
from app.genotypes.readers.people import read_fam
from app.genotypes.texts import Texts

MAGIC = b"\x6c\x1b"
_ACGT_FOR_DIGITS = np.arange(256, dtype=np.uint8)
_ACGT_FOR_DIGITS[list(b"1234")] = list(b"ACGT")
_COLUMNS_TURNED = 512  # bytes of each person that are turned at once: 2,048 sites


@dataclass
class Sites:
    """Sites of a .bim or .map, with the alleles as they are written."""

    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    ids: Texts
    first: Texts
    second: Texts

    def __len__(self) -> int:
        return len(self.position)


@dataclass
class BimSummary:
    """What one quick pass over a .bim says: how many lines, and the bytes of all single-letter alleles."""

    sites: int = 0
    letters: set[int] = field(default_factory=set)
    long_alleles: bool = False


def bim_words(lines: Lines, path: Path) -> tuple[Words, NDArray[np.int64]]:
    """Six words a line and the positions. FormatError at the first line that is no line of a .bim."""
    words = split(lines, 6)
    short = np.flatnonzero(words.count < 6)
    if len(short):
        raise FormatError(
            "plink.bim_columns",
            str(path),
            f"A line of the list of variants has {int(words.count[short[0]])} columns instead of 6",
            f"line {int(lines.number[short[0]])}",
            "Every line holds chromosome, ID, cM, position and two alleles.",
        )
    position, good = integers(words.text, words.start[:, 3], words.end[:, 3])
    if not good.all():
        raise FormatError(
            "plink.bim_position",
            str(path),
            "A position is no whole number",
            f"line {int(lines.number[np.flatnonzero(~good)[0]])}",
            "Export the data again; spreadsheets turn large numbers into 1.7e7.",
        )
    return words, position


def survey_bim(path: Path) -> BimSummary:
    """Prove every line and learn the coding of the alleles."""
    summary = BimSummary()
    for lines in lines_of(path):
        words, _ = bim_words(lines, path)
        summary.sites += len(lines)
        for column in (4, 5):
            length = words.end[:, column] - words.start[:, column]
            summary.long_alleles |= bool((length > 1).any())
            summary.letters.update(np.unique(words.text[words.start[length == 1, column]]).tolist())
    return summary


def digits_coding(summary: BimSummary, path: Path) -> bool:
    """Whether 1 2 3 4 stand for A C G T. FormatError when there are only 1 and 2, which say nothing."""
    letters = summary.letters - {ord("0")}
    if not letters or summary.long_alleles or not letters <= set(b"1234"):
        return False
    if letters <= set(b"12"):
        raise FormatError(
            "plink.alleles_12",
            str(path),
            "Alleles are coded 1 and 2, so that nobody can tell which letters they are",
            "line 1",
            "Export the data again with letters (A C G T), or update the alleles with the array's manifest.",
        )
    return True


class Plink1Reader:
    """See `GenotypeReader`. Memory: one batch of rows and the list of people."""

    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, bed: Path, bim: Path, fam: Path) -> None:
        """Proves magic, people, lines and sizes; FormatError or OSError when something is wrong."""
        self.origin = Origin("PLINK 1", (str(bed), str(bim), str(fam)), Reference.PROVISIONAL)
        people = read_fam(fam)
        self.samples: Sequence[str] = people.names()
        self.people = people.columns()
        self._bed, self._bim = bed, bim
        self._size = bed.stat().st_size
        self._done = 0
        self._sample_major = _is_sample_major(bed)
        summary = survey_bim(bim)
        self._digits = digits_coding(summary, bim)
        self._sites = summary.sites
        self._prove_size()

    def _prove_size(self) -> None:
        rows, width = self._sites, stride(len(self.samples))
        if self._sample_major:
            rows, width = len(self.samples), stride(self._sites)
        expected = 3 + rows * width
        if not self._sites:
            raise FormatError("plink.no_variants", str(self._bim), "The list of variants is empty")
        if self._size != expected:
            raise FormatError(
                "plink.bed_size",
                str(self._bed),
                f"{self._sites:,} variants of {len(self.samples):,} people take {expected:,} bytes, "
                f"but the .bed has {self._size:,}",
                f"byte {min(self._size, expected)}",
                "Copy .bed, .bim and .fam again from one source; one of them is cut or of another export.",
            )

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order."""
        rows = rows_within(rows, len(self.samples))
        first = 0
        names = ChromosomeNames(self._bim)
        with self._bed.open("rb") as file:
            for lines in lines_of(self._bim):
                for at in range(0, len(lines), rows):
                    part = lines.take(slice(at, at + rows))
                    packed = self._packed(file, first, len(part))
                    yield self._batch(bim_sites(part, self._bim, names), names, first, packed)
                    first += len(part)
        if first != self._sites:
            raise _changed(self._bim)

    def _packed(self, file: BinaryIO, first: int, rows: int) -> Codes:
        if self._sample_major:
            packed = self._turned(file, first, rows)
        else:
            width = stride(len(self.samples))
            file.seek(3 + first * width)
            raw = file.read(rows * width)
            if len(raw) != rows * width:
                raise _changed(self._bed)
            packed = from_bed(np.frombuffer(raw, np.uint8).reshape(rows, width), len(self.samples))
        self._done = int((first + rows) / self._sites * self._size)
        return packed

    def _turned(self, file: BinaryIO, first: int, rows: int) -> Codes:
        """Rows of an old .bed that goes person by person; one read a person."""
        begin, stop = first // 4, -(-(first + rows) // 4)
        columns = np.empty((len(self.samples), stop - begin), np.uint8)
        for person in range(len(self.samples)):
            file.seek(3 + person * stride(self._sites) + begin)
            raw = file.read(stop - begin)
            if len(raw) != stop - begin:
                raise _changed(self._bed)
            columns[person] = np.frombuffer(raw, np.uint8)
        sites = turned(columns, 4 * (stop - begin), len(self.samples))
        return from_bed(sites[first - 4 * begin :][:rows], len(self.samples))

    def _batch(self, sites: Sites, names: ChromosomeNames, first: int, packed: Codes) -> Batch:
        alts, refs = (dots_for_zero(self._lettered(each)) for each in (sites.first, sites.second))
        return Batch(
            names=names.names,
            chromosome=sites.chromosome,
            position=sites.position,
            ids=sites.ids,
            refs=refs,
            alts=alts,
            flags=allele_pair_flags(refs, alts) | np.uint32(RowFlag.NO_REFERENCE),
            record=np.arange(first, first + len(sites), dtype=np.int64),
            packed=packed,
            counts=packed_counts(packed, len(self.samples)),
        )

    def _lettered(self, alleles: Texts) -> Texts:
        return Texts(_ACGT_FOR_DIGITS[alleles.blob], alleles.ends) if self._digits else alleles

    def progress(self) -> tuple[int, int]:
        """Bytes of the .bed."""
        return self._done, self._size


def bim_sites(lines: Lines, path: Path, names: ChromosomeNames) -> Sites:
    """The columns of some lines of a .bim."""
    words, position = bim_words(lines, path)
    return Sites(
        names.of(words.column(0)), position, words.column(1), first=words.column(4), second=words.column(5)
    )


def _is_sample_major(bed: Path) -> bool:
    with bed.open("rb") as file:
        head = file.read(3)
    if head[:2] != MAGIC or head[2:] not in (b"\x00", b"\x01"):
        raise FormatError(
            "plink.bed_magic",
            str(bed),
            "The file does not begin as a PLINK .bed does",
            "byte 0",
            "Copy the file again; a text .bed of genome regions has the same ending but holds no genotypes.",
        )
    return head[2] == 0


def _changed(path: Path) -> FormatError:
    return FormatError("content.changed", str(path), "The file changed while it was read", "", "Try again.")


def open_plink1(parts: Mapping[str, Path]) -> Plink1Reader:
    """A reader of `bed`, `bim` and `fam`. FormatError names those that are missing."""
    missing = [kind for kind in ("bed", "bim", "fam") if kind not in parts]
    if missing:
        there = next(iter(parts.values()))
        raise FormatError(
            "plink.missing_file",
            str(there),
            f"There is no .{' and no .'.join(missing)} beside {there.name}",
            "",
            "Put .bed, .bim and .fam of one name into one folder and choose any of them.",
        )
    return Plink1Reader(parts["bed"], parts["bim"], parts["fam"])
