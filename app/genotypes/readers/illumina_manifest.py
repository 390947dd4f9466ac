"""Illumina's manifest of an array: where its SNPs lie, and how TOP, forward, design, A and B turn to plus.

The alleles of the column SNP are given on the design strand (`IlmnStrand`); `RefStrand` says whether that is
the plus or the minus strand of the build, `SourceStrand` which strand dbSNP's letters are on.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.letter_rows import NUMBER
from app.genotypes.readers.text_lines import TextLines

MOST_HEADER_LINES = 100
_COMPLEMENT = np.array([0, 4, 3, 2, 1, 5, 6, 7], np.uint8)
_NEEDED = ("Name", "IlmnStrand", "SNP", "Chr", "MapInfo")
_BUILDS = {
    "36": "NCBI36",
    "37": "GRCh37",
    "38": "GRCh38",
    "hg18": "NCBI36",
    "hg19": "GRCh37",
    "hg38": "GRCh38",
}
_ADVICE = "Add the manifest as Illumina gives it, in the csv format."


def looks_like_manifest(path: Path) -> bool:
    """Whether a file begins as an Illumina manifest. OSError when it cannot be opened."""
    try:
        return _header(TextLines(path)) is not None
    except FormatError:
        return False


def _header(lines: TextLines) -> list[str] | None:
    """The names of the columns, when they come soon."""
    for line in lines:
        if lines.number > MOST_HEADER_LINES:
            return None
        if b"," in line and b"MapInfo" in line:
            names = [word.strip().strip('"') for word in line.decode("utf-8", "replace").split(",")]
            return names if set(_NEEDED) <= set(names) else None
    return None


class Manifest:
    """SNPs of an array. `build` is that of the positions, empty when it is not stated; `oriented` tells
    whether the strand of the reference is known. FormatError when the file is no manifest or is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index: dict[bytes, int] = {}
        self.names: list[str] = []
        self.chromosome: NDArray[np.uint16]
        self.position: NDArray[np.int64]
        lines = TextLines(path)
        columns = _header(lines)
        if columns is None:
            title = "The columns of a manifest (Name, IlmnStrand, SNP, Chr, MapInfo) were not found"
            raise FormatError("manifest.columns", os.fspath(path), title, advice=_ADVICE)
        self.oriented = "RefStrand" in columns
        self._read(path, lines.number, columns)

    def _read(self, path: Path, skipped: int, columns: list[str]) -> None:
        place = {name: columns.index(name) if name in columns else None for name in (*_NEEDED, *_OPTIONAL)}
        chromosome, position, alleles, strands = array("H"), array("q"), bytearray(), bytearray()
        names: dict[bytes, int] = {}
        builds: Counter[bytes] = Counter()
        lines = TextLines(path)
        for line in lines:
            if lines.number <= skipped:
                continue
            if line.startswith(b"["):
                break  # [Controls] follows
            words = line.replace(b'"', b"").split(b",")
            if len(words) < len(columns):
                if not line.strip(b", \r"):
                    continue
                raise lines.error("manifest.line", "A line is too short", f"line {lines.number:,}", _ADVICE)
            cell = {name: words[at].strip() if at is not None else b"" for name, at in place.items()}
            if cell["Name"] in self.index:
                continue
            self.index[cell["Name"]] = len(position)
            chromosome.append(names.setdefault(cell["Chr"] or b"0", len(names)) & 0xFFFF)
            position.append(_place(cell["MapInfo"]))
            alleles += bytes(_alleles(cell["SNP"]))
            strands.append(_strands(cell))
            builds[cell["GenomeBuild"]] += 1
        self._keep(names, chromosome, position, alleles, strands, builds)

    def _keep(
        self,
        names: dict[bytes, int],
        chromosome: array[int],
        position: array[int],
        alleles: bytearray,
        strands: bytearray,
        builds: Counter[bytes],
    ) -> None:
        if not self.index:
            raise FormatError(
                "manifest.empty", os.fspath(self.path), "The manifest lists no SNPs", "", _ADVICE
            )
        self.names = [name.decode("utf-8", "replace") for name in names]
        self.chromosome = np.array(chromosome, np.uint16)
        self.position = np.array(position, np.int64)
        self._alleles = np.frombuffer(bytes(alleles), np.uint8).reshape(-1, 2)
        self._strands = np.frombuffer(bytes(strands), np.uint8)
        word = builds.most_common(1)[0][0].decode("utf-8", "replace").lower()
        self.build = _BUILDS.get(word.removeprefix("grch").split(".")[0], "")

    def strand(self, coding: str) -> str:
        """The strand that `letters` gives for alleles in a coding."""
        return (
            "plus" if self.oriented or coding == "plus" else coding if coding in ("top", "forward") else "top"
        )

    def letters(self, coding: str) -> NDArray[np.uint8]:
        """[SNPs, 8] the allele number (see `letter_rows`) on the strand of `strand` for each one written.

        `design` and `ab` go to TOP where the reference strand is not known.
        """
        bottom, other_source, minus = (self._strands & bit > 0 for bit in (_BOTTOM, _OTHER_SOURCE, _MINUS))
        if self.oriented:
            turn = {"top": bottom ^ minus, "forward": other_source ^ minus}.get(coding, minus)
        else:
            turn = bottom if coding in ("design", "ab", "") else np.zeros(len(bottom), bool)
        if coding == "plus":
            turn = np.zeros(len(bottom), bool)
        same = np.arange(8, dtype=np.uint8)
        if coding != "ab":
            return np.where(turn[:, None], _COMPLEMENT, same)
        table = np.zeros((len(turn), 8), np.uint8)
        table[:, 1] = np.where(turn, _COMPLEMENT[self._alleles[:, 0]], self._alleles[:, 0])
        table[:, 7] = np.where(turn, _COMPLEMENT[self._alleles[:, 1]], self._alleles[:, 1])
        return table


_OPTIONAL = ("RefStrand", "SourceStrand", "GenomeBuild")
_BOTTOM, _OTHER_SOURCE, _MINUS = 1, 2, 4


def _place(text: bytes) -> int:
    """A position; 0, as Illumina writes for SNPs without one, for all that is none."""
    return int(text) if text.isdigit() and len(text) <= 10 else 0


def _alleles(text: bytes) -> tuple[int, int]:
    """`[A/G]` → their numbers."""
    words = text.strip(b"[]").upper().split(b"/")
    if len(words) != 2 or any(len(word) != 1 for word in words):
        return 0, 0
    return NUMBER.get(words[0][0], 0), NUMBER.get(words[1][0], 0)


def _strands(cell: dict[str, bytes]) -> int:
    design, source = cell["IlmnStrand"].upper()[:1], cell["SourceStrand"].upper()[:1]
    bits = _BOTTOM if design in (b"B", b"M") else 0
    bits |= _OTHER_SOURCE if source and source != design else 0
    return bits | (_MINUS if cell["RefStrand"] == b"-" else 0)
