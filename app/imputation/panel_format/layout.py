"""Where what lies in a packed panel: a head, blocks of sites, an index, and a tail of fixed length.

All numbers are little-endian. Head: `_HEAD`, the name of the chromosome, and which people are haploid. Block:
its site columns (site_columns.py) and its alleles (codec.py). Index: seven columns of numbers with a row for
each block, and the number of sites in each megabase. Each piece has its CRC-32; those of blocks are in the
index, so that of the index stands for the whole file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import deflate
import numpy as np
from numpy.typing import NDArray

from app.imputation.panel_format.codec import MOST_HAPLOTYPES, MOST_SITES, Rules
from app.imputation.panel_format.numbers import BadBlock, Numbers, Unpacker, pack_bytes, pack_numbers

VERSION = 1
MAGIC, END = b"\x8bHPANEL\n", b"HPANEND\n"
# magic, version, bytes of the name, of the haploid ones, people, haplotypes, the two rules; CRC of all of it
_HEAD = struct.Struct("<8sHHIIIIII")
_TAIL = struct.Struct("<QIIQI8s")  # place and bytes of the index, blocks, sites, CRC of index and these; END
HEAD_BYTES, TAIL_BYTES = _HEAD.size, _TAIL.size
_MOST_INDEX = 64 << 20
_MOST_MEGABASES = (1 << 32) // 1_000_000 + 1  # positions have 32 bits


class NewerVersion(Exception):
    """The file is of a later version of the format; the only argument is its number."""


@dataclass(frozen=True, eq=False)
class Head:
    """What is the same for the whole file. `ploidy` uint8 [people] of 1 and 2."""

    contig: str
    ploidy: NDArray[np.uint8]
    rules: Rules = Rules()

    @property
    def haplotypes(self) -> int:
        """How many there are, K."""
        return int(self.ploidy.sum())


class Row(NamedTuple):
    """What the index says of a block: bytes and CRC of its two pieces, sites, first and last position."""

    site_bytes: int
    allele_bytes: int
    site_crc: int
    allele_crc: int
    sites: int
    first: int
    last: int


def head_bytes(head: Head) -> bytes:
    """The beginning of a file."""
    name = head.contig.encode()
    haploid = head.ploidy == 1
    packed = pack_bytes(np.packbits(haploid, bitorder="little").tobytes()) if haploid.any() else b""
    counts = len(name), len(packed), len(head.ploidy), head.haplotypes
    fixed = _HEAD.pack(MAGIC, VERSION, *counts, *head.rules, 0)[:-4]
    crc = deflate.crc32(fixed + name + packed)
    return fixed + struct.pack("<I", crc) + name + packed


def read_head(data: memoryview) -> tuple[Head, int]:
    """The head of a file and its length; BadBlock, NewerVersion."""
    if len(data) < HEAD_BYTES + TAIL_BYTES or bytes(data[:8]) != MAGIC:
        raise BadBlock("no packed panel")
    _, version, name, packed, people, size, *rules, crc = _HEAD.unpack(data[:HEAD_BYTES])
    if version > VERSION:
        raise NewerVersion(version)
    rest = data[HEAD_BYTES : HEAD_BYTES + name + packed]
    if version < 1 or deflate.crc32(bytes(data[: HEAD_BYTES - 4]) + bytes(rest)) != crc:
        raise BadBlock("a damaged head")
    if not 0 < size <= MOST_HAPLOTYPES or not size / 2 <= people <= size:
        raise BadBlock(f"{size} haplotypes of {people} people")
    ploidy = np.full(people, 2, dtype=np.uint8)
    if packed:
        block = Unpacker(rest[name:], (people + 7) // 8)
        bits = np.frombuffer(block.bytes(), dtype=np.uint8)
        block.end()
        if len(bits) != (people + 7) // 8:
            raise BadBlock("a damaged head")
        ploidy -= np.unpackbits(bits, bitorder="little", count=people)
    head = Head(bytes(rest[:name]).decode("utf-8", "replace"), ploidy, Rules(*rules))
    if head.haplotypes != size or not head.contig.isprintable():
        raise BadBlock("a damaged head")
    return head, HEAD_BYTES + name + packed


def index_bytes(rows: list[Row], per_mb: Numbers, place: int) -> bytes:
    """The end of a file, which begins at `place`."""
    columns = np.array(rows, dtype=np.uint32).reshape(len(rows), len(Row._fields)).T
    index = b"".join(map(pack_numbers, [*columns, per_mb]))
    fixed = _TAIL.pack(place, len(index), len(rows), sum(row.sites for row in rows), 0, END)[:-12]
    crc = deflate.crc32(index + fixed)
    return index + fixed + struct.pack("<I", crc) + END


def read_index(data: memoryview, begin: int) -> tuple[list[Row], Numbers]:
    """The rows of the index and the sites of each megabase; the blocks begin at `begin`. BadBlock."""
    tail = data[-TAIL_BYTES:]
    place, length, blocks, sites, crc, end = _TAIL.unpack(tail)
    if end != END:
        raise BadBlock("no end")
    if place < begin or place + length + TAIL_BYTES != len(data):
        raise BadBlock("an index at a place that cannot be")
    index = data[place : place + length]
    if deflate.crc32(bytes(index) + bytes(tail[:-12])) != crc:
        raise BadBlock("a damaged index")
    if blocks > place - begin:  # each takes a byte at least, so what is made here is no larger than the file
        raise BadBlock("more blocks than bytes")
    block = Unpacker(index, _MOST_INDEX)
    columns = [block.numbers(blocks) for _ in Row._fields]
    per_mb = block.numbers(_MOST_MEGABASES)
    block.end()
    if any(len(column) != blocks for column in columns):
        raise BadBlock("columns of different lengths")
    rows = [Row(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    _refuse_odd(rows, place - begin, sites)
    return rows, per_mb


def _refuse_odd(rows: list[Row], length: int, sites: int) -> None:
    last = 0
    for row in rows:
        if not 0 < row.sites <= MOST_SITES or not last <= row.first <= row.last:
            raise BadBlock("a block that cannot be")
        last = row.last
    if (
        sum(row.site_bytes + row.allele_bytes for row in rows) != length
        or sum(r.sites for r in rows) != sites
    ):
        raise BadBlock("blocks that do not add up")
