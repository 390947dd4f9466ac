"""BGEN 1.1, 1.2 and 1.3 (probabilities packed by zlib, Zstandard or not at all).

The format does not say which allele is the reference: the first is taken for it. Probabilities become hard
calls, see `probabilities`. Source: https://www.chg.ox.ac.uk/~gav/bgen_format/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING, Batch, Bits, Codes, Origin, Reference, RowFlag
from app.genotypes.header import Header
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.calls import rows_within
from app.genotypes.readers.columns import ChromosomeNames, allele_pair_flags
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.people import People, prove, read_sample
from app.genotypes.readers.probabilities import Called, call_record, hard_calls, pair_table
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

_PLAIN, _ZLIB, _ZSTD = 0, 1, 2
_MOST_HEADER = 1 << 24
_LONGEST_ALLELE = 1 << 20
_MOST_ALLELES = 64
_MOST_CALLS = 1 << 28
_AGAIN = "Copy or make the file again."


class _Broken(Exception):
    """Bytes of a record that cannot be."""


@dataclass
class _Start:
    """What stands before the first record; `ids` is empty without a block of samples."""

    variants: int
    samples: int
    packing: int
    layout: int
    begin: int
    ids: list[str]


@dataclass
class _Record:
    """One variant with its genotypes."""

    chromosome: int
    position: int
    name: bytes
    alleles: list[bytes]
    called: Called


class BgenReader:
    """See `GenotypeReader`. Memory: one batch of rows."""

    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, sample: Path | None = None) -> None:
        """Reads header and samples; FormatError or OSError when they cannot be read."""
        self._path = path
        self._size = path.stat().st_size
        self._done = 0
        self._names = ChromosomeNames(path)
        with ByteStream(path) as stream:
            self._start = _read_start(stream)
        people, files = self._people(sample)
        self.samples: Sequence[str] = people.names()
        self.people: dict[str, Sequence[str] | Sequence[int]] = people.columns() if len(files) > 1 else {}
        self.origin = Origin("BGEN", tuple(map(str, files)), Reference.PROVISIONAL)

    def _people(self, sample: Path | None) -> tuple[People, list[Path]]:
        listed = None if sample is None else read_sample(sample)
        if sample is not None and listed is not None and len(listed.ids) == self._start.samples:
            return listed, [self._path, sample]
        if not self._start.ids:
            told = "no names of people" if listed is None else f"{self._start.samples:,} people"
            more = "" if listed is None else f", the .sample beside it {len(listed.ids):,}"
            raise FormatError(
                "bgen.no_samples",
                str(self._path),
                f"The file has {told}{more}",
                "",
                "Put the .sample file of the same name beside it, or choose both together.",
            )
        people = People()
        for name in self._start.ids:
            people.add("0", name)
        return prove(people, self._path, "bgen"), [self._path]

    def progress(self) -> tuple[int, int]:
        """Bytes of the file."""
        return self._done, self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order; a record with several ALT alleles gives several rows."""
        rows = rows_within(rows, 8 * len(self.samples))
        first, total = 0, self._start.variants
        with ByteStream(self._path) as stream:
            _skip(stream, self._start.begin)
            while first < total:
                records: list[_Record] = []
                wanted = rows
                while wanted > 0 and first + len(records) < total:
                    records.append(self._next(stream, first + len(records)))
                    wanted -= max(1, len(records[-1].alleles) - 1)
                self._done = stream.done
                yield self._batch(records, first)
                first += len(records)
            if stream.need(1):
                raise self._error("bgen.size", "There is more after the last variant", f"record {total:,}")

    def _error(self, code: str, title: str, place: str) -> FormatError:
        return FormatError(code, str(self._path), title, place, _AGAIN)

    def _next(self, stream: ByteStream, number: int) -> _Record:
        try:
            return self._record(stream)
        except (_Broken, ValueError) as error:
            title = f"A record cannot be read: {error}"
            raise self._error("bgen.record", title, f"record {number + 1:,}") from error

    def _record(self, stream: ByteStream) -> _Record:
        old = self._start.layout == 1
        if old and struct.unpack("<I", stream.take(4))[0] != self._start.samples:
            raise _Broken("it has another number of samples")
        variant, name, chromosome = (_short_text(stream) for _ in range(3))
        (position,) = struct.unpack("<I", stream.take(4))
        (count,) = (2,) if old else struct.unpack("<H", stream.take(2))
        if not 1 <= count <= _MOST_ALLELES or count * self._start.samples > _MOST_CALLS:
            raise _Broken(f"it has {count:,} alleles")
        alleles = [_long_text(stream) for _ in range(count)]
        number = self._names.number(chromosome or b"0")
        data = self._probabilities(stream, count)
        samples = self._start.samples
        called = _old_calls(data, samples) if old else _calls(data, samples, count)
        return _Record(number, position, name or variant or b".", alleles, called)

    def _probabilities(self, stream: ByteStream, alleles: int) -> bytes:
        samples, packing = self._start.samples, self._start.packing
        if self._start.layout == 1:
            size = 6 * samples
            length = size if packing == _PLAIN else struct.unpack("<I", stream.take(4))[0]
        else:
            (length,) = struct.unpack("<I", stream.take(4))
            size = length
            if packing != _PLAIN:
                (size,) = struct.unpack("<I", stream.take(4))
                length -= 4
            values = max(alleles * (alleles + 1) // 2 - 1, 2 * (alleles - 1))
            if size > 10 + samples * (1 + 4 * values) + 8:
                raise _Broken("it is longer than its samples need")
        if length < 0 or length > self._size:
            raise _Broken("it is longer than the file")
        return _unpacked(stream.take(length), packing, size)

    def _batch(self, records: list[_Record], first: int) -> Batch:
        called = [each.called for each in records]
        pairs = [
            (row, alt) for row, each in enumerate(records) for alt in range(1, max(2, len(each.alleles)))
        ]
        row = np.array([pair[0] for pair in pairs], np.intp)
        refs = Texts.of(records[each].alleles[0] or b"." for each, _ in pairs)
        alts = Texts.of((records[each].alleles[alt : alt + 1] or [b"."])[0] or b"." for each, alt in pairs)
        flags = allele_pair_flags(refs, alts) | np.uint32(RowFlag.NO_REFERENCE)
        several = np.array([len(each.alleles) > 2 for each in records])
        flags[several[row]] |= np.uint32(RowFlag.SPLIT | SiteFlag.MULTIALLELIC)
        phased = np.array([each.phase is not None for each in called])[row]
        flags |= np.where(phased, RowFlag.PHASED | SiteFlag.HAS_PIPE, SiteFlag.HAS_SLASH).astype(np.uint32)
        haploid = _plane([each.haploid for each in called], called)
        if haploid is not None:
            flags[haploid.any(axis=1)] |= np.uint32(SiteFlag.HAPLOID)
        return Batch(
            names=self._names.names,
            chromosome=np.array([each.chromosome for each in records], np.uint16)[row],
            position=np.array([each.position for each in records], np.int64)[row],
            ids=Texts.of(records[each].name for each, _ in pairs),
            refs=refs,
            alts=alts,
            flags=flags,
            record=row.astype(np.int64) + first,
            genotypes=np.concatenate([each.codes for each in called]),
            phase=_plane([each.phase for each in called], called),
            haploid=haploid,
        )


def _plane(planes: list[Bits | None], called: list[Called]) -> Bits | None:
    if all(each is None for each in planes):
        return None
    pairs = zip(planes, called, strict=True)
    return np.concatenate([np.zeros(c.codes.shape, bool) if p is None else p for p, c in pairs])


def _skip(stream: ByteStream, count: int) -> None:
    while count:
        count -= len(stream.take(min(count, 1 << 20)))


def _short_text(stream: ByteStream) -> bytes:
    (length,) = struct.unpack("<H", stream.take(2))
    return stream.take(length)


def _long_text(stream: ByteStream) -> bytes:
    (length,) = struct.unpack("<I", stream.take(4))
    if length > _LONGEST_ALLELE:
        raise _Broken("an allele is too long")
    return stream.take(length)


def _read_start(stream: ByteStream) -> _Start:
    offset, length, variants, samples = struct.unpack("<4I", stream.take(16))
    magic = stream.take(4)
    if magic not in (b"bgen", b"\0\0\0\0") or not 20 <= length <= min(offset, _MOST_HEADER):
        raise FormatError(
            "bgen.magic", str(stream.path), "The file does not begin as a BGEN does", "byte 16", _AGAIN
        )
    stream.take(length - 20)
    (flags,) = struct.unpack("<I", stream.take(4))
    packing, layout = flags & 3, flags >> 2 & 15
    if layout not in (1, 2) or packing > (_ZSTD if layout == 2 else _ZLIB) or not samples or not variants:
        raise FormatError(
            "bgen.header",
            str(stream.path),
            "The header is of no known BGEN, or says that there are no variants or no people",
            f"byte {length}",
            _AGAIN,
        )
    ids = _sample_block(stream, samples) if flags >> 31 else []
    return _Start(variants, samples, packing, layout, offset + 4, ids)


def _sample_block(stream: ByteStream, samples: int) -> list[str]:
    _, count = struct.unpack("<II", stream.take(8))
    if count != samples:
        raise FormatError(
            "bgen.samples",
            str(stream.path),
            f"The header says {samples:,} people, the list of them {count:,}",
            "byte 8",
            _AGAIN,
        )
    return [_short_text(stream).decode("utf-8", "replace") for _ in range(count)]


def _unpacked(data: bytes, packing: int, size: int) -> bytes:
    if packing == _ZLIB:
        try:
            text = bytes(deflate.zlib_decompress(data, size))
        except (deflate.DeflateError, zlib.error) as error:
            raise _Broken("it cannot be unpacked") from error
    else:
        text = _unpacked_zstd(data, size) if packing == _ZSTD else data
    if len(text) != size:
        raise _Broken("it is of another length than it says")
    return text


def _unpacked_zstd(data: bytes, size: int) -> bytes:
    import zstandard

    try:
        said = zstandard.get_frame_parameters(data).content_size
        if said not in (size, zstandard.CONTENTSIZE_UNKNOWN):
            raise _Broken("it is of another length than it says")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise _Broken("it cannot be unpacked") from error


def _old_calls(data: bytes, samples: int) -> Called:
    """Three numbers of 16 bits a person; all 0 where nothing is known."""
    shares = np.frombuffer(data, "<u2").reshape(samples, 3).astype(np.float64)
    total = shares.sum(axis=1)
    dosage = np.where(total > 0, shares[:, 1] + 2 * shares[:, 2], np.nan) / np.maximum(total, 1)
    return Called(hard_calls(dosage)[None, :])


def _calls(data: bytes, samples: int, alleles: int) -> Called:
    if len(data) < 10 + samples:
        raise _Broken("it is shorter than its samples need")
    people, count, _, most = struct.unpack_from("<IHBB", data)
    phased, bits = data[8 + samples], data[9 + samples]
    if people != samples or count != alleles:
        raise _Broken("it has another number of samples or alleles than its header")
    if phased > 1 or not 1 <= bits <= 32:
        raise _Broken("its numbers are of an impossible kind")
    raw = np.frombuffer(data, np.uint8)
    ploidy, missing = raw[8 : 8 + samples] & np.uint8(63), raw[8 : 8 + samples] > 127
    if most > 2 or int(ploidy.max()) > 2:
        raise _Broken("somebody has more than two copies")
    if alleles == 1:
        return Called(np.where(missing, MISSING, 0).astype(np.uint8)[None, :])
    shares = raw[10 + samples :]
    if bits == 8 and alleles == 2 and int(ploidy.min()) == 2 and len(shares) == 2 * samples:
        return _eight_bits(shares, missing, phased == 1)
    return call_record(ploidy, missing, phased == 1, bits, alleles, shares)


def _eight_bits(shares: NDArray[np.uint8], missing: Bits, phased: bool) -> Called:
    """The usual record: a look-up of both bytes of each person."""
    codes: Codes = pair_table(phased)[np.ascontiguousarray(shares).view("<u2")]
    codes[missing] = MISSING
    if not phased:
        return Called(codes[None, :])
    phase = (shares[0::2] < shares[1::2]) & (codes == 1)
    return Called(codes[None, :], phase[None, :])


def open_bgen(parts: Mapping[str, Path]) -> BgenReader:
    """A reader of `bgen` and perhaps `sample`."""
    if "bgen" not in parts:
        there = next(iter(parts.values()))
        raise FormatError("bgen.missing_file", str(there), f"There is no .bgen beside {there.name}")
    return BgenReader(parts["bgen"], parts.get("sample"))
