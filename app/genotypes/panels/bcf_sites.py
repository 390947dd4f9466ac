"""Sites of a BCF, read without any library. Format: VCF/BCF specification, section 6."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import (
    Compression,
    ContainerError,
    ContainerFault,
    block_length,
    detect_compression,
    inflate_block,
)
from app.genotypes.panels.cells import padded, pair_codes, rs_numbers
from app.genotypes.panels.site_rows import SiteRows, stored_frequency
from app.genotypes.panels.tables import Read, plain_name
from app.genotypes.panels.vcf_sites import keys_of, pair_texts_codes
from app.genotypes.rows import Bytes, Places, windows
from app.genotypes.site_table import OTHER

MAGIC = b"BCF\x02"
_PIECE = 1 << 18
_LONGEST = 128 << 20
_FIXED = 24  # bytes of a record before its identifier
_LENGTHS = struct.Struct("<II")
_MOST_NAMES = 1 << 20  # of a header; a larger IDX is no number of a line
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
_BYTES = np.array([_SIZES.get(kind, 0) for kind in range(16)], np.int64)
_FORMATS = {1: "b", 2: "h", 3: "i", 5: "f"}
_MISSING = {1: -128, 2: -32768, 3: -(1 << 31)}
_ATTRIBUTE = re.compile(r'(\w+)=("[^"]*"|[^,>]*)')


def is_bcf(head: bytes) -> bool:
    """Whether unpacked bytes are the beginning of a BCF."""
    return head.startswith(MAGIC)


def _inflated(path: Path, read: Read) -> Iterator[bytes]:
    """The unpacked bytes of a BGZF or plain file, in pieces of any length."""
    done, rest = 0, b""
    with path.open("rb") as file:
        packed = detect_compression(file.read(18)) is Compression.BGZF
        file.seek(0)
        while piece := file.read(_PIECE if packed else 4 * _PIECE):
            done += len(piece)
            read(done)
            if not packed:
                yield piece
                continue
            rest += piece
            text, used = _inflate(rest, done - len(rest))
            rest = rest[used:]
            yield text
    if rest:
        raise ContainerError(ContainerFault.TRUNCATED, done, "the last block is cut")


def _inflate(data: bytes, offset: int) -> tuple[bytes, int]:
    view, at, blocks = memoryview(data), 0, bytearray()
    while (size := block_length(view, at, offset + at)) and at + size <= len(data):
        blocks += inflate_block(view[at : at + size], offset + at)
        at += size
    return bytes(blocks), at


def bcf_rows(path: Path, population: str, read: Read) -> Iterator[SiteRows]:
    """The sites of a BCF, in pieces. Raises ContainerError for a damaged file."""
    pieces = _inflated(path, read)
    header, rest = _header(pieces)
    names = _Names(header, population)
    for piece in pieces:
        data = rest + piece
        starts, used = _records(data)
        if starts:
            yield _rows(data, np.array(starts, np.int64), names)
        rest = data[used:]
        _refuse_endless(rest)
    starts, used = _records(rest)
    if starts:
        yield _rows(rest, np.array(starts, np.int64), names)
    if used < len(rest):
        raise ContainerError(ContainerFault.TRUNCATED, path.stat().st_size, "the last record is cut")


def bcf_frequency_name(path: Path, population: str) -> str:
    """What INFO calls the frequency that would be read."""
    return keys_of(_header(_inflated(path, lambda _: None))[0], population).name


def _header(pieces: Iterator[bytes]) -> tuple[list[str], bytes]:
    """The lines of the header and what follows it in the pieces read so far."""
    data = b""
    for piece in pieces:
        data += piece
        _refuse_endless(data)
        if len(data) >= 9 and not is_bcf(data):
            break
        if len(data) >= 9 and len(data) >= (end := 9 + int.from_bytes(data[5:9], "little")):
            return data[9:end].rstrip(b"\0").decode("utf-8", "replace").splitlines(), data[end:]
    raise ContainerError(ContainerFault.CORRUPT, 0, "no BCF header")


def _refuse_endless(rest: bytes) -> None:
    """A length that no record has would have the whole file read into memory."""
    if len(rest) > _LONGEST:
        raise ContainerError(ContainerFault.LINE_TOO_LONG, 0, f"a record of more than {_LONGEST} bytes")


def _records(data: bytes) -> tuple[list[int], int]:
    """Where the whole records begin, and where the first one begins that is not whole."""
    starts: list[int] = []
    at, size = 0, len(data)
    while at + 8 <= size:
        shared, own = _LENGTHS.unpack_from(data, at)
        if at + 8 + shared + own > size:
            break
        if shared < _FIXED:
            raise ContainerError(ContainerFault.CORRUPT, at, "no BCF record")
        starts.append(at)
        at += 8 + shared + own
    return starts, at


def _numbered(header: list[str], kinds: tuple[str, ...]) -> dict[int, str]:
    """Names by their number: the IDX of a line, or its place among the lines of these kinds."""
    found: dict[int, str] = {} if "contig" in kinds else {0: "PASS"}
    seen = set(found.values())
    for line in header:
        kind = line[2 : line.find("=")]
        if kind not in kinds:
            continue
        attributes = dict(_ATTRIBUTE.findall(line[line.find("<") :]))
        name = attributes.get("ID", "")
        if name in seen and "IDX" not in attributes:
            continue
        index = attributes.get("IDX", "")
        found[int(index) if index.isdecimal() and int(index) < _MOST_NAMES else len(seen)] = name
        seen.add(name)
    return found


class _Names:
    """Chromosomes by number, and the numbers of the INFO keys that are read."""

    def __init__(self, header: list[str], population: str) -> None:
        contigs = _numbered(header, ("contig",))
        most = max(contigs, default=-1) + 1
        self.chromosomes = [plain_name(contigs.get(n, "?").encode()) for n in range(most)]
        numbers = {name: number for number, name in _numbered(header, ("INFO", "FILTER", "FORMAT")).items()}
        self.keys = [numbers.get(key, -1) for key in keys_of(header, population).read]


def _rows(data: bytes, starts: Places, names: _Names) -> SiteRows:
    """All records of a piece: the usual ones at once, the others one by one, in the order of the file."""
    text = padded(data)
    usual = _Usual(text, starts, names)
    odd = np.flatnonzero(~usual.good)
    fast = usual.rows(names)
    if not len(odd):
        return fast
    reader = _Odd(names)
    for record in odd.tolist():
        start = int(starts[record])
        shared, _ = _LENGTHS.unpack_from(data, start)
        try:
            reader.add(memoryview(data)[start + 8 : start + 8 + shared], record)
        except (struct.error, IndexError, KeyError, ValueError) as error:
            raise ContainerError(ContainerFault.CORRUPT, start, "no BCF record") from error
    return _merged(fast, np.flatnonzero(usual.good), reader.rows(names), np.array(reader.record, np.int64))


def _merged(first: SiteRows, places: Places, second: SiteRows, others: Places) -> SiteRows:
    """Rows of two kinds, by the number of their record."""
    order = np.argsort(np.concatenate([places, others]), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = place[np.concatenate([first.other_rows, second.other_rows + len(first)])]
    texts = [*first.other_texts, *second.other_texts]
    sorted_rows = np.argsort(rows)

    def joined(name: str) -> Any:
        return np.concatenate([getattr(first, name), getattr(second, name)])[order]

    return SiteRows(
        first.names,
        joined("chromosome"),
        joined("position"),
        joined("code"),
        rows[sorted_rows],
        [texts[n] for n in sorted_rows],
        joined("frequency"),
        joined("rs"),
    )


class _Usual:
    """Records with one ALT and short fields, in NumPy; `good` says which of the records are such."""

    def __init__(self, text: Bytes, starts: Places, names: _Names) -> None:
        self.text = text
        fixed = windows(text, starts + 8, _FIXED)
        self.chromosome = _numbers(fixed, 0, "<i4")
        self.position = _numbers(fixed, 4, "<i4") + 1
        self._infos = _numbers(fixed, 16, "<u2")
        self.good = (_numbers(fixed, 18, "<u2") == 2) & (self.chromosome < len(names.chromosomes))
        self.good &= (self.chromosome >= 0) & (self.position > 0)
        end = starts + 8 + _numbers(windows(text, starts, 4), 0, "<u4")
        at = starts + 8 + _FIXED
        self.id, at = self._field(at)
        self.ref, at = self._field(at)
        self.alt, at = self._field(at)
        _, at = self._field(at)  # FILTER
        self.values = [np.zeros(len(starts), np.int64) for _ in names.keys]
        for number in range(int(self._infos[self.good].max(initial=0))):
            at = self._info(at, self._infos > number, names.keys)
        self.good &= at <= end

    def _field(self, at: Places) -> tuple[tuple[Places, Places], Places]:
        """Where a typed value begins and ends, and what follows; long ones are not usual."""
        kind = self.text[np.minimum(at, len(self.text) - 1)]
        count = kind >> 4
        self.good &= count < 15
        begin = at + 1
        end = begin + count.astype(np.int64) * _BYTES[kind & 15]
        return (begin, end), end

    def _info(self, at: Places, active: NDArray[np.bool_], keys: list[int]) -> Places:
        before = self.good.copy()
        (begin, end), value_at = self._field(at)
        safe = np.minimum(begin, len(self.text) - 4)
        low, high = self.text[safe].astype(np.int64), self.text[safe + 1].astype(np.int64)
        key = np.where(end - begin == 1, low, low | high << 8)
        self.good &= end - begin <= 2
        _, after = self._field(value_at)
        self.good = np.where(active, self.good, before)
        for values, wanted in zip(self.values, keys, strict=True):
            np.copyto(values, value_at, where=active & (key == wanted) & (values == 0))
        return np.where(active, after, at)

    def _value(self, at: Places) -> NDArray[np.float64]:
        """The first number at each place, NaN for none."""
        result = np.full(len(at), np.nan)
        kinds = self.text[at]
        for kind, form in ((1, "<i1"), (2, "<i2"), (3, "<i4"), (5, "<f4")):
            mine = np.flatnonzero((at > 0) & (kinds & 15 == kind) & (kinds >> 4 > 0))
            if len(mine):
                value = windows(self.text, at[mine] + 1, int(_BYTES[kind])).view(form).reshape(-1)
                with np.errstate(invalid="ignore"):  # a missing float is a NaN that signals
                    known = value.astype(np.float64)
                result[mine] = np.where(known == _MISSING.get(kind, np.nan), np.nan, known)
        return result

    def rows(self, names: _Names) -> SiteRows:
        """The usual ones as rows."""
        kept = np.flatnonzero(self.good)
        ref, alt = (each[0][kept] for each in (self.ref, self.alt))
        ref_end, alt_end = (each[1][kept] for each in (self.ref, self.alt))
        code = pair_codes(self.text, ref, alt, alt_end)
        other = np.flatnonzero(code == OTHER)
        cut = zip(*(each[other].tolist() for each in (ref, ref_end, alt, alt_end)), strict=True)
        texts = [self.text[a:b].tobytes() + b"\t" + self.text[c:d].tobytes() for a, b, c, d in cut]
        values = [self._value(each[kept]) for each in self.values]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = values[0] / values[1] if len(values) == 2 else values[0]
            share = np.where((share >= 0) & (share <= 1), share, np.nan)
        return SiteRows(
            names.chromosomes,
            self.chromosome[kept],
            self.position[kept],
            code,
            other,
            texts,
            stored_frequency(share),
            rs_numbers(self.text, self.id[0][kept], self.id[1][kept]),
        )


def _numbers(fields: Bytes, at: int, form: str) -> NDArray[np.int64]:
    size = np.dtype(form).itemsize
    return np.ascontiguousarray(fields[:, at : at + size]).view(form).reshape(-1).astype(np.int64)


class _Odd:
    """Turns other records into rows, one by one; `record` has the number of the record of each row."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self.record: list[int] = []
        self._position: list[int] = []
        self._chromosome: list[int] = []
        self._rs: list[int] = []
        self._pairs: list[bytes] = []
        self._share: list[float] = []

    def add(self, body: memoryview, record: int) -> None:
        """Take in the shared part of a record."""
        chromosome, position, _, _, infos, alleles = struct.unpack_from("<iiifHH", body)
        if not 0 <= chromosome < len(self._names.chromosomes) or position < 0:
            raise ValueError("a place that cannot be")
        at = _FIXED
        identifier, at = _text(body, at)
        texts = []
        for _ in range(alleles):
            text, at = _text(body, at)
            texts.append(text)
        alts = texts[1:] or [b"."]
        for alt, share in zip(alts, self._shares(body, at, infos, len(alts)), strict=True):
            self.record.append(record)
            self._chromosome.append(chromosome)
            self._position.append(position + 1)
            self._rs.append(_rs(identifier))
            self._pairs.append(texts[0] + b"\t" + alt)
            self._share.append(share)

    def _shares(self, body: memoryview, at: int, infos: int, alts: int) -> list[float]:
        _, at = _values(body, at)  # FILTER
        found: dict[int, list[float]] = {}
        for _ in range(infos):
            key, at = _values(body, at)
            value, at = _values(body, at)
            if key[0] in self._names.keys:
                found[key[0]] = list(value)
        listed = [found.get(key, []) for key in self._names.keys]
        values = (listed[0] + [math.nan] * alts)[:alts]
        if len(listed) == 2:
            total = listed[1][0] if listed[1] else 0
            values = [value / total if total > 0 else math.nan for value in values]
        return [value if 0 <= value <= 1 else math.nan for value in values]

    def rows(self, names: _Names) -> SiteRows:
        """All rows."""
        code = pair_texts_codes(self._pairs)
        other = np.flatnonzero(code == OTHER)
        return SiteRows(
            names.chromosomes,
            np.array(self._chromosome, np.int64),
            np.array(self._position, np.int64),
            code,
            other,
            [self._pairs[row] for row in other],
            stored_frequency(np.array(self._share)),
            np.array(self._rs, np.uint32),
        )


def _rs(identifier: bytes) -> int:
    digits = re.match(rb"rs(\d{1,10})(?![^;:,_])", identifier)
    number = int(digits[1]) if digits else 0
    return number if number < 1 << 32 else 0


def _size(body: memoryview, at: int) -> tuple[int, int, int]:
    """Kind and number of what is written at a place, and where it begins."""
    kind, count = body[at] & 15, body[at] >> 4
    at += 1
    if count == 15:
        length, at = _values(body, at)
        count = length[0]
    return kind, count, at


def _text(body: memoryview, at: int) -> tuple[bytes, int]:
    _, count, at = _size(body, at)
    return bytes(body[at : at + count]), at + count


def _values(body: memoryview, at: int) -> tuple[Any, int]:
    kind, count, at = _size(body, at)
    stop = at + count * _SIZES[kind]
    if kind not in _FORMATS:
        return (), stop
    values = struct.unpack_from(f"<{count}{_FORMATS[kind]}", body, at)
    if kind in _MISSING:
        values = tuple(math.nan if value == _MISSING[kind] else value for value in values)
    return values, stop
