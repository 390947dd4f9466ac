"""Reads panels that are packed for one engine back into lines of a VCF: MSAV of Minimac4, bref3 of Beagle.

MSAV is SAV 2 (Zstandard around records like those of BCF) with the subformat MVCF 3: a record `<BLOCK>` says
for each haplotype which of the block's distinct haplotypes it is (UHM); each variant behind it has the
alleles of these (UHA). bref3 has blocks of records in big-endian; a record has the allele of each distinct
sequence of the block, or the carriers of each allele but the commonest. Both were learned from files that the
programs wrote, and are tested against these.
"""

from __future__ import annotations

import io
import itertools
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import ContainerError, ContainerFault
from app.imputation.panel_format.bcf_values import Values

_BLOCK = b"<BLOCK>"
_BREF3 = 2055763188
_INDEX, _TAIL = b"s1r\x00", 16
_LETTERS = [b"".join(each) for each in itertools.permutations((b"A", b"C", b"G", b"T"))]
_ABSENT = -2
_MOST_RECORD = 1 << 30  # bytes; a file made by hand may claim more than any memory has


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes, fewer only at the end."""
        ...


def is_packed(path: Path) -> bool:
    """Whether a file is told by its name to be such a panel."""
    return path.name.lower().endswith((".msav", ".bref3"))


def packed_lines(path: Path, told: Callable[[int], None]) -> Iterator[bytes]:
    """The panel as lines of a VCF, header first; `told` gets the bytes read. ContainerError, OSError."""
    with path.open("rb") as file:
        try:
            lines = _msav_lines(file) if path.name.lower().endswith(".msav") else _bref3_lines(file)
            for number, line in enumerate(lines):
                yield line
                if number % 256 == 0:
                    told(file.tell())
            told(file.tell())
        except (struct.error, IndexError, ValueError, UnicodeDecodeError, KeyError) as error:
            raise ContainerError(ContainerFault.CORRUPT, 0, f"{type(error).__name__}: {error}") from error


def _row(contig: bytes, position: int, name: bytes, alleles: list[bytes], cells: bytes) -> bytes:
    fixed = [contig, str(position).encode(), name or b".", alleles[0], b",".join(alleles[1:]) or b"."]
    return b"\t".join([*fixed, b".", b"PASS", b".", b"GT", cells])


def _cells(found: NDArray[np.signedinteger[Any]], row: NDArray[np.uint8]) -> bytes:
    """The genotypes as text; `found` are the numbers of the alleles, two a person, -2 where there is one.

    `row` is `0|0` for everybody with tabs between; it is used where every allele is a single digit.
    """
    if len(found) and (found.min() < 0 or found.max() > 9):
        pairs = zip(found[0::2].tolist(), found[1::2].tolist(), strict=True)
        return b"\t".join([b"%d" % a if b == _ABSENT else b"%d|%d" % (a, b) for a, b in pairs])
    row[0::2] = found + 48
    return row[:-1].tobytes()


def _everybody(people: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"0|0\t" * people, dtype=np.uint8).copy()


def _head(contigs: list[bytes], samples: list[bytes]) -> Iterator[bytes]:
    yield b"##fileformat=VCFv4.2"
    yield from (b"##contig=<ID=" + contig + b">" for contig in contigs)
    columns = [b"#CHROM", b"POS", b"ID", b"REF", b"ALT", b"QUAL", b"FILTER", b"INFO", b"FORMAT"]
    yield b"\t".join([*columns, *samples])


def _msav_lines(file: BinaryIO) -> Iterator[bytes]:
    """The index stands at the end; a cut file without it would look as if it had fewer sites."""
    import zstandard

    file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
    if _INDEX not in file.read():
        raise ContainerError(ContainerFault.TRUNCATED, 0, "no index at its end")
    file.seek(0)
    try:
        with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False) as raw:
            yield from _msav_records(io.BufferedReader(raw, 1 << 20))
    except zstandard.ZstdError as error:
        raise ContainerError(ContainerFault.CORRUPT, 0, str(error)) from error


def _msav_records(stream: Readable) -> Iterator[bytes]:
    magic, size = struct.unpack("<5sI", _exactly(stream, 9))
    if magic != b"SAV\x02\x00" or size > _MOST_RECORD:
        raise ValueError("no SAV 2")
    header = _exactly(stream, size).rstrip(b"\0").decode().splitlines()
    if not any("MVCF" in line for line in header[:1]):
        raise ValueError("no panel of Minimac4")
    keys = _keys(header)
    contigs = [
        line.split("ID=")[1].split(",")[0].rstrip(">").encode() for line in header if "##contig" in line
    ]
    samples = [name.encode() for name in header[-1].split("\t")[9:]]
    yield from _head(contigs, samples)
    which = np.zeros(0, dtype=np.int64)
    absent: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
    row = _everybody(len(samples))
    while head := stream.read(8):
        shared_size, own_size = struct.unpack("<II", head)
        if shared_size + own_size > _MOST_RECORD:
            raise ValueError("a record is too long")
        shared, own = _exactly(stream, shared_size), _exactly(stream, own_size)
        chromosome, position, alleles, name, unique = _msav_site(shared, keys)
        if alleles[-1] == _BLOCK:
            values = Values(own)
            values.number()
            which = values.numbers().astype(np.intp)
            absent = np.flatnonzero(which < 0)
            which[absent] = 0
        else:
            found = unique[which]
            found[absent] = _ABSENT
            yield _row(contigs[chromosome], position, name, alleles, _cells(found, row))


def _keys(header: list[str]) -> list[str]:
    """The names of fields in the order of their numbers; PASS is the first."""
    lines = [line for line in header if line.startswith(("##FILTER", "##INFO", "##FORMAT"))]
    return list(dict.fromkeys(["PASS", *map(_id_of, lines)]))


def _id_of(line: str) -> str:
    return line.split("ID=")[1].split(",")[0].rstrip(">")


def _msav_site(
    shared: bytes, keys: list[str]
) -> tuple[int, int, list[bytes], bytes, NDArray[np.signedinteger[Any]]]:
    """Chromosome, position, alleles, id, and the alleles of the block's distinct haplotypes."""
    chromosome, position, _, _, counts, _ = struct.unpack_from("<iiifII", shared)
    values = Values(shared, 24)
    name = values.text()
    alleles = [values.text() for _ in range(counts >> 16)]
    values.skip()
    unique: NDArray[np.signedinteger[Any]] = np.zeros(0, dtype=np.int8)
    for _ in range(counts & 0xFFFF):
        if keys[values.number()] == "UHA":
            unique = values.numbers()
        else:
            values.skip()
    return chromosome, position + 1, alleles, name, unique


def _exactly(stream: Readable, size: int) -> bytes:
    found = stream.read(size)
    if len(found) != size:
        raise ContainerError(ContainerFault.TRUNCATED, 0, f"{len(found)} of {size} bytes")
    return found


class _Java:
    """Big-endian values as Java writes them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def number(self, form: str) -> int:
        return int(struct.unpack(">" + form, _exactly(self.file, struct.calcsize(form)))[0])

    def text(self) -> bytes:
        return _exactly(self.file, self.number("H"))

    def array(self, form: str, length: int) -> NDArray[np.int64]:
        kind = np.dtype(form)
        return np.frombuffer(_exactly(self.file, kind.itemsize * length), kind).astype(np.int64)


def _bref3_lines(file: BinaryIO) -> Iterator[bytes]:
    java = _Java(file)
    if java.number("i") != _BREF3:
        raise ValueError("no bref3")
    java.text()
    samples = [java.text() for _ in range(java.number("i"))]
    yield from _head([], samples)
    row = _everybody(len(samples))
    while records := java.number("i"):
        contig, sequences = java.text(), java.number("H")
        which = java.array(">u2", 2 * len(samples))
        for _ in range(records):
            yield _bref3_row(java, contig, sequences, which, row)


def _bref3_row(
    java: _Java, contig: bytes, sequences: int, which: NDArray[np.int64], row: NDArray[np.uint8]
) -> bytes:
    position = java.number("i")
    names = [java.text() for _ in range(java.number("B"))]
    code = java.number("b")
    if code < 0:
        alleles = [java.text() for _ in range(java.number("i"))]
        java.number("i")
    else:
        letters = _LETTERS[code >> 2]
        alleles = [letters[at : at + 1] for at in range((code & 3) + 1)]
    if java.number("b") == 0:
        haplotypes = java.array(">u1", sequences)[which]
    else:
        haplotypes = _carried(java, len(alleles), len(which))
    return _row(contig, position, b";".join(names), alleles, _cells(haplotypes, row))


def _carried(java: _Java, alleles: int, haplotypes: int) -> NDArray[np.int64]:
    """The allele of each haplotype, from the carriers of all alleles but the commonest."""
    found = np.full(haplotypes, -1, dtype=np.int64)
    commonest = 0
    for allele in range(alleles):
        carriers = java.number("i")
        if carriers < 0:
            commonest = allele
        else:
            if carriers > haplotypes:
                raise ValueError("more carriers than haplotypes")
            some = java.array(">i4", carriers)
            if (some < 0).any():
                raise ValueError("a haplotype before the first")
            found[some] = allele
    return np.where(found < 0, commonest, found)
