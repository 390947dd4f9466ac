"""Records as they are read, one by one, put together to a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.cells import DOSAGE, GENOTYPES, HAPLOTYPES, LEFT_OUT, PHASED, PROBABILITIES
from app.results.doses.contract import DoseBatch, Field, InfoColumns
from app.results.doses.info import RecordFigures

Cells = NDArray[np.float32]


@dataclass
class CollectedRows:
    """Rows of one chromosome until there are enough of them.

    `cells` are figures float32 [samples, COLUMNS] a row, as `figures_of_row` gives them.
    """

    want: Field
    chromosome: str
    first_line: int
    positions: list[int] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    refs: list[bytes] = field(default_factory=list)
    alts: list[bytes] = field(default_factory=list)
    figures: list[RecordFigures] = field(default_factory=list)
    cells: list[Cells] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    has: Field = Field.NONE
    count: int = 0

    def add(
        self,
        site: tuple[int, bytes, bytes, list[bytes]],
        figures: list[RecordFigures],
        cells: Cells,
        has: Field,
        line: bytes | None = None,
    ) -> None:
        """Take in a record: position, ID, REF and its ALT alleles, a row for each."""
        position, identifier, ref, alts = site
        for row, alt in enumerate(alts):
            self.positions.append(position)
            self.ids.append(identifier)
            self.refs.append(ref)
            self.alts.append(alt)
            self.cells.append(cells[row])
            self.records.append(self.count)
        self.figures += figures
        self.has |= has
        self.count += 1
        if line is not None:
            self.lines.append(line)

    def batch(self) -> DoseBatch:
        """All of it as arrays."""
        cells = np.stack(self.cells)
        several = len(self.records) > self.count
        return DoseBatch(
            chromosome=self.chromosome,
            first_line=self.first_line,
            position=np.array(self.positions, np.int64),
            ids=Texts.of(self.ids),
            refs=Texts.of(self.refs),
            alts=Texts.of(self.alts),
            info=_info(self.figures),
            dosage=self._kept(Field.DOSAGE, cells[:, :, DOSAGE]),
            haplotypes=self._kept(Field.HAPLOTYPES, cells[:, :, HAPLOTYPES : HAPLOTYPES + 2]),
            probabilities=self._kept(Field.PROBABILITIES, cells[:, :, PROBABILITIES : PROBABILITIES + 3]),
            genotypes=self._calls(cells),
            left_out=self._kept(Field.LEFT_OUT, cells[:, :, LEFT_OUT : LEFT_OUT + 2]),
            phased=cells[:, :, PHASED] == 1 if Field.GENOTYPES in self.has else None,
            lines=Texts.of(self.lines) if self.lines else None,
            record=np.array(self.records, np.int64) if several else None,
        )

    def _kept(self, which: Field, cells: Cells) -> Cells | None:
        return np.ascontiguousarray(cells) if which in self.has else None

    def _calls(self, cells: Cells) -> NDArray[np.int8] | None:
        if Field.GENOTYPES not in self.has:
            return None
        calls = cells[:, :, GENOTYPES : GENOTYPES + 2]
        return np.where(np.isnan(calls), np.float32(-1), calls).astype(np.int8)


def _info(figures: list[RecordFigures]) -> InfoColumns:
    columns = np.array([(f.r2, f.er2, f.af, f.maf) for f in figures], np.float64).astype(np.float32)
    r2, er2, af, maf = np.ascontiguousarray(columns.T)
    return InfoColumns(r2, er2, af, maf, np.array([f.kind for f in figures], np.uint8))
