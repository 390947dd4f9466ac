"""The tabix index (.tbi) of a VCF in BGZF that holds one chromosome, without a program.

Source of the format: the tabix specification (samtools/hts-specs).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from app.genotypes.bgzf import BgzfWriter, block_length, inflate_block

_VCF, _WINDOW = 2, 14
_COUNTS_BIN = 37450  # holds no records but their span and number


def write_index(vcf: Path) -> Path:
    """Write `<vcf>.tbi`; the file must be BGZF and sorted, with one chromosome."""
    return write_counted_index(vcf)[0]


def write_counted_index(vcf: Path) -> tuple[Path, int]:
    """Write `<vcf>.tbi` and say how many whole records the file has."""
    bins: dict[int, list[list[int]]] = {}
    linear: list[int] = []
    name, records, begin, stop = b"", 0, 0, 0
    for start, stop, line in record_lines(vcf):
        chromosome, position, _, ref, _ = line.split(b"\t", 4)
        name, records, begin = chromosome, records + 1, begin or start
        first = int(position) - 1
        last = first + len(ref)
        _add(bins.setdefault(_bin(first, last), []), start, stop)
        while len(linear) <= (last - 1) >> _WINDOW:
            linear.append(start)
    bins[_COUNTS_BIN] = [[begin, stop], [records, 0]]
    path = vcf.with_name(vcf.name + ".tbi")
    with BgzfWriter(path) as out:
        out.write(_packed(name, bins, linear))
    return path, records


def _add(chunks: list[list[int]], start: int, stop: int) -> None:
    if chunks and chunks[-1][1] == start:
        chunks[-1][1] = stop
    else:
        chunks.append([start, stop])


def _packed(name: bytes, bins: dict[int, list[list[int]]], linear: list[int]) -> bytes:
    names = name + b"\0"
    parts = [b"TBI\1", struct.pack("<8i", 1, _VCF, 1, 2, 0, ord("#"), 0, len(names)), names]
    parts.append(struct.pack("<i", len(bins)))
    for number in sorted(bins):
        parts.append(struct.pack("<Ii", number, len(bins[number])))
        parts += [struct.pack("<2Q", *chunk) for chunk in bins[number]]
    parts.append(struct.pack("<i", len(linear)) + b"".join(struct.pack("<Q", at) for at in linear))
    return b"".join(parts)


def _bin(first: int, stop: int) -> int:
    """The smallest bin that holds [first, stop), by the scheme of UCSC."""
    last = stop - 1
    for shift, offset in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if first >> shift == last >> shift:
            return offset + (first >> shift)
    return 0


def record_lines(vcf: Path) -> Iterator[tuple[int, int, bytes]]:
    """(virtual offset of the start, of the end, the line) of each record."""
    carry, start = b"", 0
    for offset, length, text in _blocks(vcf):
        at = 0
        while (end := text.find(b"\n", at)) >= 0:
            stop = (offset << 16 | end + 1) if end + 1 < len(text) else (offset + length) << 16
            line = carry + text[at:end]
            if line and not line.startswith(b"#"):
                yield start, stop, line
            carry, start, at = b"", stop, end + 1
        carry += text[at:]


def _blocks(vcf: Path) -> Iterator[tuple[int, int, bytes]]:
    """(offset in the file, packed length, text) of each block."""
    with vcf.open("rb") as file:
        offset = 0
        while head := file.read(18):
            length = block_length(memoryview(head), 0, offset)
            block = head + file.read(length - len(head))
            text = bytes(inflate_block(memoryview(block), offset))
            if text:
                yield offset, length, text
            offset += length
