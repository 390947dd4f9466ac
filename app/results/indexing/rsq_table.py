"""The info table of Minimac before 4.1, line by line: `SNP REF(0) ALT(1) ALT_Frq MAF … Genotyped …`."""

from __future__ import annotations

import zlib

import numpy as np

from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import MEGABASE, ChromosomeFigures

_LETTERS = frozenset(b"ACGTacgt")
_KINDS = {b"genotyped": 0, b"typed_only": 1, b"imputed": 2}
_UNMARKED = 3


def is_table(text: bytes) -> bool:
    """Whether a text begins as such a table."""
    return text.startswith((b"SNP\t", b"SNP "))


def code_of(ref: bytes, alt: bytes) -> int:
    """The number of a pair of alleles, as `rows.alleles` makes it for many."""
    if len(ref) == len(alt) == 1 and ref[0] in _LETTERS and alt[0] in _LETTERS:
        return ref[0] << 8 | alt[0]
    return zlib.crc32(b"\t".join((ref, alt))) & 0x7FFFFF | 0x800000


class TableScan:
    """Takes whole lines of the table, its first line included."""

    def __init__(self) -> None:
        self._columns: dict[bytes, int] = {}
        self._known: dict[str, ChromosomeFigures] = {}
        self._typed: dict[str, list[int]] = {}
        self._megabases: dict[str, dict[int, list[int]]] = {}
        self.sorted = True
        self.records = 0

    def feed(self, text: bytearray, size: int, _base: int) -> None:
        """Lines of the table. ContentFault for one that is none."""
        for line in bytes(text[:size]).splitlines():
            if not line.strip():
                continue
            cells = line.split()
            if not self._columns:
                self._columns = {name: number for number, name in enumerate(cells)}
                continue
            self.records += 1
            if len(cells) != len(self._columns):
                raise ContentFault(f"record {self.records:,} has not as many columns as the first line")
            self._add(cells)

    def _add(self, cells: list[bytes]) -> None:
        name = cells[0].split(b":")
        told = len(name) > 1 and name[1].isdigit()
        chromosome = name[0].decode("utf-8", "replace") if told else "unknown"
        position = int(name[1]) if told else 0
        one = self._known.get(chromosome)
        if one is None:
            one = self._known[chromosome] = ChromosomeFigures(chromosome, first=position)
        kind = _KINDS.get(self._cell(cells, b"Genotyped").lower(), _UNMARKED)
        key = position << 24 | code_of(self._cell(cells, b"REF(0)"), self._cell(cells, b"ALT(1)"))
        one.records += 1
        one.both += kind == 0
        one.typed_only += kind == 1
        one.imputed += kind == 2
        one.unmarked += kind == _UNMARKED
        one.first, one.last = min(one.first, position), max(one.last, position)
        one.digest = (one.digest + key) & 0xFFFFFFFFFFFFFFFF
        if kind in (0, 1):
            self._typed.setdefault(chromosome, []).append(key)
        megabase = min(max(position - 1, 0) // MEGABASE, 9_999)
        self._megabases.setdefault(chromosome, {}).setdefault(megabase, [0, 0, 0, 0])[kind] += 1

    def _cell(self, cells: list[bytes], name: bytes) -> bytes:
        at = self._columns.get(name)
        return cells[at] if at is not None else b""

    def chromosomes(self) -> list[ChromosomeFigures]:
        """The figures so far."""
        for name, one in self._known.items():
            rows = self._megabases[name]
            one.by_megabase = np.zeros((max(rows) + 1, 4), np.int64)
            for megabase, counts in rows.items():
                one.by_megabase[megabase] = counts
            one.typed_keys = np.array(self._typed.get(name, ()), np.uint64)
        return list(self._known.values())
