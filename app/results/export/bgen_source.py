"""BGEN with its probabilities as a reader of doses: layouts 1 and 2, any number of bits, one ALT.

The first allele is taken for REF, as the format's users mostly have it. Calls of one copy of an unphased file
are given as homozygous, as files without ploidy have them. Source: https://www.chg.ox.ac.uk/~gav/bgen_format/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.opening import open_reader
from app.genotypes.readers.probabilities import unpacked
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, Field, InfoColumns

_ROWS_BYTES = 32 << 20
_MOST_ROWS = 2048
_LONGEST = 1 << 28


@dataclass
class _Record:
    chromosome: bytes
    position: int
    name: bytes
    ref: bytes
    alt: bytes
    shares: NDArray[np.float32]  # [samples, 3] of genotypes, or [samples, 2] ALT dosages of haplotypes


class BgenDoses:
    """See `DoseReader`. Memory: a batch."""

    def __init__(self, files: Sequence[Path]) -> None:
        """`files` is the set, the .bgen first. FormatError or OSError."""
        self._path = files[0]
        self.samples = tuple(open_reader(files).samples)
        self.header: tuple[str, ...] = ()
        with ByteStream(self._path) as stream:
            self._begin(stream)
            phased = self._next(stream).shares.shape[1] == 2 if self._variants else False
        kind = Field.HAPLOTYPES if phased else Field.PROBABILITIES
        self.packed_done = 0
        self.fields = Field.DOSAGE | kind

    def _begin(self, stream: ByteStream) -> None:
        offset, length, self._variants, people = struct.unpack("<4I", stream.take(16))
        stream.take(length - 20)
        stream.take(4)
        (flags,) = struct.unpack("<I", stream.take(4))
        self._packing, self._layout = flags & 3, flags >> 2 & 15
        stream.take(offset - length)
        if people != len(self.samples):
            raise self._broken("it has another number of samples than the list of them", 0)

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`. ProblemError where a record cannot be read."""
        most = max(1, min(_MOST_ROWS, _ROWS_BYTES // (12 * max(1, len(self.samples)))))
        held: list[_Record] = []
        done = 0
        with ByteStream(self._path) as stream:
            self._begin(stream)
            for number in range(self._variants):
                record = self._told(stream, number)
                if held and (_differs(record, held[0]) or len(held) >= most):
                    yield self._batch(held, done)
                    done, held = number, []
                held.append(record)
                self.packed_done = stream.done
        if held:
            yield self._batch(held, done)

    def close(self) -> None:
        """Nothing stays open between batches."""

    def _told(self, stream: ByteStream, number: int) -> _Record:
        from app.results.export.opening import unreadable

        try:
            return self._next(stream, number)
        except FormatError as error:
            raise unreadable(self._path, f"{error.title} ({error.place})", error.advice) from error

    def _next(self, stream: ByteStream, number: int = 0) -> _Record:
        try:
            return self._record(stream)
        except (ValueError, struct.error, deflate.DeflateError, zlib.error) as error:
            raise self._broken(str(error), number) from error

    def _broken(self, why: str, number: int) -> FormatError:
        title = f"A record cannot be read: {why}"
        return FormatError("bgen.record", str(self._path), title, f"record {number + 1:,}")

    def _record(self, stream: ByteStream) -> _Record:
        old = self._layout == 1
        if old:
            stream.take(4)
        variant, name, chromosome = (_text(stream) for _ in range(3))
        (position,) = struct.unpack("<I", stream.take(4))
        count = 2 if old else int(struct.unpack("<H", stream.take(2))[0])
        if count != 2:
            raise ValueError(f"it has {count} alleles, and two can be read")
        ref, alt = _long_text(stream), _long_text(stream)
        data = self._data(stream)
        shares = _old_shares(data, len(self.samples)) if old else _shares(data, len(self.samples))
        return _Record(chromosome, position, name or variant or b".", ref, alt, shares)

    def _data(self, stream: ByteStream) -> bytes:
        size = 6 * len(self.samples)
        if self._layout == 1 and not self._packing:
            return stream.take(size)
        (length,) = struct.unpack("<I", stream.take(4))
        if self._layout == 2 and self._packing:
            (size,) = struct.unpack("<I", stream.take(4))
            length -= 4
        if not 0 <= length <= _LONGEST or size > _LONGEST:
            raise ValueError("its length is impossible")
        raw = stream.take(length)
        return raw if not self._packing else _unpacked(raw, size, self._packing)

    def _batch(self, records: Sequence[_Record], first: int) -> DoseBatch:
        shares = np.stack([each.shares for each in records])
        nothing = np.full(len(records), np.nan, np.float32)
        pair = shares.shape[2] == 2
        return DoseBatch(
            chromosome=(records[0].chromosome or b"0").decode("utf-8", "replace"),
            first_line=first,
            position=np.array([each.position for each in records], np.int64),
            ids=Texts.of(each.name for each in records),
            refs=Texts.of(each.ref for each in records),
            alts=Texts.of(each.alt for each in records),
            info=InfoColumns(nothing, nothing, nothing, nothing, np.zeros(len(records), np.uint8)),
            dosage=shares.sum(axis=2) if pair else shares[:, :, 1] + 2 * shares[:, :, 2],
            haplotypes=shares if pair else None,
            probabilities=None if pair else shares,
        )


def _differs(record: _Record, other: _Record) -> bool:
    return record.chromosome != other.chromosome or record.shares.shape != other.shares.shape


def _text(stream: ByteStream) -> bytes:
    return stream.take(*struct.unpack("<H", stream.take(2)))


def _long_text(stream: ByteStream) -> bytes:
    (length,) = struct.unpack("<I", stream.take(4))
    if length > 1 << 20:
        raise ValueError("an allele is too long")
    return stream.take(length)


def _unpacked(raw: bytes, size: int, packing: int) -> bytes:
    if packing == 1:
        return bytes(deflate.zlib_decompress(raw, size))
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompress(raw, max_output_size=size)
    except zstandard.ZstdError as error:
        raise ValueError("it cannot be unpacked") from error


def _old_shares(data: bytes, samples: int) -> NDArray[np.float32]:
    """Layout 1: three numbers of 16 bits a person, all 0 where nothing is known."""
    raw = np.frombuffer(data, "<u2").reshape(samples, 3).astype(np.float32)
    total = raw.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float32] = (raw / total).astype(np.float32)
    return shares


def _shares(data: bytes, samples: int) -> NDArray[np.float32]:
    people, alleles, least, most = struct.unpack_from("<IHBB", data)
    phased, bits = data[8 + samples], data[9 + samples]
    if people != samples or alleles != 2 or most > 2 or least < 1 or phased > 1 or not 1 <= bits <= 32:
        raise ValueError("its numbers are of an impossible kind")
    raw = np.frombuffer(data, np.uint8)
    ploidy, lost = raw[8 : 8 + samples] & np.uint8(63), raw[8 : 8 + samples] > 127
    if (ploidy < 1).any() or (ploidy > 2).any():
        raise ValueError("somebody has none or more than two copies")
    values = unpacked(raw[10 + samples :], bits, int(ploidy.sum()))
    begin = np.cumsum(ploidy) - ploidy
    first = values[begin]
    second = np.where(ploidy == 2, values[np.minimum(begin + 1, len(values) - 1)], np.nan)
    if phased:
        made = np.stack([1 - first, 1 - second], axis=1)
    else:
        alone = ploidy == 1
        het = np.where(alone, 0, second)
        made = np.stack([first, het, 1 - first - het], axis=1)
    made[lost] = np.nan
    result: NDArray[np.float32] = np.clip(made, 0, 1).astype(np.float32)
    return result
