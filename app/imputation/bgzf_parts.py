"""Cuts and joins BGZF text files by copying packed blocks: only the blocks at the ends are packed anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from app.genotypes.bgzf import EOF_MARKER, block_length, inflate_block, pack_block

_LEVEL = 4
_COPY = 1 << 20
_PAYLOAD = 0xFF00


def write_parts(path: Path, header: bytes, ranges: Sequence[tuple[Path, int, int | None]]) -> None:
    """Write a header and, behind it, ranges of other BGZF files: (file, from, to) by virtual offsets.

    `to` None: up to the end. `<path>.part` gets its name when all is on disk. OSError.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            for at in range(0, len(header), _PAYLOAD):
                out.write(pack_block(header[at : at + _PAYLOAD], _LEVEL))
            for source, begin, end in ranges:
                with source.open("rb") as file:
                    _copy(file, out, begin, end if end is not None else _end(file))
            out.write(EOF_MARKER)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def header_and_body(path: Path) -> tuple[bytes, int]:
    """The header lines (those with a `#`) of a BGZF file, and the virtual offset of what follows."""
    header = b""
    for offset, length, text in _blocks(path):
        before = len(header)
        header += text
        at = _records(header)
        if at is not None:
            inside = at - before
            return header[:at], (offset << 16 | inside) if inside < len(text) else (offset + length) << 16
    return header, os.path.getsize(path) << 16


def _records(text: bytes) -> int | None:
    """Where the first whole line without `#` begins; None when only header lines are there so far."""
    at = 0
    while at < len(text):
        if text[at : at + 1] != b"#":
            return at
        end = text.find(b"\n", at)
        if end < 0:
            return None
        at = end + 1
    return None


def _blocks(path: Path) -> Iterator[tuple[int, int, bytes]]:
    with path.open("rb") as file:
        offset = 0
        while head := file.read(18):
            length = block_length(memoryview(head), 0, offset)
            yield offset, length, bytes(inflate_block(memoryview(head + file.read(length - 18)), offset))
            offset += length


def _end(file: BinaryIO) -> int:
    """The virtual offset of the end marker, or of the end where there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - len(EOF_MARKER)))
    return (size - len(EOF_MARKER) if file.read() == EOF_MARKER else size) << 16


def _copy(file: BinaryIO, out: BinaryIO, begin: int, end: int) -> None:
    start, stop = begin >> 16, end >> 16
    if start == stop:
        _repack(out, _text(file, start)[begin & 0xFFFF : end & 0xFFFF] if end & 0xFFFF else b"")
        return
    if begin & 0xFFFF:
        _repack(out, _text(file, start)[begin & 0xFFFF :])
        start = file.tell()
    file.seek(start)
    left = stop - start
    while left > 0 and (piece := file.read(min(left, _COPY))):
        out.write(piece)
        left -= len(piece)
    if end & 0xFFFF:
        _repack(out, _text(file, stop)[: end & 0xFFFF])


def _text(file: BinaryIO, offset: int) -> bytes:
    """The text of the block at an offset; leaves the file behind it."""
    file.seek(offset)
    head = file.read(18)
    length = block_length(memoryview(head), 0, offset)
    return bytes(inflate_block(memoryview(head + file.read(length - 18)), offset))


def _repack(out: BinaryIO, text: bytes) -> None:
    if text:
        out.write(pack_block(text, _LEVEL))
