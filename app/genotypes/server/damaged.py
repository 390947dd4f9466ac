"""What `tabix -p vcf` (htslib 1.16) reads of a file that cannot be unpacked to its end.

Told by trials: at a bad block the text that is left over from the block before counts as a line, and reading
goes on behind the block; only a bad block right behind a line end stops the program. So most files that were
cut within a block pass the index, and the server's own reading stops at them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.genotypes.bgzf import EOF_MARKER
from app.genotypes.server.stops import ServerStop

_HEADER = 18
_TRAILER = struct.Struct("<II")


def has_damaged_end(path: Path) -> bool:
    """Whether the empty block at the end is not as it must be: readers of text do not look into it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(EOF_MARKER)))
        end = file.read()
    return end != EOF_MARKER and end[:_HEADER] == EOF_MARKER[:_HEADER]


def lines_of_damaged(path: Path) -> Iterator[bytes]:
    """The lines of a damaged BGZF file as tabix meets them; ServerStop where it gives up."""
    rest = b""
    with path.open("rb") as file:
        while (block := _next_block(file)) != b"":
            if block is None:
                if not rest:
                    raise ServerStop("[E::bgzf_read_block] the file is cut or damaged")
                yield rest
                rest = b""
                continue
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
    if rest:
        yield rest


def _next_block(file: BinaryIO) -> bytes | None:
    """The text of the next block that is not empty; None at a bad one, nothing at the end."""
    while True:
        header = file.read(_HEADER)
        if not header:
            return b""
        if _is_gzip(header):
            return _members(header + file.read())
        size = _size(header)
        packed = file.read(size - _HEADER) if size else b""
        if not size or len(packed) < size - _HEADER:
            return None
        text = _inflated(packed)
        if text is None or text:
            return text


def _is_gzip(header: bytes) -> bool:
    """Whether a member of gzip that is no BGZF block begins: all that follows is read as gzip."""
    return len(header) == _HEADER and header[:3] == b"\x1f\x8b\x08" and not _is_block(header)


def _is_block(header: bytes) -> bool:
    return bool(header[3] & 4) and header[10:16] == b"\x06\x00BC\x02\x00"


def _members(packed: bytes) -> bytes:
    """The text of all members of gzip; ServerStop at a fault, where the program cannot go on either."""
    parts = []
    while packed:
        stream = zlib.decompressobj(31)
        try:
            parts.append(stream.decompress(packed))
        except zlib.error as error:
            raise ServerStop("[E::inflate_gzip_block] inflate failed") from error
        if not stream.eof:
            raise ServerStop("[E::inflate_gzip_block] Gzip file truncated")
        packed = stream.unused_data
    return b"".join(parts)


def _size(header: bytes) -> int:
    """How long a block is, by its header; 0 when it is none."""
    if len(header) < _HEADER or header[:3] != b"\x1f\x8b\x08":
        return 0
    size = int.from_bytes(header[16:18], "little") + 1
    return size if size >= _HEADER + _TRAILER.size else 0


def _inflated(packed: bytes) -> bytes | None:
    """The text of a block, None when it is damaged; the length at its end is not looked at."""
    stream = zlib.decompressobj(-15)
    try:
        text = stream.decompress(packed[: -_TRAILER.size], (1 << 16) + 1)
    except zlib.error:
        return None
    whole = stream.eof and len(text) <= 1 << 16
    return text if whole and zlib.crc32(text) == _TRAILER.unpack(packed[-_TRAILER.size :])[0] else None
