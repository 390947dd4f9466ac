"""What the cells of a record say: the slow reading that defines the answers of the fast one.

Equal cells are read once, which is most of them where a variant is rare.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.results.doses.contract import Field

SPARE = 0.01
"""So much may a rounded figure be out of its range."""
ABSENT, NO_CALL = -2, -1
DOSAGE, HAPLOTYPES, PROBABILITIES, LEFT_OUT, GENOTYPES, PHASED = 0, 1, 3, 6, 8, 10
"""First columns of the figures of a cell."""
COLUMNS = 11
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_NOT_A_NUMBER = frozenset({b"", b".", b"nan", b"-nan", b"NaN"})
_WORD_OF = {
    b"DS": Field.DOSAGE,
    b"HDS": Field.HAPLOTYPES,
    b"GP": Field.PROBABILITIES,
    b"GT": Field.GENOTYPES,
    b"LDS": Field.LEFT_OUT,
}
_NAN = math.nan
_MOST_KNOWN = 20_000
Rows = list[list[float]]


def fields_of(names: Sequence[bytes]) -> Field:
    """What the records with these words in FORMAT can tell; a dosage follows from any but LDS."""
    found = Field.NONE
    for name in names:
        found |= _WORD_OF.get(name, Field.NONE)
    if found & (Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES):
        found |= Field.DOSAGE
    return found


def figures_of_row(
    names: tuple[bytes, ...], cells: Sequence[bytes], alts: int, want: Field
) -> tuple[NDArray[np.float32], Field]:
    """Figures float32 [alts, samples, COLUMNS] of a record, and which of them it has; NaN elsewhere.

    `names` are the words of FORMAT. ValueError says what is wrong.
    """
    if not want:
        return np.full((alts, len(cells), COLUMNS), np.float32("nan")), Field.NONE
    known = _known_cells(names, alts, want)
    if len(known) * alts > _MOST_KNOWN:
        known.clear()
    reader = _CellReader(names, alts, want)
    rows = []
    for cell in cells:
        row = known.get(cell)
        if row is None:
            row = known[cell] = reader.read(cell)
        rows.append(row)
    table = np.frombuffer(b"".join(rows), np.float32).reshape(len(cells), alts, COLUMNS)
    return table.transpose(1, 0, 2), fields_of(names) & want


@lru_cache(maxsize=32)
def _known_cells(names: tuple[bytes, ...], alts: int, want: Field) -> dict[bytes, bytes]:
    """What was read of cells so far: most cells of an imputed file are like others."""
    return {}


def dosage_source(names: Container[bytes], alts: int) -> bytes:
    """The word of FORMAT that the dosage comes from; HDS of several ALT alleles has no agreed form."""
    order = (b"DS", b"HDS", b"GP", b"GT") if alts == 1 else (b"DS", b"GP", b"GT")
    return next((name for name in order if name in names), b"")


class _CellReader:
    """Reads the cells of one record."""

    def __init__(self, names: Sequence[bytes], alts: int, want: Field) -> None:
        self._place = {name: at for at, name in reversed(list(enumerate(names)))}
        self._words = len(names)
        self._alts = alts
        self._want = want
        self._dosage = dosage_source(self._place, alts)

    def read(self, cell: bytes) -> bytes:
        """The figures [alts, COLUMNS] of a cell, as bytes of float32."""
        parts = cell.split(b":")
        if len(parts) > self._words:
            raise ValueError(f"a cell has {len(parts)} parts, more than FORMAT")
        rows = [[_NAN] * COLUMNS for _ in range(self._alts)]
        if self._wants(b"HDS", Field.HAPLOTYPES):
            self._pair(self._part(parts, b"HDS"), "HDS", rows, HAPLOTYPES)
        if self._wants(b"LDS", Field.LEFT_OUT):
            self._pair(self._part(parts, b"LDS"), "LDS", rows, LEFT_OUT)
        if self._wants(b"GP", Field.PROBABILITIES):
            self._probabilities(self._part(parts, b"GP"), rows)
        if self._wants(b"GT", Field.GENOTYPES):
            self._genotype(self._part(parts, b"GT"), rows)
        if self._want & Field.DOSAGE:
            self._read_dosage(parts, rows)
        return np.array(rows).astype(np.float32).tobytes()

    def _wants(self, name: bytes, field: Field) -> bool:
        derived = self._want & Field.DOSAGE and self._dosage == name
        return name in self._place and bool(self._want & field or derived)

    def _part(self, parts: list[bytes], name: bytes) -> bytes:
        at = self._place[name]
        return parts[at] if at < len(parts) else b"."

    def _pair(self, text: bytes, name: str, rows: Rows, at: int) -> None:
        """One or two figures between 0 and 1, of a record with one ALT; those of more are left out."""
        values = _numbers(text, name, 1.0)
        if self._alts == 1:
            if len(values) > 2:
                raise ValueError(f"{name} has {len(values)} values")
            rows[0][at : at + len(values)] = values

    def _probabilities(self, text: bytes, rows: Rows) -> None:
        values = _numbers(text, "GP", 1.0)
        alts = self._alts
        columns = slice(PROBABILITIES, PROBABILITIES + 3)
        if len(values) == 1:
            if not math.isnan(values[0]):
                raise ValueError("GP has one value")
        elif len(values) == alts + 1:
            for row, value in zip(rows, values[1:], strict=True):
                row[columns] = [values[0] if alts == 1 else 1.0 - value, value, _NAN]
        elif len(values) == (alts + 1) * (alts + 2) // 2:
            told = [values] if alts == 1 else of_all_alts(np.array([values]), alts)[:, 0].tolist()
            for row, three in zip(rows, told, strict=True):
                row[columns] = three
        else:
            raise ValueError(f"GP has {len(values)} values")

    def _genotype(self, text: bytes, rows: Rows) -> None:
        alleles = text.replace(b"|", b"/").split(b"/")
        if len(alleles) > 2:
            raise ValueError(f"GT has {len(alleles)} alleles")
        numbers = [NO_CALL if allele in (b".", b"") else self._allele(allele) for allele in alleles]
        for alt, row in enumerate(rows, 1):
            calls = [n if n == NO_CALL else int(n == alt) for n in numbers]
            row[GENOTYPES : GENOTYPES + 2] = (*calls, ABSENT)[:2]
            row[PHASED] = b"/" not in text

    def _allele(self, text: bytes) -> int:
        if not text.isdigit() or len(text) > 5 or int(text) > self._alts:
            raise ValueError("GT has an allele that is not in the record")
        return int(text)

    def _read_dosage(self, parts: list[bytes], rows: Rows) -> None:
        if self._dosage == b"DS":
            values = _numbers(self._part(parts, b"DS"), "DS", 2.0)
            if len(values) < self._alts and (len(values) > 1 or not math.isnan(values[0])):
                raise ValueError(f"DS has {len(values)} values for {self._alts} ALT alleles")
            for row, value in zip(rows, values, strict=False):
                row[DOSAGE] = value
        elif self._dosage:
            single = b"," not in self._part(parts, self._dosage)
            for row in rows:
                row[DOSAGE] = _DOSAGE_OF[self._dosage](row, single)


def _of_haplotypes(row: list[float], single: bool) -> float:
    return row[HAPLOTYPES] if single else row[HAPLOTYPES] + row[HAPLOTYPES + 1]


def _of_probabilities(row: list[float], _single: bool) -> float:
    het, hom = row[PROBABILITIES + 1], row[PROBABILITIES + 2]
    return het if math.isnan(hom) else het + 2.0 * hom


def _of_calls(row: list[float], _single: bool) -> float:
    calls = row[GENOTYPES : GENOTYPES + 2]
    return _NAN if NO_CALL in calls else float(calls.count(1))


_DOSAGE_OF = {b"HDS": _of_haplotypes, b"GP": _of_probabilities, b"GT": _of_calls}


def of_all_alts(values: NDArray[np.float64], alts: int) -> NDArray[np.float64]:
    """[alts, samples, 3]: probabilities of 0, 1 and 2 copies of each ALT.

    `values` [samples, genotypes] are those of all genotypes in the order of a VCF.
    """
    second = np.repeat(np.arange(alts + 1), np.arange(1, alts + 2))
    first = np.concatenate([np.arange(n + 1) for n in range(alts + 1)])
    result = np.zeros((alts, len(values), 3))
    for alt in range(1, alts + 1):
        copies = (first == alt).astype(np.intp) + (second == alt)
        for count in range(3):
            result[alt - 1, :, count] = values[:, copies == count].sum(axis=1)
    return result


def _numbers(text: bytes, name: str, highest: float) -> list[float]:
    """The figures of a list, NaN where missing, put into their range when rounding led them out."""
    values = [_number(each) for each in text.split(b",")]
    for at, value in enumerate(values):
        if not 0.0 <= value <= highest and not math.isnan(value):
            if not -SPARE <= value <= highest + SPARE:
                raise ValueError(f"{name} is not between 0 and {highest:g}")
            values[at] = min(max(value, 0.0), highest)
    return values


def _number(text: bytes) -> float:
    if text in _NOT_A_NUMBER:
        return _NAN
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:20].decode('ascii', 'replace')!r} is no number")
    return float(text)
