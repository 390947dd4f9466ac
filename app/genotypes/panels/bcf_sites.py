"""Sites of a BCF, read without any library. Format: VCF/BCF specification, section 6."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.genotypes.bgzf import (
    Compression,
    ContainerError,
    ContainerFault,
    block_length,
    detect_compression,
    inflate_block,
)
from app.genotypes.panels.site_rows import SiteRows, stored_frequency
from app.genotypes.panels.tables import Read, plain_name
from app.genotypes.panels.vcf_sites import Keys, keys_of, pair_texts_codes
from app.genotypes.site_table import OTHER

MAGIC = b"BCF\x02"
_PIECE = 1 << 20
_ROWS_AT_ONCE = 20_000
_SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
_FORMATS = {1: "b", 2: "h", 3: "i", 5: "f"}
_MISSING = {1: -128, 2: -32768, 3: -(1 << 31)}
_ATTRIBUTE = re.compile(r'(\w+)=("[^"]*"|[^,>]*)')


def is_bcf(head: bytes) -> bool:
    """Whether unpacked bytes are the beginning of a BCF."""
    return head.startswith(MAGIC)


class _Stream:
    """The unpacked bytes of a BGZF or plain file, as many at a time as are asked for."""

    def __init__(self, path: Path, read: Read) -> None:
        self.read_so_far = 0
        self._read = read
        self._pieces = self._inflated(path)
        self._buffer = bytearray()
        self._at = 0

    def take(self, size: int) -> memoryview:
        """Exactly so many bytes; empty at the end, ContainerError when the file ends amid them."""
        while len(self._buffer) - self._at < size:
            piece = next(self._pieces, None)
            if piece is None:
                return self._rest()
            self._buffer = self._buffer[self._at :] + piece
            self._at = 0
        self._at += size
        return memoryview(bytes(self._buffer[self._at - size : self._at]))

    def _rest(self) -> memoryview:
        if len(self._buffer) > self._at:
            raise ContainerError(ContainerFault.TRUNCATED, self.read_so_far, "the last record is cut")
        return memoryview(b"")

    def _inflated(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            packed = detect_compression(file.read(18)) is Compression.BGZF
            file.seek(0)
            rest = b""
            while piece := file.read(_PIECE):
                self.read_so_far += len(piece)
                self._read(self.read_so_far)
                if not packed:
                    yield piece
                    continue
                rest += piece
                text, used = _inflate(rest, self.read_so_far - len(rest))
                rest = rest[used:]
                yield text
            if rest:
                raise ContainerError(ContainerFault.TRUNCATED, self.read_so_far, "the last block is cut")


def _inflate(data: bytes, offset: int) -> tuple[bytes, int]:
    view, at, blocks = memoryview(data), 0, bytearray()
    while (size := block_length(view, at, offset + at)) and at + size <= len(data):
        blocks += inflate_block(view[at : at + size], offset + at)
        at += size
    return bytes(blocks), at


def bcf_rows(path: Path, population: str, read: Read) -> Iterator[SiteRows]:
    """The sites of a BCF, in pieces. Raises ContainerError for a damaged file."""
    stream = _Stream(path, read)
    header = _header(stream)
    reader = _Records(header, keys_of(header, population))
    while (sizes := stream.take(8)) and len(sizes) == 8:
        shared, own = struct.unpack("<II", sizes)
        body = stream.take(shared + own)
        try:
            reader.add(body[:shared])
        except (struct.error, IndexError, KeyError, ValueError) as error:
            raise ContainerError(ContainerFault.CORRUPT, stream.read_so_far, "no BCF record") from error
        if len(reader.position) >= _ROWS_AT_ONCE:
            yield reader.rows()
    if reader.position:
        yield reader.rows()


def bcf_frequency_name(path: Path, population: str) -> str:
    """What INFO calls the frequency that would be read."""
    return keys_of(_header(_Stream(path, lambda _: None)), population).name


def _header(stream: _Stream) -> list[str]:
    head = stream.take(9)
    if len(head) < 9 or not is_bcf(bytes(head)):
        raise ContainerError(ContainerFault.CORRUPT, 0, "no BCF header")
    (size,) = struct.unpack("<I", head[5:9])
    return bytes(stream.take(size)).rstrip(b"\0").decode("utf-8", "replace").splitlines()


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
        found[int(attributes.get("IDX", len(seen)))] = name
        seen.add(name)
    return found


class _Records:
    """Turns records into rows, one by one."""

    def __init__(self, header: list[str], keys: Keys) -> None:
        contigs = _numbered(header, ("contig",))
        most = max(contigs, default=-1) + 1
        self._names = [plain_name(contigs.get(n, "?").encode()) for n in range(most)]
        numbers = {name: number for number, name in _numbered(header, ("INFO", "FILTER", "FORMAT")).items()}
        wanted = ("AC", "AN") if keys.counts else (keys.frequency,)
        self._keys = [numbers.get(key, -1) for key in wanted]
        self._begin()

    def _begin(self) -> None:
        self.position: list[int] = []
        self._chromosome: list[int] = []
        self._rs: list[int] = []
        self._pairs: list[bytes] = []
        self._share: list[float] = []

    def add(self, body: memoryview) -> None:
        """Take in the shared part of a record."""
        chromosome, position, _, _, infos, alleles = struct.unpack_from("<iiifHH", body)
        at = 24
        identifier, at = _text(body, at)
        texts = []
        for _ in range(alleles):
            text, at = _text(body, at)
            texts.append(text)
        alts = texts[1:] or [b"."]
        for alt, share in zip(alts, self._shares(body, at, infos, len(alts)), strict=True):
            self._chromosome.append(chromosome)
            self.position.append(position + 1)
            self._rs.append(_rs(identifier))
            self._pairs.append(texts[0] + b"\t" + alt)
            self._share.append(share)

    def _shares(self, body: memoryview, at: int, infos: int, alts: int) -> list[float]:
        _, at = _values(body, at)  # FILTER
        found: dict[int, list[float]] = {}
        for _ in range(infos):
            key, at = _values(body, at)
            value, at = _values(body, at)
            if key[0] in self._keys:
                found[key[0]] = list(value)
        listed = [found.get(key, []) for key in self._keys]
        values = (listed[0] + [math.nan] * alts)[:alts]
        if len(listed) == 2:
            total = listed[1][0] if listed[1] else 0
            values = [value / total if total > 0 else math.nan for value in values]
        return [value if 0 <= value <= 1 else math.nan for value in values]

    def rows(self) -> SiteRows:
        """The rows since the last call."""
        code = pair_texts_codes(self._pairs)
        other = np.flatnonzero(code == OTHER)
        rows = SiteRows(
            self._names,
            np.array(self._chromosome, np.int64),
            np.array(self.position, np.int64),
            code,
            other,
            [self._pairs[row] for row in other],
            stored_frequency(np.array(self._share)),
            np.array(self._rs, np.uint32),
        )
        self._begin()
        return rows


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
