"""The records of a BCF as lines of a VCF with nothing but genotypes, one after another.

Source: the VCF specification, section 6 (BCF 2.1 and 2.2).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import ContainerError, ContainerFault
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.imputation.panel_format.bcf_values import INTS, SIZES, Values

_MOST_HEADER, _MOST_RECORD = 1 << 28, 1 << 30
_FIXED = struct.Struct("<iiifHHI")
_ID = re.compile(rb"[<,]ID=([^,>]+)")
_IDX = re.compile(rb"[<,]IDX=(\d{1,9})")
_MOST_DIGIT = 2 * (9 + 1) + 1  # the byte of allele 9, phased


def bcf_lines(path: Path, told: Callable[[int], None]) -> Iterator[bytes]:
    """The file as lines of a VCF, header first; `told` gets the bytes read. ContainerError, OSError."""
    try:
        with ByteStream(path) as stream:
            yield from _lines(stream, told)
    except FormatError as error:
        cut = error.code == "container.truncated"
        fault = ContainerFault.TRUNCATED if cut else ContainerFault.CORRUPT
        raise ContainerError(fault, 0, f"{error.title} {error.place}") from error
    except (struct.error, IndexError, ValueError, KeyError) as error:
        raise ContainerError(ContainerFault.CORRUPT, 0, f"{type(error).__name__}: {error}") from error


def _lines(stream: ByteStream, told: Callable[[int], None]) -> Iterator[bytes]:
    header = _header(stream)
    yield from header
    contigs, gt = _dictionary(header)
    people = max(0, header[-1].count(b"\t") - 8)
    number = 0
    while stream.need(1):
        shared, own = struct.unpack("<II", stream.take(8))
        if shared + own > _MOST_RECORD:
            raise ValueError("a record is too long")
        yield _record(stream.take(shared), stream.take(own), contigs, gt, people)
        number += 1
        if number % 256 == 0:
            told(stream.done)
    told(stream.done)


def _header(stream: ByteStream) -> list[bytes]:
    magic, length = stream.take(5), struct.unpack("<I", stream.take(4))[0]
    if magic[:4] != b"BCF\x02" or length > _MOST_HEADER:
        raise ValueError("no BCF of version 2")
    return stream.take(length).rstrip(b"\0\r\n").split(b"\n")


def _dictionary(header: list[bytes]) -> tuple[dict[int, bytes], int]:
    """The names of contigs by their numbers, and the number of GT."""
    contigs: dict[int, bytes] = {}
    words = {b"PASS": 0}
    for line in header:
        name, given = _ID.search(line), _IDX.search(line)
        if name is None:
            continue
        if line.startswith(b"##contig"):
            contigs[int(given[1]) if given else len(contigs)] = name[1]
        elif line.startswith((b"##FILTER", b"##INFO", b"##FORMAT")) and name[1] not in words:
            words[name[1]] = int(given[1]) if given else max(words.values()) + 1
    return contigs, words.get(b"GT", -1)


def _record(shared: bytes, own: bytes, contigs: dict[int, bytes], gt: int, people: int) -> bytes:
    contig, position, _, _, _, alleles, counts = _FIXED.unpack_from(shared)
    if counts & 0xFFFFFF != people:
        raise ValueError("another number of samples")
    values = Values(shared, _FIXED.size)
    name = values.text() or b"."
    words = [values.text() for _ in range(alleles)]
    head = [contigs[contig], str(position + 1).encode(), name, words[0], b",".join(words[1:]) or b"."]
    cells = _cells(own, counts >> 24, gt, people)
    form = [b"GT", cells] if cells is not None else [b".", b"\t".join([b"."] * people)]
    return b"\t".join([*head, b".", b"PASS", b".", *form])


def _cells(own: bytes, fields: int, gt: int, people: int) -> bytes | None:
    """The genotypes as text; None where there are none."""
    if own[:3] == bytes([0x11, gt & 0xFF, 0x21]) and len(own) >= 3 + 2 * people:  # the first field, as usual
        text: bytes = _words()[np.frombuffer(own, "<u2", people, 3)].tobytes()
        if b"\0" not in text:
            return text[:-1]
    values = Values(own)
    for _ in range(fields):
        key = values.number()
        kind, length = values.kind()
        data = values.take(SIZES[kind] * length * people)
        if key == gt and kind in INTS and length:
            return _any_cells(np.frombuffer(data, INTS[kind]).reshape(people, length))
    return None


@cache
def _words() -> NDArray[np.uint32]:
    """For each two bytes the cell of four bytes with a tab behind; 0 where it is longer or shorter."""
    table = np.zeros(1 << 16, dtype="<u4")
    for first in range(_MOST_DIGIT + 1):
        for second in range(_MOST_DIGIT + 1):
            cell = _cell([first, second], -128) + b"\t"
            if len(cell) == 4:
                table[first | second << 8] = int.from_bytes(cell, "little")
    return table


def _any_cells(values: NDArray[np.signedinteger[Any]]) -> bytes:
    least = int(np.iinfo(values.dtype).min)
    return b"\t".join([_cell(row, least) for row in values.tolist()])


def _cell(row: list[int], least: int) -> bytes:
    """A genotype; `least` stands for a missing value, the next for the end of a shorter one."""
    text = b""
    for place, value in enumerate(row):
        if value == least + 1:
            break
        bar = (b"|" if value & 1 else b"/") if place else b""
        allele = (value >> 1) - 1 if value != least else -1
        text += bar + (b"." if allele < 0 else b"%d" % allele)
    return text or b"."
