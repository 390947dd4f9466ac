"""One record for each ALT allele, and each record once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.imputation.panel_format.heads import objects


@dataclass(frozen=True, eq=False)
class Split:
    """Records in order: the row that each comes from, and its ALT.

    `number` is that of its allele in a row with several ALT alleles, 0 in a row with one.
    """

    rows: NDArray[np.intp]
    alts: NDArray[np.object_]
    number: NDArray[np.uint8]

    def alleles(self, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """0 and 1 for each record, from the numbers of the alleles of the rows."""
        several = np.flatnonzero(self.number)
        if not len(several) and len(self.rows) == len(found):
            return found
        made: NDArray[np.uint8] = found[self.rows]
        made[several] = made[several] == self.number[several, None]
        return made


@dataclass
class Splitter:
    """Splits the rows of a file, in order of position, batch after batch; counts what is not simply taken.

    `several_alts` records became one for each ALT, `duplicates` (place and both alleles came before) and
    records `without_alt` are left out.
    """

    several_alts: int = 0
    duplicates: int = 0
    without_alt: int = 0
    _position: int = -1
    _here: set[tuple[str, str]] = field(default_factory=set)

    def split(
        self, positions: NDArray[np.int64], refs: NDArray[np.object_], alts: NDArray[np.object_]
    ) -> Split:
        """The records of some rows."""
        odd = np.fromiter(("," in alt or alt == "." for alt in alts.tolist()), dtype=bool, count=len(alts))
        again = np.diff(positions, prepend=self._position) == 0
        special = odd | again | (positions == positions[-1:])
        special[:-1] |= again[1:]
        plain = np.flatnonzero(~special)
        found = list(self._one_by_one(np.flatnonzero(special), positions, refs, alts))
        rows = np.concatenate([plain, np.array([row for row, _, _ in found], dtype=np.intp)])
        number = np.zeros(len(rows), dtype=np.uint8)
        number[len(plain) :] = [each for _, each, _ in found]
        order = np.argsort(rows, kind="stable")
        texts = np.concatenate([alts[plain], objects([alt for _, _, alt in found])])
        return Split(rows[order], texts[order], number[order])

    def _one_by_one(
        self,
        rows: NDArray[np.intp],
        positions: NDArray[np.int64],
        refs: NDArray[np.object_],
        alts: NDArray[np.object_],
    ) -> Iterator[tuple[int, int, str]]:
        """(row, number, ALT) of each record of rows that share their place, or have not one ALT."""
        columns = rows.tolist(), positions[rows].tolist(), refs[rows].tolist(), alts[rows].tolist()
        for row, position, ref, named in zip(*columns, strict=True):
            if position != self._position:
                self._position = position
                self._here.clear()
            if named == ".":
                self.without_alt += 1
                continue
            words = named.split(",")
            self.several_alts += len(words) > 1
            for number, alt in enumerate(words, 1):
                if (ref, alt) in self._here:
                    self.duplicates += 1
                else:
                    self._here.add((ref, alt))
                    yield row, number if len(words) > 1 else 0, alt
