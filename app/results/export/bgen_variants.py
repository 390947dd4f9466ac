"""Variants of a BGEN (layout 2, zlib) put together from their parts and taken apart, many at once.

What the extension in C leaves over, because it is longer than the bytes at hand or is no such variant, is
read one by one. Source: https://www.chg.ox.ac.uk/~gav/bgen_format/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.genotypes.texts import Texts
from app.results.export.bgen_blocks import block_size, dosages_of
from app.results.export.kernel import Kernel, packs_rows
from app.results.export.sites import packed_sites, room_of

Sites = tuple[str, NDArray[np.int64], Texts, Texts, Texts]
"""Chromosome, positions, identifiers, REF and ALT."""
_AT_ONCE = 8 << 20
_MOST_ROWS = 4096
_NUMBERS = 28  # bytes of a variant beside its texts and its block
_SHORT, _LONG = struct.Struct("<H"), struct.Struct("<I")
_PLACE, _SIZES = struct.Struct("<IHI"), struct.Struct("<II")
_Dosages = NDArray[np.uint32]


def variants_of_sites(
    sites: Sites, size: int, packed: bytes, lengths: NDArray[np.uint32], kernel: Kernel | None
) -> tuple[bytes, NDArray[np.uint32]]:
    """Variants with their packed blocks of `lengths` bytes, `size` when unpacked; and the bytes of each."""
    if kernel is not None:
        columns = packed_sites(*sites)
        rows = len(lengths)
        out = np.empty(room_of(columns, rows, _NUMBERS, 2) + len(packed), np.uint8)
        made = np.empty(rows, np.uint32)
        used = kernel.variants(*columns, rows, size, packed, np.ascontiguousarray(lengths), out, made)
        return out[:used].tobytes(), made
    chromosome, position, *texts = sites
    ends = np.cumsum(lengths, dtype=np.int64)
    rows_of = zip(
        position.tolist(),
        *(each.raws() for each in texts),
        (ends - lengths).tolist(),
        ends.tolist(),
        strict=True,
    )
    where = chromosome.encode()
    variants = [
        _variant(where, place, name, ref, alt, size, packed[start:stop])
        for place, name, ref, alt, start, stop in rows_of
    ]
    return b"".join(variants), np.array([len(each) for each in variants], np.uint32)


def _variant(
    where: bytes, position: int, name: bytes, ref: bytes, alt: bytes, size: int, packed: bytes
) -> bytes:
    told = _SHORT.pack(len(name)) + name
    place = _PLACE.pack(position, 2, len(ref)) + ref + _LONG.pack(len(alt)) + alt
    return b"".join(
        (told, told, _SHORT.pack(len(where)), where, place, _SIZES.pack(len(packed) + 4, size), packed)
    )


def variants_of(
    path: Path, stream: ByteStream, samples: int, count: int, phased: bool, kernel: Kernel | None
) -> Iterator[tuple[bytes, _Dosages]]:
    """All variants after the start, some at once: lines as of `site_lines`, dosages as of `expected`.

    FormatError where one cannot be read.
    """
    most = max(1, min(_MOST_ROWS, _AT_ONCE // max(1, 4 * samples)))
    quick = kernel if kernel is not None and packs_rows() else None
    done = 0
    while done < count:
        some = min(most, count - done)
        rows = _quickly(stream, samples, some, phased, quick) if quick is not None else None
        if rows is None:
            rows = _one(path, stream, samples, phased, kernel, done)
        done += len(rows[1])
        yield rows


def _quickly(
    stream: ByteStream, samples: int, rows: int, phased: bool, kernel: Kernel
) -> tuple[bytes, _Dosages] | None:
    """What is whole in the bytes at hand; None when that is nothing."""
    stream.need(block_size(samples))
    dosage = np.empty((rows, samples), np.uint32)
    lines = np.empty(len(stream.buffer) - stream.at + 32 * rows, np.uint8)
    read, stream.at, used = kernel.unvariants(stream.buffer, stream.at, samples, phased, rows, lines, dosage)
    return (lines[:used].tobytes(), dosage[:read]) if read else None


def _one(
    path: Path, stream: ByteStream, samples: int, phased: bool, kernel: Kernel | None, number: int
) -> tuple[bytes, _Dosages]:
    size = block_size(samples)
    try:
        site, packed = _next(stream, size)
        dosage = dosages_of(bytes(deflate.zlib_decompress(packed, size)), samples, phased, kernel)
    except (deflate.DeflateError, ValueError, struct.error, FormatError) as error:
        raise broken(path, "a record cannot be read", f"record {number + 1:,}") from error
    if dosage is None:
        raise broken(path, "a record cannot be read", f"record {number + 1:,}")
    return site, dosage[None, :]


def _next(stream: ByteStream, size: int) -> tuple[bytes, bytes]:
    """The line of a variant and its packed block."""
    stream.take(*_SHORT.unpack(stream.take(2)))
    name = stream.take(*_SHORT.unpack(stream.take(2)))
    chromosome = stream.take(*_SHORT.unpack(stream.take(2)))
    position, alleles, length = _PLACE.unpack(stream.take(_PLACE.size))
    ref = stream.take(length)
    alt = stream.take(*_LONG.unpack(stream.take(4)))
    packed, said = _SIZES.unpack(stream.take(_SIZES.size))
    if alleles != 2 or said != size or packed <= 4:
        raise ValueError("its numbers are of another kind")
    return b"%b\t%d\t%b\t%b\t%b\n" % (chromosome, position, name, ref, alt), stream.take(packed - 4)


def broken(path: Path, why: str, place: str) -> FormatError:
    """The error of a file that is not what was written."""
    return FormatError("export.read_back", str(path), f"The file cannot be read back: {why}", place)
