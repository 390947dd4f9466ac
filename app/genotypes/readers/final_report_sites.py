"""Where the SNPs of a final report lie and which strand its letters are on, by itself or by a manifest."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Batch
from app.genotypes.readers.illumina_manifest import Manifest
from app.genotypes.readers.letter_rows import Codes, rows_of
from app.genotypes.texts import Texts

LEAST_SCORE = 0.15


class ReportSites:
    """SNPs in the order in which they are met; `add` numbers them.

    `unlisted` counts those that the manifest does not have; they stay at chromosome 0, position 0.
    """

    def __init__(self, manifest: Manifest | None, coding: str) -> None:
        self.index: dict[bytes, int] = {}
        self._manifest = manifest
        self._turn = None if manifest is None else manifest.letters(coding)
        self._coding = coding
        self._listed, self._position, self._chromosome = array("q"), array("q"), array("H")
        self._names: dict[bytes, int] = {}
        self._ids: list[bytes] = []
        self.unlisted = 0

    def __len__(self) -> int:
        return len(self._position)

    def add(self, name: bytes, chromosome: bytes, position: bytes) -> int | None:
        """The number of a SNP not met before; None when its position is not a whole number."""
        listed = -1 if self._manifest is None else self._manifest.index.get(name, -1)
        if self._manifest is not None and listed < 0:
            self.unlisted += 1
            chromosome, position = b"0", b"0"
        elif self._manifest is not None:
            chromosome, position = b"0", b"%d" % self._manifest.position[listed]
        if not position.isdigit() or len(position) > 10:
            return None
        self._listed.append(listed)
        self._position.append(int(position))
        self._chromosome.append(min(self._names.setdefault(chromosome, len(self._names)), 0xFFFF))
        self._ids.append(name)
        self.index.setdefault(name, len(self._ids) - 1)
        return len(self._ids) - 1

    def agrees(self, snp: int, chromosome: bytes, position: bytes) -> bool:
        """Whether a SNP met before lies there; a manifest is believed whatever the report says."""
        if self._manifest is not None:
            return True
        same = self._names.get(chromosome) == self._chromosome[snp]
        return same and position.isdigit() and int(position[:11]) == self._position[snp]

    def name(self, snp: int) -> str:
        """The name of a SNP by its number."""
        return self._ids[snp].decode("utf-8", "replace")

    def batch(self, first: int, pairs: Codes) -> Batch:
        """Rows for the SNPs from `first` on, from [SNPs, samples] pairs (see `letter_rows.pair_of`)."""
        here = slice(first, first + len(pairs))
        names, chromosome = self._places(here)
        return rows_of(
            self._turned(here, pairs),
            names,
            chromosome,
            np.array(self._position[here], np.int64),
            Texts.of(self._ids[here]),
            np.arange(first, first + len(pairs), dtype=np.int64),
        )

    def _places(self, here: slice) -> tuple[list[str], NDArray[np.uint16]]:
        if self._manifest is None:
            names = [name.decode("utf-8", "replace") for name in self._names]
            return names, np.array(self._chromosome[here], np.uint16)
        listed = np.array(self._listed[here], np.int64)
        names = [*self._manifest.names, "0"]
        chromosome = self._manifest.chromosome[np.maximum(listed, 0)]
        return names, np.where(listed >= 0, chromosome, len(names) - 1).astype(np.uint16)

    def _turned(self, here: slice, pairs: Codes) -> Codes:
        if self._turn is None:
            return pairs
        listed = np.array(self._listed[here], np.int64)
        table = self._turn[np.maximum(listed, 0)]
        table = np.where((listed >= 0)[:, None], table, np.arange(8, dtype=np.uint8))
        if self._coding == "ab":
            table = np.where((listed >= 0)[:, None], table, np.uint8(0))
        one = np.take_along_axis(table, (pairs & np.uint8(7)).astype(np.intp), axis=1)
        two = np.take_along_axis(table, (pairs >> np.uint8(3) & np.uint8(7)).astype(np.intp), axis=1)
        broken = (one == 0) | ((two == 0) & (pairs >> np.uint8(3) & np.uint8(7) > 0))
        turned: Codes = np.where(broken, 0, one | two << np.uint8(3)).astype(np.uint8)
        return turned | pairs & np.uint8(0xC0)


def too_low(text: bytes) -> bool:
    """Whether a GenCall score is under the cut; what is no number is not. A comma may stand for the point."""
    try:
        return float(text.replace(b",", b".")) < LEAST_SCORE
    except ValueError:
        return False


def notes(low: int, unlisted: int) -> tuple[str, ...]:
    """Sentences about what was left out while reading."""
    said = []
    if low:
        said.append(f"{low:,} genotypes with a GC score below {LEAST_SCORE} were taken as missing.")
    if unlisted:
        said.append(f"{unlisted:,} SNPs are not in the manifest; they stay without a position.")
    return tuple(said)
