"""Variant records of a .pgen back to dosages, in NumPy; the inverse of `pgen_records` and more.

Reads what PLINK 2 writes for records with one ALT allele, so that its files can be compared too. Source: the
PLINK 2 file format specification draft, 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.pgen_records import (
    MULTIALLELIC_BIT,
    BrokenRecord,
    Cursor,
    difference_list,
    is_base,
    main_track,
    phase_track,
)
from app.results.export.pgen_records import BITS_BIT, EXPLICIT_BIT, LIST_BIT, PHASE_BIT
from app.results.export.rounding import ABSENT, MISSING, ONE

_EVERY_BIT = 0x40
_NO_DELTA = -32768


@dataclass
class Unpacked:
    """One row: totals and deltas as in `Doses`, [samples]."""

    total: NDArray[np.uint16]
    delta: NDArray[np.int16]


class RecordReader:
    """Reads records in order: some say only how they differ from one before."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._base: NDArray[np.uint8] | None = None

    def start_block(self) -> None:
        """Forget what was before; a block of 65,536 records stands alone."""
        self._base = None

    def read(self, data: memoryview, kind: int) -> Unpacked:
        """One record; BrokenRecord when it cannot be read."""
        if kind & MULTIALLELIC_BIT:
            raise BrokenRecord("a record has several ALT alleles")
        cursor = Cursor(data)
        codes = main_track(cursor, kind, self._samples, self._base)
        if is_base(kind):
            self._base = codes
        phased = swapped = np.zeros(0, np.intp)
        if kind & PHASE_BIT:
            phased, swapped = phase_track(cursor, np.flatnonzero(codes == 1))
        sign = np.zeros(self._samples, np.int32)
        sign[phased] = -1
        sign[swapped] = 1
        row = Unpacked(
            np.where(codes == ABSENT, MISSING, codes.astype(np.int32) * ONE).astype(np.uint16),
            (sign * ONE).astype(np.int16),
        )
        if kind & BITS_BIT:
            self._add_dosages(cursor, kind, sign, row)
        if cursor.at != len(data):
            raise BrokenRecord("a record is longer than its content")
        return row

    def _add_dosages(self, cursor: Cursor, kind: int, sign: NDArray[np.int32], row: Unpacked) -> None:
        listed = self._listed(cursor, kind & BITS_BIT)
        values = cursor.take(2 * len(listed)).view("<u2")
        row.total[listed] = values
        whole = values.astype(np.int32)
        row.delta[listed] = sign[listed] * np.minimum(whole, 2 * ONE - whole)
        if not kind & EXPLICIT_BIT:
            return
        explicit = listed if kind & BITS_BIT == _EVERY_BIT else listed[cursor.bits(len(listed))]
        steps = cursor.take(2 * len(explicit)).view("<i2")
        row.delta[explicit] = np.where(steps == _NO_DELTA, 0, steps)

    def _listed(self, cursor: Cursor, kind: int) -> NDArray[np.int64]:
        if kind == LIST_BIT:
            return difference_list(cursor, self._samples, with_values=False)[0]
        if kind == _EVERY_BIT:
            return np.arange(self._samples)
        return np.flatnonzero(cursor.bits(self._samples))
