"""PLINK 2 files with dosages and their phase: .pgen, .pvar and .psam.

Source: the PLINK 2 file format specification draft. Records come first into a file of their own, since the
header before them holds their lengths.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import read_lines
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.pgen_records import BrokenRecord
from app.results.export.info_text import HEADER
from app.results.export.kernel import Kernel
from app.results.export.part_files import PartFiles
from app.results.export.pgen_records import most_bytes, records_of
from app.results.export.pgen_unpacking import RecordReader
from app.results.export.rounding import Deltas, Doses, Totals
from app.results.export.rows import Fingerprint, Rows
from app.results.export.sexes import Sexes, psam_text
from app.results.export.sites import LONGEST_NAME, refuse_long_names
from app.results.export.text_body import body_of

_START = b"\x6c\x1b\x10"
_BLOCK = 1 << 16
_ROOM = 2 << 20  # bytes of records that are packed at once
_IN_MEMORY = 64 << 20  # bytes of records until they are put on the disk
_LENGTHS_AND_REF = 0x44
"""A byte for each type, REF is known; the bytes of a length less one are added."""


class PgenWriter:
    """See `Writer`. Memory: a batch, and five bytes a variant."""

    def __init__(
        self,
        stem: Path,
        samples: Sequence[str],
        header: Sequence[str],
        limit: int,
        kernel: Kernel | None,
        sexes: Sexes | None = None,
    ) -> None:
        """`limit` is how far a dosage lies at most from its hard call, in 1/16384 copies. `sexes` are known
        at the end."""
        self._sexes = sexes
        self.wrote = Fingerprint(samples=tuple(samples))
        self._kernel, self._limit = kernel, limit
        self._count = len(samples)
        self._lengths: list[NDArray[np.uint32]] = []
        self._kinds: list[NDArray[np.uint8]] = []
        self._files = PartFiles()
        self._records: SpooledTemporaryFile[bytes] | None = None
        self.path = stem.with_name(stem.name + ".pgen")
        try:
            self._pgen = self._files.open(self.path)
            self._pvar = self._files.open(stem.with_name(stem.name + ".pvar"))
            self._psam = self._files.open(stem.with_name(stem.name + ".psam"))
            self._records = SpooledTemporaryFile(_IN_MEMORY, dir=str(self.path.parent))  # noqa: SIM115 - until the end
            self._pvar.write(pvar_header(header))
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        refuse_long_names(rows.ids, LONGEST_NAME, "PGEN", self.path.name)
        at_once = max(1, _ROOM // most_bytes(self._count))
        for at in range(0, len(rows), at_once):
            self._pack(rows.doses.part(slice(at, at + at_once)))
        lines = pvar_lines(rows)
        self._pvar.write(lines)
        self.wrote.add(len(rows), lines, *content(rows.doses))

    def _pack(self, doses: Doses) -> None:
        if self._kernel is None:
            records, kinds = records_of(doses, self._limit)
            self._keep(b"".join(records))
            self._lengths.append(np.array([len(each) for each in records], np.uint32))
            self._kinds.append(np.array(kinds, np.uint8))
            return
        count = len(doses)
        out = np.empty(count * most_bytes(self._count), np.uint8)
        lengths, kinds_out = np.empty(count, np.uint32), np.empty(count, np.uint8)
        delta = None if doses.delta is None else np.ascontiguousarray(doses.delta)
        total = np.ascontiguousarray(doses.total)
        size = self._kernel.pgen(total, delta, count, self._count, self._limit, out, lengths, kinds_out)
        self._keep(out[:size].data)
        self._lengths.append(lengths)
        self._kinds.append(kinds_out)

    def _keep(self, records: bytes | memoryview) -> None:
        assert self._records is not None
        self._records.write(records)
        self.wrote.add_raw(records)

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        lengths = np.concatenate([np.zeros(0, np.uint32), *self._lengths])
        kinds = np.concatenate([np.zeros(0, np.uint8), *self._kinds])
        self._pgen.write(pgen_header(lengths, kinds, self._count))
        assert self._records is not None
        self._records.seek(0)
        shutil.copyfileobj(self._records, self._pgen, 1 << 20)
        self._records.close()
        sexes = None if self._sexes is None else self._sexes.codes()
        self._psam.write(psam_text(self.wrote.samples, sexes))
        return self._files.publish()

    def abort(self) -> None:
        """See `Writer`."""
        self._files.discard()
        if self._records is not None:
            self._records.close()

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_pgen(
            self.path, self.path.with_suffix(".pvar"), _read_psam(self.path), self._kernel
        )


def content(doses: Doses) -> tuple[NDArray[np.generic], ...]:
    """What a .pgen keeps of dosages: row by row totals, and differences of haplotypes."""
    delta = np.zeros_like(doses.total, np.int16) if doses.delta is None else doses.delta
    return doses.total, delta


def pvar_header(header: Sequence[str]) -> bytes:
    """Contigs of a VCF header, what INFO will say, and the columns."""
    kept = [line for line in header if line.startswith(("##contig", "##FILTER", "##INFO"))]
    own = [line for line in HEADER if not any(each.startswith(line.partition(",")[0] + ",") for each in kept)]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tFILTER\tINFO"
    return "\n".join(["##fileformat=VCFv4.2", *kept, *own, columns]).encode() + b"\n"


def pvar_lines(rows: Rows) -> bytes:
    """A line for each row."""
    if rows.pvar:
        return rows.pvar
    pairs = zip(rows.sites, rows.columns, strict=True)
    return b"".join(b"%b\t%b\t%b\n" % (site, filters, info) for site, (_, filters, info) in pairs)


def pgen_header(lengths: NDArray[np.uint32], kinds: NDArray[np.uint8], samples: int) -> bytes:
    """Everything before the first record."""
    variants = len(lengths)
    width = max(1, (int(lengths.max(initial=0)).bit_length() + 7) // 8)
    form = _LENGTHS_AND_REF | (width - 1)
    blocks = -(-variants // _BLOCK)
    start = 12 + 8 * blocks + variants * (1 + width)
    ends = np.cumsum(lengths.astype(np.uint64))
    offsets = start + np.concatenate([np.zeros(1, np.uint64), ends])[: variants or 1 : _BLOCK][:blocks]
    pieces = [_START, struct.pack("<IIB", variants, samples, form), offsets.astype("<u8").tobytes()]
    for at in range(0, variants, _BLOCK):
        some = np.ascontiguousarray(lengths[at : at + _BLOCK], "<u4").view(np.uint8).reshape(-1, 4)
        pieces += [kinds[at : at + _BLOCK].tobytes(), some[:, :width].tobytes()]
    return b"".join(pieces)


@dataclass
class PgenIndex:
    """Lengths and types of all records, and where the first begins."""

    lengths: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    start: int
    samples: int


def read_index(path: Path, file: BinaryIO) -> PgenIndex:
    """The header of a .pgen of variable width with a byte for each type; FormatError otherwise."""
    head = file.read(12)
    if len(head) < 12 or head[:3] != _START or not 4 <= head[11] & 15 <= 7 or head[11] & 0x30:
        raise _broken(path, "its header is of another kind", "byte 0")
    variants, samples = struct.unpack_from("<II", head, 3)
    width = (head[11] & 3) + 1
    flags = head[11] >> 6 == 3
    blocks = -(-variants // _BLOCK)
    offsets = np.frombuffer(_exactly(path, file, 8 * blocks), "<u8")
    lengths, kinds = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint8)]
    for at in range(0, variants, _BLOCK):
        count = min(_BLOCK, variants - at)
        kinds.append(np.frombuffer(_exactly(path, file, count), np.uint8))
        wide = np.zeros((count, 4), np.uint8)
        wide[:, :width] = np.frombuffer(_exactly(path, file, count * width), np.uint8).reshape(count, width)
        lengths.append(wide.view("<u4")[:, 0])
        _exactly(path, file, (count + 7) // 8 if flags else 0)
    index = PgenIndex(np.concatenate(lengths), np.concatenate(kinds), file.tell(), samples)
    begins = index.start + np.concatenate([[0], np.cumsum(index.lengths, dtype=np.int64)])
    if (begins[:-1:_BLOCK] != offsets).any():
        raise _broken(path, "its records begin elsewhere than it says", "byte 12")
    file.seek(0, 2)
    if file.tell() != begins[-1]:
        raise _broken(path, "it is of another length than it says", f"byte {begins[-1]}")
    return index


def dosages_of(path: Path, kernel: Kernel | None) -> Iterator[tuple[Totals, Deltas, bytes]]:
    """Rows of a .pgen in order, some at once, with their bytes. FormatError where one cannot be read."""
    with path.open("rb") as file:
        index = read_index(path, file)
        file.seek(index.start)
        reader = RecordReader(index.samples)
        base = np.zeros(index.samples, np.uint8)
        at_once = max(1, _ROOM // most_bytes(index.samples))
        at = 0
        while at < len(index.lengths):
            block_end = (at // _BLOCK + 1) * _BLOCK
            stop = min(at + at_once, block_end, len(index.lengths))
            if at % _BLOCK == 0:
                reader.start_block()
            lengths, kinds = index.lengths[at:stop], index.kinds[at:stop]
            data = file.read(int(lengths.sum(dtype=np.int64)))
            total = np.empty((stop - at, index.samples), np.uint16)
            delta = np.empty((stop - at, index.samples), np.int16)
            if kernel is None:
                broken = _unpacked(reader, data, lengths, kinds, total, delta)
            else:
                broken = kernel.unpgen(data, lengths, kinds, len(lengths), index.samples, total, delta, base)
            if broken >= 0:
                raise _broken(path, "a record cannot be read", f"record {at + broken + 1:,}")
            yield total, delta, data
            at = stop


def _unpacked(
    reader: RecordReader,
    data: bytes,
    lengths: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    total: Totals,
    delta: Deltas,
) -> int:
    at, view = 0, memoryview(data)
    for row, (length, kind) in enumerate(zip(lengths.tolist(), kinds.tolist(), strict=True)):
        try:
            read = reader.read(view[at : at + length], kind)
        except BrokenRecord:
            return row
        total[row], delta[row] = read.total, read.delta
        at += length
    return -1


def fingerprint_of_pgen(pgen: Path, pvar: Path, samples: Sequence[str], kernel: Kernel | None) -> Fingerprint:
    """What a set of PLINK 2 files holds."""
    found = Fingerprint(samples=tuple(samples))
    for total, delta, data in dosages_of(pgen, kernel):
        found.add_raw(data)
        found.add(len(total), b"", *content(Doses(total, delta)))
    lines = 0
    for piece in body_of(pvar):
        lines += piece.count(b"\n")
        found.add(0, piece)
    if lines != found.variants:
        more = "fewer" if lines < found.variants else "more"
        raise _broken(pvar, f"it has {more} variants than the .pgen", f"line {lines:,}")
    return found


def _read_psam(pgen: Path) -> list[str]:
    lines = read_lines(pgen.with_suffix(".psam"))
    return [line.split(b"\t")[0].decode() for line in lines if not line.startswith(b"#")]


def _exactly(path: Path, file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise _broken(path, "it is cut short", f"byte {file.tell()}")
    return data


def _broken(path: Path, why: str, place: str) -> FormatError:
    return FormatError("export.read_back", str(path), f"The file cannot be read back: {why}", place)
