"""BCF 2.2 with GT, DS, HDS and GP, and its index. Source: the VCF specification, section 6.

Other fields of samples are not written. Nothing but NumPy is needed, so it works on every system.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.export.bcf_header import BcfHeader
from app.results.export.bcf_quick import QuickRecords, figures_of, part_of
from app.results.export.bcf_values import (
    FLOAT,
    MISSING_FLOAT,
    call_cells,
    figures,
    float_cells,
    head,
    text,
    whole,
)
from app.results.export.csi_index import CsiBuilder
from app.results.export.info_text import HEADER, Columns, columns_of_lines
from app.results.export.kernel import Kernel
from app.results.export.part_files import PartFiles
from app.results.export.rounding import of_dosages, of_haplotypes
from app.results.export.rows import Fingerprint, Rows
from app.results.export.sites import site_lines

LEVEL = 3
DECODED = 512
"""Records that are decoded when the file is read back; of the others the bytes are compared."""
WANTED = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES
_PAYLOAD = 0xFF00
_FIXED = struct.Struct("<iiiIII")
_LENGTH, _LENGTHS = struct.Struct("<I"), struct.Struct("<II")


class BcfWriter:
    """See `Writer`. Memory: a batch."""

    def __init__(
        self, stem: Path, samples: Sequence[str], header: Sequence[str], kernel: Kernel | None
    ) -> None:
        self.wrote, self._first = Fingerprint(samples=tuple(samples)), Fingerprint()
        self.path = stem.with_name(stem.name + ".bcf")
        self._samples, self._source, self._kernel = tuple(samples), tuple(header), kernel
        self._header: BcfHeader | None = None
        self._fields: tuple[str, ...] = ()
        self._pending = bytearray()
        self._done = 0
        self._index = CsiBuilder(self.path.name)
        self._files = PartFiles()
        self._file = self._files.open(self.path)

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        if self._header is None:
            self._begin(rows)
        assert self._header is not None
        contig = self._header.contigs.get(rows.chromosome)
        if contig is None:
            raise _undeclared(f"chromosome {rows.chromosome}", self.path.name)
        begin = rows.position - 1
        end = begin + rows.refs.lengths
        for first, data, lengths in self._records(contig, rows):
            some = slice(first, first + len(lengths))
            self._add(contig, begin[some], end[some], data, lengths)
            self.wrote.add_raw(data)
        self.wrote.variants += len(rows)
        if self._first.variants < DECODED:
            _add_first(self._first, rows, rows.batch, self._kernel)

    def _records(self, contig: int, rows: Rows) -> Iterator[tuple[int, bytes, NDArray[np.int64]]]:
        """Records in order: the first row of each part, the bytes, and how many belong to each record."""
        assert self._header is not None
        columns: Columns | None = None
        quick = None if self._kernel is None else QuickRecords(self._header, self._fields, rows, contig)
        at = 0
        while at < len(rows):
            if quick is not None and quick.lines is not None and self._kernel is not None:
                data, lengths = quick.records(self._kernel, at)
                if len(lengths):
                    yield at, data, lengths
                    at += len(lengths)
                    continue
                stop = at + 1
            else:
                stop = len(rows)
            columns = _columns(rows, self._source) if columns is None else columns
            cells = _cells(self._header, self._fields, part_of(rows.batch, slice(at, stop)))
            records = [
                self._record(contig, rows, row, columns[row], b"".join(each[row - at] for each in cells))
                for row in range(at, stop)
            ]
            yield at, b"".join(records), np.fromiter(map(len, records), np.int64, len(records))
            at = stop

    def _begin(self, rows: Rows) -> None:
        batch = rows.batch
        there = (batch.genotypes, batch.dosage, batch.haplotypes, batch.probabilities)
        names = ("GT", "DS", "HDS", "GP")
        self._fields = tuple(name for name, each in zip(names, there, strict=True) if each is not None)
        columns = _columns(rows, self._source)
        infos = dict.fromkeys(
            part.partition(b"=")[0].decode() for _, _, info in columns for part in info.split(b";")
        )
        infos.pop(".", None)
        filters = dict.fromkeys(word.decode() for _, each, _ in columns for word in each.split(b";"))
        filters.pop(".", None)
        self._header = BcfHeader(
            (*self._source, *HEADER), self._samples, self._fields, [rows.chromosome], infos, filters
        )
        raw = self._header.text() + b"\0"
        self._pending += b"BCF\2\2" + struct.pack("<I", len(raw)) + raw
        self._pack(all_of_it=True)

    def _record(
        self, contig: int, rows: Rows, row: int, columns: tuple[bytes, bytes, bytes], own: bytes
    ) -> bytes:
        assert self._header is not None
        quality, filters, info = columns
        told, count = _info(self._header, info, self.path.name)
        level = struct.pack("<I", MISSING_FLOAT) if quality == b"." else struct.pack("<f", float(quality))
        ref, alt, name = rows.refs.raw(row), rows.alts.raw(row), rows.ids.raw(row)
        alleles = [ref] if alt == b"." else [ref, alt]
        fixed = _FIXED.pack(
            contig,
            int(rows.position[row]) - 1,
            len(ref),
            int.from_bytes(level, "little"),
            len(alleles) << 16 | count,
            len(self._fields) << 24 | len(self._samples),
        )
        shared = b"".join(
            [fixed, text(b"" if name == b"." else name), *map(text, alleles), self._filters(filters), told]
        )
        return struct.pack("<II", len(shared), len(own)) + shared + own

    def _filters(self, filters: bytes) -> bytes:
        assert self._header is not None
        if filters in (b".", b""):
            return head(0, 0)
        words = [each.decode() for each in filters.split(b";")]
        missing = next((word for word in words if word not in self._header.words), None)
        if missing is not None:
            raise _undeclared(f"the filter {missing}", self.path.name)
        return whole([self._header.words[word] for word in words])

    def _add(
        self,
        contig: int,
        begin: NDArray[np.int64],
        end: NDArray[np.int64],
        records: bytes,
        lengths: NDArray[np.int64],
    ) -> None:
        before = len(self._pending)
        stops = before + np.cumsum(lengths)
        starts = np.concatenate([[before], stops[:-1]])
        self._pending += records
        blocks = self._pack()
        virtual = [blocks[at // _PAYLOAD] << 16 | at % _PAYLOAD for at in (starts, stops)]
        self._index.add(contig, begin, end, *virtual)

    def _pack(self, *, all_of_it: bool = False) -> NDArray[np.int64]:
        """Write full blocks; gives where in the file each block of what was pending begins."""
        size = len(self._pending) if all_of_it else len(self._pending) // _PAYLOAD * _PAYLOAD
        places = [self._done]
        raw = memoryview(bytes(self._pending[:size]))
        for at in range(0, size, _PAYLOAD):
            block = pack_block(raw[at : at + _PAYLOAD], LEVEL)
            self._file.write(block)
            places.append(places[-1] + len(block))
        del self._pending[:size]
        self._done = places[-1]
        return np.array(places, np.int64)

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        if self._header is None:
            self._header = BcfHeader(self._source, self._samples, ("GT",), [], [], [])
            raw = self._header.text() + b"\0"
            self._pending += b"BCF\2\2" + struct.pack("<I", len(raw)) + raw
        self._pack(all_of_it=True)
        self._file.write(EOF_MARKER)
        index = self._files.open(self.path.with_name(self.path.name + ".csi"))
        index.write(self._index.packed(len(self._header.contigs)))
        return self._files.publish()

    def abort(self) -> None:
        """See `Writer`."""
        self._files.discard()

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        with contextlib.closing(open_doses(self.path, WANTED)) as reader:
            found, first = Fingerprint(samples=tuple(reader.samples)), Fingerprint()
            batches = reader.batches()
            while first.variants < DECODED and (batch := next(batches, None)) is not None:
                _add_first(first, batch, batch, self._kernel)
        if why := self._first.differs_from(first):
            raise FormatError("export.read_back", str(self.path), f"The first records have {why}")
        for count, records in _records_of(self.path, self._kernel):
            found.variants += count
            found.add_raw(records)
        return found


def _add_first(found: Fingerprint, rows: Rows | DoseBatch, batch: DoseBatch, kernel: Kernel | None) -> None:
    """Take in rows until there are as many as are decoded."""
    some = slice(0, DECODED - found.variants)
    position = rows.position[some]
    sites = site_lines(rows.chromosome, position, rows.ids[some], rows.refs[some], rows.alts[some], kernel)
    found.add(len(position), sites, _values(batch, kernel)[some])


def _records_of(path: Path, kernel: Kernel | None) -> Iterator[tuple[int, memoryview]]:
    """All records as they lie in the file, some at once; FormatError where it is cut or damaged."""
    walk = walked if kernel is None else kernel.walk
    with ByteStream(path) as stream:
        stream.take(5)
        stream.take(*_LENGTH.unpack(stream.take(4)))
        needed = 8
        while stream.need(1):
            if not stream.need(needed):
                raise stream.cut()
            count, end, needed = walk(stream.buffer, stream.at)
            yield count, memoryview(stream.buffer)[stream.at : end]
            stream.at = end


def walked(data: bytes, at: int) -> tuple[int, int, int]:
    """Whole records from a place on: how many, where the next begins, and the bytes that it needs."""
    count, needed = 0, 8
    while at + 8 <= len(data):
        needed = 8 + sum(_LENGTHS.unpack_from(data, at))
        if at + needed > len(data):
            break
        at, count, needed = at + needed, count + 1, 8
    return count, at, needed


def _values(batch: DoseBatch, kernel: Kernel | None) -> NDArray[np.int16]:
    """What is compared of a row: its dosages as whole numbers, and its calls."""
    if batch.haplotypes is not None:
        doses = of_haplotypes(batch.haplotypes, kernel)
        assert doses.delta is not None
        parts = [doses.total.view(np.int16), doses.delta]
    elif batch.dosage is not None:
        parts = [of_dosages(batch.dosage).total.view(np.int16)]
    else:
        parts = []
    if batch.genotypes is not None:
        parts.append(batch.genotypes.reshape(len(batch), -1).astype(np.int16))
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(batch), 0), np.int16)


def _columns(rows: Rows, header: Sequence[str]) -> Columns:
    """QUAL, FILTER and INFO of each row: those that were told, else those of the lines."""
    if rows.columns or rows.batch.lines is None:
        return rows.columns
    return columns_of_lines(rows.batch.lines, rows.batch.record, rows.alts, header)


def _cells(header: BcfHeader, fields: Sequence[str], batch: DoseBatch) -> list[list[bytes]]:
    """For each field of FORMAT the bytes of each row."""
    alone = None
    if batch.genotypes is not None:
        haploid = batch.genotypes[:, :, 1] == -2
        alone = haploid if haploid.any() else None
    made = []
    for name in fields:
        raw: NDArray[np.uint32] | NDArray[np.int8]
        if name == "GT":
            assert batch.genotypes is not None
            raw, kind = call_cells(batch.genotypes, batch.phased), head(1, 2)
        else:
            values = figures_of(name, batch)
            raw = float_cells(values, alone)
            kind = head(FLOAT, values.shape[2])
        before = whole([header.words[name]]) + kind
        made.append([before + row.tobytes() for row in raw])
    return made


def _info(header: BcfHeader, info: bytes, name: str) -> tuple[bytes, int]:
    """INFO as bytes, and how many keys it has."""
    parts = [] if info in (b".", b"") else info.split(b";")
    pieces = []
    for part in parts:
        key, equals, value = part.partition(b"=")
        number, kind = header.words.get(key.decode()), header.types.get(key.decode())
        if number is None or kind is None:
            raise _undeclared(f"{key.decode(errors='replace')} in INFO", name)
        pieces.append(whole([number]) + _info_value(kind, value if equals else None))
    return b"".join(pieces), len(pieces)


def _info_value(kind: str, value: bytes | None) -> bytes:
    if value is None or kind == "Flag":
        return head(0, 0)
    words = value.split(b",")
    try:
        if kind == "Float":
            return figures([None if word == b"." else float(word) for word in words])
        if kind == "Integer":
            return whole([None if word == b"." else int(word) for word in words])
    except (ValueError, OverflowError) as error:
        raise problem(
            Kind.INPUT,
            "The file cannot be written as BCF",
            f"INFO has the value {value.decode(errors='replace')[:40]}, which is no number.",
            "Choose VCF, which keeps texts as they are.",
        ) from error
    return text(value)


def _undeclared(what: str, name: str) -> Exception:
    return problem(
        Kind.INPUT,
        "The file cannot be written as BCF",
        f"The header does not declare {what}, and BCF has numbers for declared words only.",
        "Choose VCF, or add the line to the header of the source.",
        subject=name,
    )
