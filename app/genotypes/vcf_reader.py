"""A VCF file read once from front to back, in batches of records; nothing here judges."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import ContainerError, ContainerFault, open_text_blocks
from app.genotypes.chromosome_names import number_of
from app.genotypes.header import BOM, Header
from app.genotypes.kernel import SampleCounts
from app.genotypes.row_block import RowReader
from app.genotypes.vcf_batch import VcfBatch, batch_of

PIECE_BYTES = 1 << 18  # small enough for the text to be read while it is still in the processor's cache
NUMPY_PIECE_BYTES = 1 << 23  # large enough to make the fixed cost of NumPy calls small
LONGEST_HEAD = 16 << 20  # of a line: ID, REF, ALT and INFO of the largest structural variants are shorter
MOST_COLUMNS = 2_000_000  # the largest cohorts of the world have a million people
_FAULTS_BEFORE_GIVING_UP = 100_000


class VcfReader:
    """One pass over a VCF file, or over a part of it; use in a `with`, iterate `batches` once.

    OSError when the file cannot be opened. A damaged file ends the batches early: `error` is set, nothing is
    raised. `lines` counts lines so far. `faults` are lines that break the form of a VCF.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        digest: bool = False,
        kernel: bool | None = None,
        header: Header | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        """`kernel` False: NumPy instead of the extension in C. `header`: of the file, for a part of it."""
        self.path = os.fspath(path)
        self.header = header if header is not None else Header()
        self.samples = -1
        self.names: list[str] = []
        self.error: ContainerError | None = None
        self.lines = 0
        self.variants = 0
        self.gave_up = False
        self.ended_early = False
        self._kernel = kernel
        self._number_of_name: dict[str, int] = {}
        self._rows: RowReader | None = None
        pieces = PIECE_BYTES if RowReader(0, kernel=kernel).compiled else NUMPY_PIECE_BYTES
        self.text = open_text_blocks(
            path,
            piece_bytes=pieces,
            digest=digest,
            start=start,
            stop=stop,
            direct=kernel is not False,
            longest_head=LONGEST_HEAD,
        )
        if header is not None:
            self._begin_records(len(header.columns or []))

    def __enter__(self) -> VcfReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.text.close()

    @property
    def faults(self) -> dict[str, tuple[int, list[int]]]:
        """Kind → how many lines and the numbers of the first few."""
        return {} if self._rows is None else self._rows.faults

    @property
    def per_sample(self) -> SampleCounts:
        """Missing and het genotypes of each sample so far."""
        if self._rows is None:
            return SampleCounts.zero(max(0, len(self.header.columns or []) - 9))
        return SampleCounts(self._rows.missing(), self._rows.het())

    @property
    def records(self) -> int:
        """Records of the file so far, also such as were not understood."""
        return 0 if self._rows is None else self._rows.records

    def batches(self, limit_bytes: int | None = None) -> Iterator[VcfBatch]:
        """The records; the arrays of a batch are its own. Ends early behind `limit_bytes` of packed bytes and
        when nearly everything is broken."""
        try:
            for piece in self.text:
                yield from self._feed(piece)
                self.gave_up = self._is_hopeless()
                enough = limit_bytes is not None and self.text.packed_done >= limit_bytes
                if self.gave_up or (enough and self.text.packed_done < self.text.size):
                    self.ended_early = True
                    break
        except ContainerError as caught:
            self.error = caught
        if self._rows is not None and self._rows.block.rows:
            yield self._batch(self._rows)
            self._rows.start_block()

    def _is_hopeless(self) -> bool:
        if self._rows is None or self.lines - self.variants <= _FAULTS_BEFORE_GIVING_UP:
            return False
        return max((count for count, _ in self.faults.values()), default=0) > _FAULTS_BEFORE_GIVING_UP

    def _feed(self, piece: memoryview) -> Iterator[VcfBatch]:
        buffer = piece.obj
        assert isinstance(buffer, bytearray)
        stop = len(piece)
        at = self.feed_header(piece) if self._rows is None else 0
        rows = self._rows
        while rows is not None and at < stop:
            at = rows.fill(buffer, at, stop)
            if (at < stop or rows.is_full) and rows.block.rows:
                yield self._batch(rows)
                rows.start_block()
        if rows is not None:
            self.lines = rows.lines

    def _batch(self, rows: RowReader) -> VcfBatch:
        chromosome = self._chromosomes(rows)
        self.variants += len(chromosome)
        return batch_of(rows.block, max(0, self.samples), list(self.names), chromosome, rows.faults)

    def _chromosomes(self, rows: RowReader) -> NDArray[np.uint16]:
        """The chromosome of each row as a number of `names`."""
        starts, words = rows.block.changes(0)
        numbers = np.array([self._number(word) for word in words], np.uint16)
        return np.repeat(numbers, np.diff(starts, append=rows.block.rows))

    def _number(self, name: bytes) -> int:
        return number_of(name.decode("utf-8", "replace"), self.names, self._number_of_name)

    def feed_header(self, piece: memoryview) -> int:
        """Read the header lines of a piece; gives where the records begin."""
        text = bytes(piece)
        at = 0
        while at < len(text):
            stop = text.find(b"\n", at)
            stop = len(text) if stop < 0 else stop
            line = text[at:stop]
            self._refuse_columns(line)
            is_header = line.startswith(b"#") or (self.lines == 0 and line.startswith(BOM + b"#"))
            if not is_header and (line.strip() or self.header.columns is not None):
                columns = self.header.columns
                self._begin_records(len(columns) if columns is not None else line.count(b"\t") + 1)
                return at
            if is_header:
                self.header.add(line)
            self.lines += 1
            at = stop + 1
        return len(text)

    def _refuse_columns(self, line: bytes) -> None:
        """ContainerError where a line has so many columns that their names alone would fill the memory."""
        if len(line) > MOST_COLUMNS and not line.startswith(b"##"):
            count = line.count(b"\t") or line.count(b" ")
            if count >= MOST_COLUMNS:
                detail = f"{count + 1:,} columns"
                raise ContainerError(ContainerFault.LINE_TOO_LONG, self.text.packed_done, detail)

    def _begin_records(self, columns: int) -> None:
        self.samples = max(0, columns - 9)
        self._rows = RowReader(self.samples, kernel=self._kernel, lines_before=self.lines)


def header_of(path: str | os.PathLike[str]) -> tuple[Header, int] | None:
    """The header of a file and how many samples its records have; None when it has no #CHROM line."""
    with VcfReader(path) as reader, contextlib.suppress(ContainerError):
        for piece in reader.text:
            reader.feed_header(piece)
            if reader.samples >= 0:
                break
    return (reader.header, reader.samples) if reader.header.columns is not None else None
