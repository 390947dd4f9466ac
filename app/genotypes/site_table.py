"""Sites of a reference panel on one chromosome, in arrays that are searched in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts

Alleles = tuple[str, str]
NO_FREQUENCY = 65_535
OTHER = 255  # the code of a pair that is not two different letters of ACGT in capitals
_CODES = np.full(256, 255, np.uint8)
_CODES[list(b"ACGT")] = range(4)
_LETTERS = "ACGT"


@dataclass(frozen=True, eq=False)
class SiteTable:
    """Rows sorted by position; rows that share a position keep the order of the source.

    `code` is ref << 2 | alt with A, C, G, T as 0–3, or OTHER; the alleles of OTHER rows stand in `others`.
    `frequency` is that of ALT times 65,534, NO_FREQUENCY where it is unknown, None when there is none.
    `rs` are numbers of rs identifiers, 0 for none. Arrays may be memory-mapped. `partial`: nothing is known
    of places that are not here.
    """

    position: NDArray[np.uint32]
    code: NDArray[np.uint8]
    frequency: NDArray[np.uint16] | None = None
    rs: NDArray[np.uint32] | None = None
    others: Mapping[int, Alleles] = field(default_factory=dict)
    partial: bool = False

    def __len__(self) -> int:
        return len(self.position)

    def ranges(self, positions: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First row and row after the last at each position (equal where there is none)."""
        wanted = np.clip(positions, 0, 2**32 - 1).astype(np.uint32)
        first = np.searchsorted(self.position, wanted).astype(np.int64)
        last = np.searchsorted(self.position, wanted, "right").astype(np.int64)
        return first, last

    def alleles(self, row: int) -> Alleles:
        """REF and ALT of a row."""
        code = int(self.code[row])
        if code == OTHER:
            return self.others[row]
        return _LETTERS[code >> 2], _LETTERS[code & 3]

    def at(self, position: int) -> list[Alleles]:
        """REF and ALT of all rows at a position, in the order of the source."""
        first, last = self.ranges(np.array([position], np.int64))
        return [self.alleles(row) for row in range(int(first[0]), int(last[0]))]

    def alt_frequency(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Frequency of ALT between 0 and 1, NaN where it is unknown."""
        if self.frequency is None:
            return np.full(len(rows), np.nan)
        stored = self.frequency[rows].astype(np.float64)
        return np.where(stored == NO_FREQUENCY, np.nan, stored / (NO_FREQUENCY - 1))


def letters_code(refs: Texts, alts: Texts) -> NDArray[np.uint8]:
    """The code of each pair of alleles as in `SiteTable.code`."""
    ref, alt = _CODES[refs.first_letters()], _CODES[alts.first_letters()]
    simple = (ref < 4) & (alt < 4) & (ref != alt)
    result: NDArray[np.uint8] = np.where(simple, ref << 2 | alt & 3, OTHER).astype(np.uint8)
    return result


def swapped(code: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes with REF and ALT exchanged; OTHER stays."""
    result: NDArray[np.uint8] = np.where(code == OTHER, OTHER, (code & 3) << 2 | code >> 2 & 3).astype(
        np.uint8
    )
    return result


def complemented(code: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of the other strand; OTHER stays."""
    result: NDArray[np.uint8] = np.where(code == OTHER, OTHER, code ^ 15).astype(np.uint8)
    return result


def table_of(rows: Iterable[tuple[int, str, str]]) -> SiteTable:
    """A small table from (position, ref, alt) rows in any order."""
    listed = sorted(rows, key=lambda row: row[0])
    code = letters_code(Texts.of(row[1] for row in listed), Texts.of(row[2] for row in listed))
    others = {int(i): (listed[i][1], listed[i][2]) for i in np.flatnonzero(code == OTHER)}
    return SiteTable(np.array([row[0] for row in listed], np.uint32), code, others=others)
