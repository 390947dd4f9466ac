"""BGEN 1.2 with 8 bits a probability, zlib and REF first, its index (.bgi, as bgenix makes it) and .sample.

Sources: https://www.chg.ox.ac.uk/~gav/bgen_format/ and the tables that `bgenix -index` writes.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.texts import Texts
from app.results.export.bgen_blocks import block_size, blocks_of, expected
from app.results.export.bgen_variants import broken, variants_of, variants_of_sites
from app.results.export.kernel import Kernel, packs_rows
from app.results.export.part_files import PartFiles
from app.results.export.rows import Fingerprint, Rows
from app.results.export.sexes import Sexes, sample_text
from app.results.export.short_zlib import LONGEST, packed_short
from app.results.export.sites import LONGEST_NAME, refuse_long_names

LEVEL = 1
"""Higher ones make these blocks no smaller, only slower."""
_FLAGS = 1 | 2 << 2 | 1 << 31  # zlib, layout 2, with names of samples
_AT_ONCE = 32 << 20
_COUNTED = "SELECT count(*), coalesce(sum(size_in_bytes), 0) FROM Variant"
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

    def __init__(
        self,
        stem: Path,
        samples: Sequence[str],
        phased: bool,
        kernel: Kernel | None,
        sexes: Sexes | None = None,
    ) -> None:
        """`phased`: probabilities of each haplotype, else of genotypes. `sexes` are known at the end."""
        self._sexes = sexes
        self.wrote = Fingerprint(samples=tuple(samples))
        self._kernel, self._phased, self._count = kernel, phased, len(samples)
        self._files = PartFiles()
        self.path = stem.with_name(stem.name + ".bgen")
        self._index = BgiWriter(self.path.with_name(self.path.name + ".bgi"))
        try:
            self._file = self._files.open(self.path)
            self._sample = self._files.open(stem.with_name(stem.name + ".sample"))
            self._file.write(_start(samples, 0))
            self._at = self._file.tell()
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        refuse_long_names(rows.ids, LONGEST_NAME, "BGEN", self.path.name)
        at_once = max(1, _AT_ONCE // block_size(self._count))
        for at in range(0, len(rows), at_once):
            self._write_some(rows, slice(at, min(len(rows), at + at_once)))
        self.wrote.add(len(rows), rows.site_lines(self._kernel), expected(rows.doses, self._phased))

    def _write_some(self, rows: Rows, some: slice) -> None:
        told = None if rows.batch.haplotypes is not None else rows.batch.probabilities
        blocks = blocks_of(
            rows.doses.part(some), self._phased, None if told is None else told[some], self._kernel
        )
        sites = rows.chromosome, rows.position[some], rows.ids[some], rows.refs[some], rows.alts[some]
        data, lengths = variants_of_sites(
            sites, blocks.shape[1], *packed_rows(blocks, self._kernel), self._kernel
        )
        self._file.write(data)
        ends = self._at + np.cumsum(lengths, dtype=np.int64)
        self._index.add(*sites, ends - lengths, lengths)
        self._at = int(ends[-1])

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        self._file.seek(8)
        self._file.write(struct.pack("<I", self.wrote.variants))
        self._sample.write(
            sample_text(self.wrote.samples, None if self._sexes is None else self._sexes.codes())
        )
        bgen, sample = self._files.publish()
        return bgen, self._index.finish(bgen), sample

    def abort(self) -> None:
        """See `Writer`."""
        self._files.discard()
        self._index.abort()

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_bgen(self.path, self._phased, self._kernel)


def packed_rows(blocks: NDArray[np.uint8], kernel: Kernel | None) -> tuple[bytes, NDArray[np.uint32]]:
    """Each row packed by zlib, and their lengths; the same bytes with and without the extension."""
    rows, size = blocks.shape
    if size <= LONGEST:
        return packed_short(blocks, fast=kernel is not None)
    if kernel is not None and packs_rows():
        out = np.empty(rows * (size + 64 + size // 16), np.uint8)
        lengths = np.empty(rows, np.uint32)
        made = kernel.zlib(blocks, rows, size, LEVEL, out, lengths)
        if made >= 0:
            return out[:made].tobytes(), lengths
    packed = [deflate.zlib_compress(block.data, LEVEL) for block in blocks]
    return b"".join(packed), np.array([len(each) for each in packed], np.uint32)


def _start(samples: Sequence[str], variants: int) -> bytes:
    names = b"".join(struct.pack("<H", len(raw)) + raw for raw in (name.encode() for name in samples))
    block = struct.pack("<II", 8 + len(names), len(samples)) + names
    header = struct.pack("<III4sI", 20, variants, len(samples), b"bgen", _FLAGS)
    return struct.pack("<I", len(header) + len(block)) + header + block


class BgiWriter:
    """The index of a .bgen: an SQLite file with the table that bgenix, regenie and SAIGE look in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._part.unlink(missing_ok=True)
        with _told_by_the_system(self._part):
            self._base = sqlite3.connect(self._part, isolation_level=None)
            self._base.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES + "BEGIN;")

    def add(
        self,
        chromosome: str,
        position: NDArray[np.int64],
        ids: Texts,
        refs: Texts,
        alts: Texts,
        starts: NDArray[np.int64],
        sizes: NDArray[np.uint32],
    ) -> None:
        """Note variants that begin at `starts` of the file and take `sizes` bytes."""
        rows = zip(
            repeat(chromosome), position.tolist(), _strings(ids), repeat(2), _strings(refs), _strings(alts),
            starts.tolist(), sizes.tolist(), strict=False,
        )  # fmt: skip
        with _told_by_the_system(self._part):
            self._base.executemany("INSERT INTO Variant VALUES (?,?,?,?,?,?,?,?)", rows)

    def finish(self, bgen: Path) -> Path:
        """Close the index of a file that is whole; OSError."""
        told = bgen.stat()
        with bgen.open("rb") as file:
            head = file.read(1000)
        row = (bgen.name, told.st_size, int(told.st_mtime), head, int(told.st_mtime))
        with _told_by_the_system(self._part):
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
        raise broken(path, "its header is of another kind", "byte 4")
    _, count = struct.unpack("<II", stream.take(8))
    if count != samples:
        raise broken(path, "its numbers of samples differ", "byte 24")
    return variants, tuple(_text(stream).decode() for _ in range(count))


@contextlib.contextmanager
def _told_by_the_system(path: Path) -> Iterator[None]:
    """What SQLite cannot write as the OSError that other files would give."""
    try:
        yield
    except sqlite3.Error as error:
        full = "full" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, f"the index: {error}", str(path)) from error


def fingerprint_of_bgen(path: Path, phased: bool, kernel: Kernel | None) -> Fingerprint:
    """What a file of the kind that is written here holds, its index compared."""
    with ByteStream(path) as stream, contextlib.closing(sqlite3.connect(_as_uri(path), uri=True)) as base:
        count, names = read_start(path, stream)
        found = Fingerprint(samples=names)
        for sites, dosages in variants_of(path, stream, len(names), count, phased, kernel):
            found.add(len(dosages), sites, dosages)
        if stream.need(1):
            raise broken(path, "there is more after the last variant", f"record {count:,}")
        try:
            indexed, total = base.execute(_COUNTED).fetchone()
        except sqlite3.Error as error:
            raise broken(path, f"its index is damaged ({error})", "the .bgi file") from error
        if indexed != count or total + _first_variant(path) != path.stat().st_size:
            raise broken(path, f"its index knows {indexed:,} variants", "the .bgi file")
    return found


def _as_uri(bgen: Path) -> str:
    return bgen.with_name(bgen.name + ".bgi").absolute().as_uri() + "?mode=ro"


def _first_variant(path: Path) -> int:
    with path.open("rb") as file:
        return 4 + int.from_bytes(file.read(4), "little")


def _text(stream: ByteStream) -> bytes:
    (length,) = struct.unpack("<H", stream.take(2))
    return stream.take(length)


def _strings(texts: Texts) -> Iterable[str]:
    try:
        text = texts.blob.tobytes().decode("ascii")
    except UnicodeDecodeError:
        return texts
    return [text[start:stop] for start, stop in zip(texts.starts.tolist(), texts.ends.tolist(), strict=True)]
