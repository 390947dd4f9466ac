"""What a tabix index says about its file, enough to see whether it belongs to it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.genotypes.bgzf import ContainerError, open_text_blocks

_PSEUDO_BIN = 37450
_LARGEST = 64 << 20  # bytes, packed and unpacked: a true index of a chromosome has a few million


@dataclass(frozen=True)
class IndexSummary:
    """Chromosome names, the last packed offset, and the number of records where the index tells it."""

    names: tuple[str, ...]
    last_offset: int
    records: int | None


def read_index(path: Path) -> IndexSummary | None:
    """Read a .tbi (format: the tabix specification); None when it cannot be read as one."""
    try:
        with open_text_blocks(path) as blocks:
            data = _unpacked(blocks) if blocks.size < _LARGEST else b""
        return _parse(data) if data[:4] == b"TBI\x01" else None
    except (OSError, ContainerError, struct.error, IndexError, UnicodeDecodeError):
        return None


def _unpacked(blocks: Iterable[memoryview]) -> bytes:
    """The whole index; empty when it unpacks to more than any true one, so that it is ignored."""
    data = bytearray()
    for piece in blocks:
        data += piece
        if len(data) > _LARGEST:
            return b""
    return bytes(data)


def _parse(data: bytes) -> IndexSummary:
    (count, *_rest, names_length) = struct.unpack_from("<8i", data, 4)
    names = data[36 : 36 + names_length].decode().split("\0")[:count]
    at = 36 + names_length
    last, records = 0, 0
    told = True
    for _ in range(count):
        at, far, inside = _parse_reference(data, at)
        last = max(last, far)
        told &= inside is not None
        records += inside or 0
    return IndexSummary(tuple(names), last >> 16, records if told and count else None)


def _parse_reference(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Where the next reference begins, the last virtual offset, the number of records."""
    (bins,) = struct.unpack_from("<i", data, at)
    at += 4
    last, records = 0, None
    for _ in range(bins):
        number, chunks = struct.unpack_from("<Ii", data, at)
        at += 8
        values = struct.unpack_from(f"<{2 * max(0, chunks)}Q", data, at)
        at += 8 * len(values)
        if number == _PSEUDO_BIN and len(values) >= 4:
            records = values[2] + values[3]
        else:
            last = max([last, *values[1::2]])
    (intervals,) = struct.unpack_from("<i", data, at)
    return at + 4 + 8 * max(0, intervals), last, records
