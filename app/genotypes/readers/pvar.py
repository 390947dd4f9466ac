"""Sites of a PLINK 2 .pvar (a VCF without samples, also packed by Zstandard), or of a .bim in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.header import Header
from app.genotypes.readers.columns import ChromosomeNames, Lines, Words, integers, lines_of, split
from app.genotypes.readers.contract import FormatError
from app.genotypes.texts import Texts

_WITHOUT_HEADER = {"#CHROM": 0, "ID": 1, "POS": 3, "ALT": 4, "REF": 5}
_SHORT = {"#CHROM": 0, "ID": 1, "POS": 2, "ALT": 3, "REF": 4}
_NEEDED = ("#CHROM", "POS", "ID", "REF", "ALT")


@dataclass
class PvarSites:
    """Sites as written; `alts` may hold several alleles with commas between them."""

    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    filtered: NDArray[np.bool_]
    provisional: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.position)


class Pvar:
    """The list of variants of a set. `count` is how many there are, known after one quick pass.

    `header` holds the contigs that the list names, where it has the header of a VCF.
    """

    def __init__(self, path: Path) -> None:
        """FormatError when the list has no columns that could be one."""
        self.path = path
        self.names = ChromosomeNames(path)
        self.header = Header()
        self._columns: Mapping[str, int] = {}
        self._tabs = False
        self._is_counted = False
        self.count = sum(len(lines) for lines in self._records())
        self._is_counted = True

    def _records(self) -> Iterator[Lines]:
        for lines in lines_of(self.path):
            comment = lines.text[lines.start] == ord("#")
            for row in np.flatnonzero(comment):
                self._learn(lines.raw(int(row)))
            records = lines.take(~comment)
            if len(records):
                if not self._columns:
                    self._guess(records.raw(0))
                yield records

    def _learn(self, line: bytes) -> None:
        if not self._is_counted and line.startswith(b"##"):
            self.header.add(line)
        if line.startswith(b"#CHROM"):
            self._tabs = b"\t" in line
            words = line.split(b"\t") if self._tabs else line.split()
            self._columns = {word.decode("utf-8", "replace"): number for number, word in enumerate(words)}
            if missing := [name for name in _NEEDED if name not in self._columns]:
                raise FormatError(
                    "plink2.pvar_columns", str(self.path), f"The list of variants has no column {missing[0]}"
                )

    def _guess(self, line: bytes) -> None:
        self._tabs = False
        self._columns = _SHORT if len(line.split()) == 5 else _WITHOUT_HEADER

    def sites(self, rows: int) -> Iterator[PvarSites]:
        """All sites in file order, at most `rows` at once."""
        for lines in self._records():
            for at in range(0, len(lines), rows):
                yield self._sites(lines.take(slice(at, at + rows)))

    def _sites(self, lines: Lines) -> PvarSites:
        place = self._columns
        wanted = 1 + max(place[name] for name in (*_NEEDED, "FILTER", "INFO") if name in place)
        words = split(lines, wanted, tabs_only=self._tabs)
        self._prove(lines, words.count < 1 + max(place[name] for name in _NEEDED), "has too few columns")
        at = place["POS"]
        position, good = integers(words.text, words.start[:, at], words.end[:, at])
        self._prove(lines, ~good, "has a position that is no whole number")
        return PvarSites(
            self.names.of(words.column(place["#CHROM"])),
            position,
            words.column(place["ID"]),
            words.column(place["REF"]),
            words.column(place["ALT"]),
            _filtered(words, place.get("FILTER")),
            _provisional(words, place.get("INFO")),
        )

    def _prove(self, lines: Lines, wrong: NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            number = int(lines.number[np.flatnonzero(wrong)[0]])
            raise FormatError(
                "plink2.pvar_columns",
                str(self.path),
                f"A line of the list of variants {what}",
                f"line {number}",
            )


def _filtered(words: Words, column: int | None) -> NDArray[np.bool_]:
    if column is None:
        return np.zeros(len(words.count), bool)
    texts = words.column(column)
    return np.array([each not in (b"PASS", b".", b"") for each in texts.raws()], bool)


def _provisional(words: Words, column: int | None) -> NDArray[np.bool_]:
    """Rows whose INFO has the flag PR: the reference allele is not sure."""
    if column is None:
        return np.zeros(len(words.count), bool)
    texts = words.column(column)
    return np.array([b"PR" in each and b"PR" in each.split(b";") for each in texts.raws()], bool)
