"""Records of a BCF made by the extension in C from lines of a VCF and the figures that were read of them.

What it leaves over, such as a figure that is no plain decimal, is written by `bcf_file`, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch
from app.results.export.bcf_header import BcfHeader
from app.results.export.kernel import Kernel
from app.results.export.rows import Rows
from app.results.export.sites import packed_sites

FIELDS = ("GT", "DS", "HDS", "GP")
_TYPES = {"Flag": 1, "Integer": 2, "Float": 3}
_OTHER = 4  # a text
_CELL = 26  # bytes of all figures of a sample together
_Any = TypeVar("_Any", bound=np.generic)
_ROW = 1024  # bytes of a record beside its texts and figures, of most records


class QuickRecords:
    """Rows as the extension takes them. `lines` is None where it cannot write them."""

    def __init__(self, header: BcfHeader, fields: Sequence[str], rows: Rows, contig: int) -> None:
        batch = rows.batch
        plain = batch.lines is not None and batch.record is None and not rows.columns
        self.lines = batch.lines if plain and set(fields) <= set(FIELDS) else None
        if self.lines is None:
            return
        self._contig, self._rows = contig, len(rows)
        self._sites = packed_sites(rows.chromosome, rows.position, rows.ids, rows.refs, rows.alts)
        blob = np.ascontiguousarray(self.lines.blob)
        self._lines = (blob, self.lines.starts, np.ascontiguousarray(self.lines.ends, np.int64))
        self._words = _words(header)
        there = [figures_of(name, batch) if name in fields else None for name in FIELDS[1:]]
        phased = None if batch.phased is None else np.ascontiguousarray(batch.phased)
        calls = np.ascontiguousarray(batch.genotypes) if "GT" in fields else None
        samples = samples_of(batch)
        numbers = [header.words.get(name, 0) for name in FIELDS]
        self._cells = (samples, calls, phased, *there, *numbers)
        texts = sum(int(each.lengths.sum()) for each in (rows.ids, rows.refs, rows.alts))
        self._room = len(rows) * (_ROW + _CELL * samples) + texts

    def records(self, kernel: Kernel, first: int) -> tuple[bytes, NDArray[np.int64]]:
        """Records from a row on, and their lengths; none where that row must be written by Python."""
        out, made = np.empty(self._room, np.uint8), np.empty(self._rows - first, np.uint32)
        count, size = kernel.bcf(
            self._sites, self._lines, self._words, self._cells, self._contig, first, self._rows, out, made
        )
        return out[:size].tobytes(), made[:count].astype(np.int64)


def _words(header: BcfHeader) -> tuple[bytes, NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
    names = Texts.of(header.words)
    types = [
        0 if word not in header.types else _TYPES.get(header.types[word], _OTHER) for word in header.words
    ]
    numbers = np.fromiter(header.words.values(), np.int32, len(header.words))
    return names.blob.tobytes(), names.ends, numbers, np.array(types, np.uint8)


def figures_of(name: str, batch: DoseBatch) -> NDArray[np.float32]:
    """[rows, samples, items] of DS, HDS or GP; NaN where the batch has none."""
    values = {"DS": batch.dosage, "HDS": batch.haplotypes, "GP": batch.probabilities}[name]
    if values is None:
        values = np.full((len(batch), samples_of(batch), _ITEMS[name]), np.nan, np.float32)
    return np.ascontiguousarray(values[:, :, None] if values.ndim == 2 else values, np.float32)


_ITEMS = {"DS": 1, "HDS": 2, "GP": 3}


def samples_of(batch: DoseBatch) -> int:
    """Samples of a batch, by whichever field it has."""
    there = (batch.dosage, batch.haplotypes, batch.probabilities, batch.genotypes)
    return next((each.shape[1] for each in there if each is not None), 0)


def part_of(batch: DoseBatch, rows: slice) -> DoseBatch:
    """Figures of samples of some rows; the sites stay those of all."""
    if rows == slice(0, len(batch)):
        return batch

    def some(values: NDArray[_Any] | None) -> NDArray[_Any] | None:
        return None if values is None else values[rows]

    return replace(
        batch,
        position=batch.position[rows],
        dosage=some(batch.dosage),
        haplotypes=some(batch.haplotypes),
        probabilities=some(batch.probabilities),
        genotypes=some(batch.genotypes),
        phased=some(batch.phased),
    )
