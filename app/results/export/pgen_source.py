"""A PLINK 2 .pgen with dosages as a reader of doses. Source: the PLINK 2 file format specification draft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.opening import open_reader
from app.genotypes.readers.pvar import Pvar, PvarSites
from app.results.doses.contract import DoseBatch, Field, InfoColumns
from app.results.export.kernel import Kernel
from app.results.export.pgen_file import dosages_of, read_index
from app.results.export.pgen_records import EXPLICIT_BIT, PHASE_BIT
from app.results.export.rounding import MISSING, ONE

_MULTIALLELIC = 8


class PgenDoses:
    """See `DoseReader`. Memory: a batch, and five bytes a variant."""

    @staticmethod
    def is_one(path: Path) -> bool:
        """Whether the file may have dosages that are read here; others have hard calls alone."""
        with path.open("rb") as file:
            head = file.read(12)
        return len(head) == 12 and head[2] == 16 and 4 <= head[11] & 15 <= 7

    def __init__(self, files: Sequence[Path], kernel: Kernel | None) -> None:
        """`files` is the set, the .pgen first. FormatError or OSError."""
        self._path, self._kernel = files[0], kernel
        people = open_reader(files)  # proves that the files belong together
        self.samples = tuple(people.samples)
        self._pvar = Pvar(next(each for each in files if "pvar" in each.name or "bim" in each.name))
        self.header = tuple(f"##contig=<ID={name}>" for name in _contigs(self._pvar))
        with self._path.open("rb") as file:
            kinds = read_index(self._path, file).kinds
        if (kinds & _MULTIALLELIC).any():
            raise FormatError(
                "plink2.alleles",
                str(self._path),
                "Variants have several ALT alleles",
                advice="Split them first: plink2 --pfile NAME --make-pgen multiallelics=-",
            )
        self._phased = bool((kinds & (PHASE_BIT | EXPLICIT_BIT)).any())
        self.packed_done = 0
        self.fields = Field.DOSAGE | (Field.HAPLOTYPES if self._phased else Field.NONE)

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`."""
        first = 0
        sites = self._sites()
        for total, delta, data in dosages_of(self._path, self._kernel):
            self.packed_done += len(data)
            for at, part in sites(len(total)):
                some = slice(at, at + len(part))
                yield self._batch(part, total[some], delta[some], first + at)
            first += len(total)

    def _sites(self) -> _Sites:
        return _Sites(self._pvar)

    def _batch(
        self, sites: PvarSites, total: NDArray[np.uint16], delta: NDArray[np.int16], first: int
    ) -> DoseBatch:
        lost = total == MISSING
        dosage = np.where(lost, np.nan, total.astype(np.float32) / ONE).astype(np.float32)
        haplotypes = None
        if self._phased:
            step = delta.astype(np.float32) / ONE
            haplotypes = np.stack([(dosage + step) / 2, (dosage - step) / 2], axis=2).astype(np.float32)
        nothing = np.full(len(total), np.nan, np.float32)
        return DoseBatch(
            chromosome=self._pvar.names.names[int(sites.chromosome[0])],
            first_line=first,
            position=sites.position,
            ids=sites.ids,
            refs=sites.refs,
            alts=sites.alts,
            info=InfoColumns(nothing, nothing, nothing, nothing, np.zeros(len(total), np.uint8)),
            dosage=dosage,
            haplotypes=haplotypes,
        )

    def close(self) -> None:
        """Nothing stays open between batches."""


class _Sites:
    """Gives the sites of the next rows, in pieces of one chromosome."""

    def __init__(self, pvar: Pvar) -> None:
        self._parts = pvar.sites(4096)
        self._part: PvarSites | None = None
        self._at = 0

    def __call__(self, count: int) -> Iterator[tuple[int, PvarSites]]:
        """Pieces, with the row of the first of each."""
        done = 0
        while done < count:
            if self._part is None or self._at == len(self._part):
                self._part, self._at = next(self._parts), 0
            part = self._part
            same = part.chromosome[self._at :] != part.chromosome[self._at]
            length = int(np.argmax(same)) if same.any() else len(same)
            stop = self._at + min(length, count - done)
            yield done, _cut(part, slice(self._at, stop))
            done += stop - self._at
            self._at = stop


def _cut(part: PvarSites, rows: slice) -> PvarSites:
    return PvarSites(
        part.chromosome[rows],
        part.position[rows],
        part.ids[rows],
        part.refs[rows],
        part.alts[rows],
        part.filtered[rows],
        part.provisional[rows],
    )


def _contigs(pvar: Pvar) -> list[str]:
    return list(pvar.header.contigs)
