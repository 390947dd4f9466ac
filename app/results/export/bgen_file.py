"""BGEN 1.2 with 8 bits a probability, zlib and REF first, its index (.bgi, as bgenix makes it) and .sample.

Sources: https://www.chg.ox.ac.uk/~gav/bgen_format/ and the tables that `bgenix -index` writes.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.results.export.bgen_blocks import block_size, blocks_of, dosages_of, expected
from app.results.export.kernel import Kernel, packs_rows
from app.results.export.part_files import PartFiles
from app.results.export.rows import Fingerprint, Rows

LEVEL = 1
"""Higher ones make these blocks no smaller, only slower."""
_FLAGS = 1 | 2 << 2 | 1 << 31  # zlib, layout 2, with names of samples
_AT_ONCE = 32 << 20
_MOST_ROWS = 1024
_HEAD = 1 << 20  # bytes that names and alleles of a variant have at most
_SHORT, _LONG = struct.Struct("<H"), struct.Struct("<I")
_PLACE, _SIZES = struct.Struct("<IHI"), struct.Struct("<II")
_TABLES = """
CREATE TABLE Metadata (filename TEXT NOT NULL, file_size INT NOT NULL, last_write_time INT NOT NULL,
  first_1000_bytes BLOB NOT NULL, index_creation_time INT NOT NULL);
CREATE TABLE Variant (chromosome TEXT NOT NULL, position INT NOT NULL, rsid TEXT NOT NULL,
  number_of_alleles INT NOT NULL, allele1 TEXT NOT NULL, allele2 TEXT NULL,
  file_start_position INT NOT NULL, size_in_bytes INT NOT NULL,
  PRIMARY KEY (chromosome, position, rsid, allele1, allele2, file_start_position)) WITHOUT ROWID;
"""


class BgenWriter:
    """See `Writer`. Memory: a batch."""

    def __init__(self, stem: Path, samples: Sequence[str], phased: bool, kernel: Kernel | None) -> None:
        """`phased`: probabilities of each haplotype, else of genotypes."""
        self.wrote = Fingerprint(samples=tuple(samples))
        self._kernel, self._phased, self._count = kernel, phased, len(samples)
        self._files = PartFiles()
        self.path = stem.with_name(stem.name + ".bgen")
        self._index = BgiWriter(self.path.with_name(self.path.name + ".bgi"))
        try:
            self._file = self._files.open(self.path)
            sample = self._files.open(stem.with_name(stem.name + ".sample"))
            sample.write(b"ID_1 ID_2 missing sex\n0 0 0 D\n")
            sample.write(b"".join(b"%b %b 0 NA\n" % (name.encode(), name.encode()) for name in samples))
            self._file.write(_start(samples, 0))
            self._at = self._file.tell()
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        at_once = max(1, _AT_ONCE // block_size(self._count))
        for at in range(0, len(rows), at_once):
            self._write_some(rows, slice(at, min(len(rows), at + at_once)))
        self.wrote.add(len(rows), rows.site_lines(), expected(rows.doses, self._phased))

    def _write_some(self, rows: Rows, some: slice) -> None:
        told = None if rows.batch.haplotypes is not None else rows.batch.probabilities
        blocks = blocks_of(
            rows.doses.part(some), self._phased, None if told is None else told[some], self._kernel
        )
        size = blocks.shape[1]
        sites = zip(
            rows.position[some].tolist(),
            rows.ids[some].raws(),
            rows.refs[some].raws(),
            rows.alts[some].raws(),
            packed_rows(blocks, self._kernel),
            strict=True,
        )
        pieces: list[bytes | bytearray] = []
        for position, name, ref, alt, packed in sites:
            head = _variant(rows.chromosome, position, name, ref, alt)
            pieces += [head, struct.pack("<II", len(packed) + 4, size), packed]
            length = len(head) + 8 + len(packed)
            self._index.add(rows.chromosome, position, name, ref, alt, self._at, length)
            self._at += length
        self._file.write(b"".join(pieces))

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        self._file.seek(8)
        self._file.write(struct.pack("<I", self.wrote.variants))
        bgen, sample = self._files.publish()
        return bgen, self._index.finish(bgen), sample

    def abort(self) -> None:
        """See `Writer`."""
        self._files.discard()
        self._index.abort()

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_bgen(self.path, self._phased, self._kernel)


def packed_rows(blocks: NDArray[np.uint8], kernel: Kernel | None) -> Sequence[bytes | bytearray]:
    """Each row packed by zlib; the same bytes with and without the extension."""
    rows, size = blocks.shape
    if kernel is None or not packs_rows():
        return [deflate.zlib_compress(block.data, LEVEL) for block in blocks]
    out = np.empty(rows * (size + 64 + size // 16), np.uint8)
    lengths = np.empty(rows, np.uint32)
    made = kernel.zlib(blocks, rows, size, LEVEL, out, lengths)
    if made < 0:
        return [deflate.zlib_compress(block.data, LEVEL) for block in blocks]
    raw = out[:made].tobytes()
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [raw[start:stop] for start, stop in zip([0, *ends[:-1]], ends, strict=True)]


def _start(samples: Sequence[str], variants: int) -> bytes:
    names = b"".join(struct.pack("<H", len(raw)) + raw for raw in (name.encode() for name in samples))
    block = struct.pack("<II", 8 + len(names), len(samples)) + names
    header = struct.pack("<III4sI", 20, variants, len(samples), b"bgen", _FLAGS)
    return struct.pack("<I", len(header) + len(block)) + header + block


def _variant(chromosome: str, position: int, name: bytes, ref: bytes, alt: bytes) -> bytes:
    where = chromosome.encode()
    return b"".join(
        (
            struct.pack("<H", len(name)), name,
            struct.pack("<H", len(name)), name,
            struct.pack("<H", len(where)), where,
            struct.pack("<IHI", position, 2, len(ref)), ref,
            struct.pack("<I", len(alt)), alt,
        )
    )  # fmt: skip


class BgiWriter:
    """The index of a .bgen: an SQLite file with the table that bgenix, regenie and SAIGE look in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._part.unlink(missing_ok=True)
        self._rows: list[tuple[str, int, str, int, str, str, int, int]] = []
        self._base = sqlite3.connect(self._part, isolation_level=None)
        self._base.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES + "BEGIN;")

    def add(
        self, chromosome: str, position: int, name: bytes, ref: bytes, alt: bytes, start: int, size: int
    ) -> None:
        """Note a variant that begins at `start` of the file and takes `size` bytes."""
        self._rows.append((chromosome, position, name.decode(), 2, ref.decode(), alt.decode(), start, size))
        if len(self._rows) >= 4096:
            self._flush()

    def _flush(self) -> None:
        self._base.executemany("INSERT INTO Variant VALUES (?,?,?,?,?,?,?,?)", self._rows)
        self._rows.clear()

    def finish(self, bgen: Path) -> Path:
        """Close the index of a file that is whole; sqlite3.Error or OSError."""
        self._flush()
        told = bgen.stat()
        with bgen.open("rb") as file:
            head = file.read(1000)
        row = (bgen.name, told.st_size, int(told.st_mtime), head, int(told.st_mtime))
        self._base.execute("INSERT INTO Metadata VALUES (?,?,?,?,?)", row)
        self._base.execute("COMMIT")
        self._base.close()
        self._part.replace(self._path)
        return self._path

    def abort(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(sqlite3.Error):
            self._base.close()
        for path in (self._part, self._path):
            path.unlink(missing_ok=True)


def read_start(path: Path, stream: ByteStream) -> tuple[int, tuple[str, ...]]:
    """Number of variants and names of samples. FormatError when it is no file that is written here."""
    (_, length, variants, samples), magic = struct.unpack("<4I", stream.take(16)), stream.take(4)
    (flags,) = struct.unpack("<I", stream.take(4))
    if magic != b"bgen" or length != 20 or flags != _FLAGS:
        raise _broken(path, "its header is of another kind", "byte 4")
    _, count = struct.unpack("<II", stream.take(8))
    if count != samples:
        raise _broken(path, "its numbers of samples differ", "byte 24")
    return variants, tuple(_text(stream).decode() for _ in range(count))


def variants_of(
    path: Path, stream: ByteStream, samples: int, count: int, phased: bool, kernel: Kernel | None
) -> Iterator[tuple[bytes, NDArray[np.uint32]]]:
    """Each variant after the start: its line as in `site_lines`, dosages as in `bgen_blocks.expected`.

    FormatError where one cannot be read.
    """
    size = block_size(samples)
    for number in range(count):
        try:
            site, packed = _next(stream, size)
            block = bytes(deflate.zlib_decompress(packed, size))
        except (deflate.DeflateError, ValueError, struct.error) as error:
            raise _broken(path, "a record cannot be read", f"record {number + 1:,}") from error
        dosage = dosages_of(block, samples, phased, kernel)
        if dosage is None:
            raise _broken(path, "a record cannot be read", f"record {number + 1:,}")
        yield site, dosage


def _next(stream: ByteStream, size: int) -> tuple[bytes, bytes]:
    """The line of a variant and its packed block."""
    stream.need(_HEAD)
    data, at = stream.buffer, stream.at
    at += 2 + _SHORT.unpack_from(data, at)[0]
    stop = at + 2 + _SHORT.unpack_from(data, at)[0]
    name, at = data[at + 2 : stop], stop
    stop = at + 2 + _SHORT.unpack_from(data, at)[0]
    chromosome, at = data[at + 2 : stop], stop
    position, alleles, length = _PLACE.unpack_from(data, at)
    at += _PLACE.size
    ref, at = data[at : at + length], at + length
    (length,) = _LONG.unpack_from(data, at)
    at += _LONG.size
    alt, at = data[at : at + length], at + length
    packed, said = _SIZES.unpack_from(data, at)
    if alleles != 2 or said != size or packed <= 4:
        raise ValueError("its numbers are of another kind")
    stream.at = at + _SIZES.size
    return b"%b\t%d\t%b\t%b\t%b\n" % (chromosome, position, name, ref, alt), stream.take(packed - 4)


def fingerprint_of_bgen(path: Path, phased: bool, kernel: Kernel | None) -> Fingerprint:
    """What a file of the kind that is written here holds, its index compared."""
    with ByteStream(path) as stream, contextlib.closing(sqlite3.connect(_as_uri(path), uri=True)) as base:
        count, names = read_start(path, stream)
        found = Fingerprint(samples=names)
        read = variants_of(path, stream, len(names), count, phased, kernel)
        while some := list(islice(read, max(1, min(_MOST_ROWS, _AT_ONCE // max(1, 4 * len(names)))))):
            sites = b"".join([site for site, _ in some])
            found.add(len(some), sites, np.concatenate([dosage for _, dosage in some]))
        if stream.need(1):
            raise _broken(path, "there is more after the last variant", f"record {count:,}")
        (indexed, total) = base.execute(
            "SELECT count(*), coalesce(sum(size_in_bytes), 0) FROM Variant"
        ).fetchone()
        if indexed != count or total + _first_variant(path) != path.stat().st_size:
            raise _broken(path, f"its index knows {indexed:,} variants", "the .bgi file")
    return found


def _as_uri(bgen: Path) -> str:
    return bgen.with_name(bgen.name + ".bgi").absolute().as_uri() + "?mode=ro"


def _first_variant(path: Path) -> int:
    with path.open("rb") as file:
        return 4 + int.from_bytes(file.read(4), "little")


def _text(stream: ByteStream) -> bytes:
    (length,) = struct.unpack("<H", stream.take(2))
    return stream.take(length)


def _broken(path: Path, why: str, place: str) -> FormatError:
    return FormatError("export.read_back", str(path), f"The file cannot be read back: {why}", place)
