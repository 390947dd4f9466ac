"""BCF 2.1 and 2.2: a VCF in binary form.

Genotypes of many records are looked up together in a table of all pairs of allele numbers. Source: the VCF
specification, section 6.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING, Batch, Bits, Codes, Origin, RowFlag
from app.genotypes.header import Header
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.calls import ABSENT, GAP, Calls, calls_of, rows_within
from app.genotypes.readers.columns import allele_pair_flags
from app.genotypes.readers.contract import FormatError
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

_MOST_HEADER = 1 << 28
_MOST_SHARED = 1 << 27
_MOST_CALLS = 1 << 29
_MOST_ALLELES = 1000
_MOST_ROWS_BYTES = 1 << 28  # genotypes that the rows of one record may have
_FIXED = struct.Struct("<iiifHHI")
_KINDS: dict[int, np.dtype[np.signedinteger[Any]]] = {
    1: np.dtype(np.int8),
    2: np.dtype(np.int16).newbyteorder("<"),
    3: np.dtype(np.int32).newbyteorder("<"),
}
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
_IDX = re.compile(rb"(?:^|,)IDX=(\d{1,9})")
_ID = re.compile(rb"(?:^|[<,])ID=([^,>\x00-\x1f\x7f]+)")
_PHASE_BIT, _HAPLOID_BIT, _PIPE_BIT, _SLASH_BIT, _HALF_BIT, _ODD_BIT, _NOT_PHASED_BIT, _ALONE_BIT = (
    1 << place for place in range(2, 10)
)


class _Broken(Exception):
    """Bytes of a record that cannot be; told with the number of the record."""


@dataclass
class _Record:
    """What is kept of a record until its batch is whole; `calls` are the bytes of GT."""

    chromosome: int
    position: int
    name: bytes
    alleles: list[bytes]
    flags: int
    kind: int = 0
    ploidy: int = 0
    calls: bytes = b""


@dataclass
class _Dictionary:
    """Numbers that stand for words: contigs, and the number of GT."""

    contigs: dict[int, str] = field(default_factory=dict)
    gt: int = -1


class BcfReader:
    """See `GenotypeReader`. `header` is the VCF header inside."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        """Reads the header; FormatError or OSError when it cannot be read."""
        self.origin = Origin("BCF", (str(path),))
        self._path = path
        self._size = path.stat().st_size
        self._done = 0
        with ByteStream(path) as stream:
            text = _header_text(stream)
        self.header, self._dictionary = _parsed(text)
        if self.header.columns is None:
            raise FormatError("bcf.header", str(path), "The header has no line of column names", "byte 9")
        self.samples: Sequence[str] = self.header.samples
        self.people: dict[str, Sequence[str] | Sequence[int]] = {}
        if self._dictionary.gt < 0 and self.samples:
            raise FormatError(
                "genotype.missing",
                str(path),
                "The file has no genotypes (no GT field)",
                advice="Export the genotypes as GT.",
            )

    def progress(self) -> tuple[int, int]:
        """Packed bytes."""
        return self._done, self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order; a record with several ALT alleles gives several rows."""
        rows = rows_within(rows, 8 * len(self.samples))
        first = 0
        with ByteStream(self._path) as stream:
            _header_text(stream)
            while stream.need(1):
                records: list[_Record] = []
                wanted = rows
                while wanted > 0 and stream.need(1):
                    records.append(self._next(stream, first + len(records)))
                    wanted -= max(1, len(records[-1].alleles) - 1)
                yield self._batch(records, first)
                first += len(records)
                self._done = stream.done

    def _next(self, stream: ByteStream, number: int) -> _Record:
        shared, calls = struct.unpack("<II", stream.take(8))
        if shared < _FIXED.size or shared > _MOST_SHARED or calls > _MOST_CALLS:
            raise self._broken(number, "its length is impossible")
        try:
            return self._record(stream.take(shared), stream.take(calls))
        except (_Broken, struct.error, IndexError) as error:
            raise self._broken(number, str(error)) from error

    def _broken(self, number: int, why: str) -> FormatError:
        return FormatError(
            "bcf.record",
            str(self._path),
            f"A record cannot be read: {why}",
            f"record {number + 1:,}",
            "Make the file again with bcftools.",
        )

    def _record(self, shared: bytes, calls: bytes) -> _Record:
        chromosome, position, _, _, _, alleles, samples = _FIXED.unpack_from(shared)
        if samples & 0xFFFFFF != len(self.samples):
            raise _Broken(f"it has {samples & 0xFFFFFF:,} samples")
        if chromosome not in self._dictionary.contigs:
            raise _Broken("its chromosome is not in the header")
        if not 1 <= alleles <= _MOST_ALLELES or alleles * len(self.samples) > _MOST_ROWS_BYTES:
            raise _Broken(f"it has {alleles:,} alleles")
        name, at = _string(shared, _FIXED.size)
        words = []
        for _ in range(alleles):
            word, at = _string(shared, at)
            words.append(word)
        filtered = _is_filtered(shared, at)
        record = _Record(chromosome, position + 1, name or b".", words, SiteFlag.FILTERED if filtered else 0)
        if self.samples:
            self._find_calls(record, calls, samples >> 24)
        return record

    def _find_calls(self, record: _Record, calls: bytes, fields: int) -> None:
        at = 0
        for place in range(fields):
            key, at = _integer(calls, at)
            kind, length, at = _type(calls, at)
            size = _SIZES.get(kind, -1) * length * len(self.samples)
            if size < 0 or at + size > len(calls):
                raise _Broken("a field is longer than the record")
            if key == self._dictionary.gt and kind in _KINDS and length:
                record.kind, record.ploidy, record.calls = kind, length, calls[at : at + size]
                record.flags |= SiteFlag.GT_NOT_FIRST if place else 0
                return
            at += size
        record.flags |= SiteFlag.NO_GT

    def _batch(self, records: list[_Record], first: int) -> Batch:
        alts = [(row, alt) for row, each in enumerate(records) for alt in range(1, max(2, len(each.alleles)))]
        row = np.array([pair[0] for pair in alts], np.intp)
        names = list(dict.fromkeys(self._dictionary.contigs[each.chromosome] for each in records))
        numbers = {name: number for number, name in enumerate(names)}
        contigs = [numbers[self._dictionary.contigs[each.chromosome]] for each in records]
        refs = Texts.of(records[each].alleles[0] or b"." for each, _ in alts)
        others = Texts.of((records[each].alleles[alt : alt + 1] or [b"."])[0] or b"." for each, alt in alts)
        calls = _decoded(records, alts, len(self.samples))
        flags = allele_pair_flags(refs, others) | calls.flags
        flags |= np.array([each.flags for each in records], np.uint32)[row]
        return Batch(
            names=names,
            chromosome=np.array(contigs, np.uint16)[row],
            position=np.array([each.position for each in records], np.int64)[row],
            ids=Texts.of(records[each].name for each, _ in alts),
            refs=refs,
            alts=others,
            flags=flags,
            record=row.astype(np.int64) + first,
            genotypes=calls.genotypes,
            phase=calls.phase,
            haploid=calls.haploid,
        )


def _header_text(stream: ByteStream) -> bytes:
    magic = stream.take(5)
    if magic[:4] != b"BCF\x02" or magic[4] not in (1, 2):
        raise FormatError(
            "bcf.version",
            str(stream.path),
            "The file is no BCF of version 2",
            "byte 0",
            "Convert it with bcftools view.",
        )
    (length,) = struct.unpack("<I", stream.take(4))
    if length > _MOST_HEADER:
        raise FormatError("bcf.header", str(stream.path), "The length of the header is impossible", "byte 5")
    return stream.take(length)


def _parsed(text: bytes) -> tuple[Header, _Dictionary]:
    header, dictionary = Header(), _Dictionary()
    words = {b"PASS": 0}
    used = {0}
    for line in text.rstrip(b"\0\r\n").split(b"\n"):
        header.add(line)
        if not line.startswith((b"##contig=<", b"##FILTER=<", b"##INFO=<", b"##FORMAT=<")):
            continue
        name, given = _ID.search(line), _IDX.search(line)
        if name is None:
            continue
        if line.startswith(b"##contig"):
            number = int(given[1]) if given else len(dictionary.contigs)
            dictionary.contigs[number] = name[1].decode("utf-8", "replace")
        elif name[1] not in words:
            number = int(given[1]) if given else max(used) + 1
            words[name[1]] = number
            used.add(number)
    dictionary.gt = words.get(b"GT", -1)
    return header, dictionary


def _type(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind of a value, how many there are, and where they begin."""
    kind, length = data[at] & 15, data[at] >> 4
    at += 1
    if length == 15:
        length, at = _integer(data, at)
        if length < 0:
            raise _Broken("a length is negative")
    return kind, length, at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    kind, length = data[at] & 15, data[at] >> 4
    if kind not in _KINDS or length != 1:
        raise _Broken("a number is expected")
    size = _SIZES[kind]
    if at + 1 + size > len(data):
        raise _Broken("it ends too early")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little", signed=True), at + 1 + size


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    kind, length, at = _type(data, at)
    if kind not in (0, 7) or at + length > len(data):
        raise _Broken("a text is expected")
    if kind == 0:
        return b"", at
    return data[at : at + length].rstrip(b"\0"), at + length


def _is_filtered(data: bytes, at: int) -> bool:
    kind, length, at = _type(data, at)
    size = _SIZES.get(kind, -1) * length
    if kind not in (0, 1, 2, 3) or size < 0 or at + size > len(data):
        raise _Broken("its filters cannot be read")
    return any(data[at : at + size])  # PASS has the number 0


def _decoded(records: list[_Record], alts: list[tuple[int, int]], samples: int) -> Calls:
    """Codes of all rows: those of one form together."""
    codes = np.full((len(alts), samples), MISSING, np.uint8)
    phase = haploid = None
    flags = np.zeros(len(alts), np.uint32)
    groups: dict[tuple[int, int, int, int], list[int]] = {}
    for place, (row, alt) in enumerate(alts):
        record = records[row]
        groups.setdefault((record.kind, record.ploidy, alt, max(2, len(record.alleles))), []).append(place)
    for (kind, ploidy, alt, alleles), places in groups.items():
        if not ploidy:
            flags[places] |= np.uint32(RowFlag.SPLIT | SiteFlag.MULTIALLELIC if alleles > 2 else 0)
            continue
        raw = b"".join(records[alts[place][0]].calls for place in places)
        values = np.frombuffer(raw, _KINDS[kind]).reshape(len(places), samples, ploidy)
        calls = _calls(values, alt, alleles)
        codes[places], flags[places] = calls.genotypes, calls.flags
        phase = _placed(phase, calls.phase, places, codes.shape)
        haploid = _placed(haploid, calls.haploid, places, codes.shape)
    return Calls(codes, phase, haploid, flags)


def _placed(whole: Bits | None, part: Bits | None, places: list[int], shape: tuple[int, ...]) -> Bits | None:
    if part is None:
        return whole
    result = np.zeros(shape, bool) if whole is None else whole
    result[places] = part
    return result


def _calls(values: NDArray[np.signedinteger[Any]], alt: int, alleles: int) -> Calls:
    if values.dtype.itemsize == 1 and values.shape[2] == 2:
        table = _table(alt, alleles)
        found = table[values.view("<u2")[:, :, 0]]
        every = np.bitwise_or.reduce(found, axis=1)
        if not (every & _ODD_BIT).any():
            return _from_table(found, every, alleles)
    return _slowly(values, alt, alleles)


def _slowly(values: NDArray[np.signedinteger[Any]], alt: int, alleles: int) -> Calls:
    first, second, bars, bad = _alleles(values)
    rows = len(values)
    return calls_of(first, second, bars, bad, np.full(rows, alleles, np.int32), np.full(rows, alt, np.int32))


def _alleles(
    values: NDArray[np.signedinteger[Any]],
) -> tuple[NDArray[np.int32], NDArray[np.int32], Bits, Bits]:
    """Allele numbers of the first two alleles, bars, and genotypes that cannot be."""
    least = np.iinfo(values.dtype).min
    wide = values.astype(np.int32)
    ends = wide == least + 1
    numbers = np.where(wide == least, GAP, (wide >> 1) - 1)
    numbers[ends] = ABSENT
    bad = (((wide < 0) & ~ends & (wide != least)).any(axis=2)) | ends[:, :, 0]
    first = numbers[:, :, 0]
    if wide.shape[2] == 1:
        return first, np.full_like(first, ABSENT), np.zeros(first.shape, bool), bad
    bad |= (~ends[:, :, 2:]).any(axis=2)
    bars = (wide[:, :, 1] & 1 == 1) & ~ends[:, :, 1]
    return first, numbers[:, :, 1], bars, bad


@lru_cache(maxsize=64)
def _table(alt: int, alleles: int) -> NDArray[np.uint16]:
    """For every pair of bytes: the code, and bits for what is odd about the genotype."""
    pairs = np.arange(1 << 16, dtype=np.uint16).view(np.int8).reshape(-1, 1, 2)
    calls = _slowly(pairs, alt, alleles)
    table = calls.genotypes[:, 0].astype(np.uint16)
    flags = calls.flags
    odd = flags & np.uint32(SiteFlag.BAD_GENOTYPE | SiteFlag.ALLELE_TOO_BIG) > 0
    first, second, bars, _ = _alleles(pairs)
    gap = (first[:, 0] == GAP) & (second[:, 0] == GAP)
    loose = ~bars[:, 0] & (second[:, 0] != ABSENT) & ~gap
    for where, bit in (
        (calls.phase[:, 0] if calls.phase is not None else odd & ~odd, _PHASE_BIT),
        (calls.haploid[:, 0] if calls.haploid is not None else odd & ~odd, _HAPLOID_BIT),
        (flags & np.uint32(SiteFlag.HAPLOID) > 0, _ALONE_BIT),
        (flags & np.uint32(SiteFlag.HAS_PIPE) > 0, _PIPE_BIT),
        (flags & np.uint32(SiteFlag.HAS_SLASH) > 0, _SLASH_BIT),
        (flags & np.uint32(SiteFlag.HALF_CALL) > 0, _HALF_BIT),
        (odd, _ODD_BIT),
        (loose, _NOT_PHASED_BIT),
    ):
        table[where] |= np.uint16(bit)
    return table


def _from_table(found: NDArray[np.uint16], every: NDArray[np.uint16], alleles: int) -> Calls:
    flags = np.zeros(len(found), np.uint32)
    sure = every & (_PIPE_BIT | _ALONE_BIT) > 0
    for where, flag in (
        (every & _PIPE_BIT > 0, SiteFlag.HAS_PIPE),
        (every & _SLASH_BIT > 0, SiteFlag.HAS_SLASH),
        (every & _ALONE_BIT > 0, SiteFlag.HAPLOID),
        (every & _HALF_BIT > 0, SiteFlag.HALF_CALL),
        ((every & _NOT_PHASED_BIT == 0) & sure, RowFlag.PHASED),
    ):
        flags[where] |= np.uint32(flag)
    if alleles > 2:
        flags |= np.uint32(RowFlag.SPLIT | SiteFlag.MULTIALLELIC)
    codes: Codes = (found & np.uint16(3)).astype(np.uint8)
    return Calls(codes, _plane(found, every, _PHASE_BIT), _plane(found, every, _HAPLOID_BIT), flags)


def _plane(found: NDArray[np.uint16], every: NDArray[np.uint16], bit: int) -> Bits | None:
    return found & np.uint16(bit) > 0 if (every & np.uint16(bit)).any() else None
