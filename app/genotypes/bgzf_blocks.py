"""The blocks of BGZF one by one: their headers, their text, and what is wrong with them.

A block is a gzip member of at most 64 KiB with its own length in an extra field (SAM specification, 4.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import StrEnum

import deflate

EOF_MARKER = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_HEADER = struct.Struct("<4BIBBH")
_USUAL_HEADER = struct.Struct("<4s6xH4sH")
_FOOTER = struct.Struct("<II")


class Compression(StrEnum):
    """How the bytes of a file are packed, told by its first bytes, never by its name."""

    BGZF = "bgzf"
    GZIP = "gzip"
    PLAIN = "plain"


class ContainerFault(StrEnum):
    """What is wrong with a packed file."""

    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    LINE_TOO_LONG = "line too long"


class ContainerError(Exception):
    """A packed file that cannot be read to its end.

    `offset` is the byte in the packed file where the faulty block or member starts, `path` the file where
    several were read.
    """

    def __init__(self, fault: ContainerFault, offset: int, detail: str) -> None:
        super().__init__(f"{fault} at byte {offset}: {detail}")
        self.fault = fault
        self.offset = offset
        self.detail = detail
        self.path = ""


def detect_compression(head: bytes) -> Compression:
    """The compression by the first bytes of a file (18 are enough)."""
    if head[:3] != b"\x1f\x8b\x08":
        return Compression.PLAIN
    if len(head) >= 18 and head[3] & 4 and head[12:16] == b"BC\x02\x00":
        return Compression.BGZF
    return Compression.GZIP


def block_length(data: memoryview, at: int, offset: int) -> int:
    """Bytes of the BGZF block that starts at `at`, 0 when its header is not complete in `data`.

    `offset` is where the block lies in the file, for the ContainerError raised when it is no block.
    """
    if len(data) - at < 18:
        return 0
    id1, id2, method, flags, _time, _extra, _system, extra_length = _HEADER.unpack_from(data, at)
    if id1 != 31 or id2 != 139 or method != 8 or not flags & 4:
        raise ContainerError(ContainerFault.CORRUPT, offset, "no BGZF block starts here")
    if extra_length == 6 and bytes(data[at + 12 : at + 16]) == b"BC\x02\x00":
        return int.from_bytes(data[at + 16 : at + 18], "little") + 1
    if len(data) - at < 12 + extra_length:
        return 0
    return _length_among_fields(data[at + 12 : at + 12 + extra_length], offset)


def whole_blocks(view: memoryview, at: int, base: int) -> Iterator[tuple[int, bytearray]]:
    """The blocks from `at` on that are whole in a part of a file: where each ends in it, and its text.

    `base` is where the part lies in the file. Raises ContainerError as `inflate_block` does, which this is
    for many blocks, without the calls.
    """
    header, footer = _USUAL_HEADER.unpack_from, _FOOTER.unpack_from
    decompress, checksum = deflate.deflate_decompress, deflate.crc32
    end, most = len(view), 1 << 16
    while end - at >= 18:
        magic, extra_length, field, length = header(view, at)
        usual = magic == b"\x1f\x8b\x08\x04" and extra_length == 6 and field == b"BC\x02\x00" and length > 25
        after = at + (length + 1 if usual else block_length(view, at, base + at))
        if after > end or after == at:
            return
        crc, size = footer(view, after - 8) if usual else (0, most + 1)
        try:
            text = decompress(view[at + 18 : after - 8], size) if size <= most else bytearray()
        except deflate.DeflateError:
            text = bytearray()
        if len(text) != size or checksum(text) != crc:
            text = inflate_block(view[at:after], base + at)
        yield after, text
        at = after


def _length_among_fields(extra: memoryview, offset: int) -> int:
    at = 0
    while at + 4 <= len(extra):
        size = int.from_bytes(extra[at + 2 : at + 4], "little")
        if bytes(extra[at : at + 2]) == b"BC" and size == 2 and at + 6 <= len(extra):
            return int.from_bytes(extra[at + 4 : at + 6], "little") + 1
        at += 4 + size
    raise ContainerError(ContainerFault.CORRUPT, offset, "a gzip member that is no BGZF block")


def inflate_block(block: memoryview, offset: int) -> bytearray:
    """The text of one whole BGZF block, its length and CRC proved; ContainerError otherwise."""
    extra_length = int.from_bytes(block[10:12], "little")
    if len(block) < 20 + extra_length:
        raise ContainerError(ContainerFault.CORRUPT, offset, "the block is shorter than its own header")
    crc, size = _FOOTER.unpack_from(block, len(block) - 8)
    if size > 1 << 16:
        raise ContainerError(ContainerFault.CORRUPT, offset, "the block claims more than 64 KiB")
    try:
        text: bytearray = deflate.deflate_decompress(block[12 + extra_length : -8], size)
    except deflate.DeflateError as error:
        raise ContainerError(ContainerFault.CORRUPT, offset, "the block cannot be inflated") from error
    if len(text) != size or deflate.crc32(text) != crc:
        raise ContainerError(ContainerFault.CORRUPT, offset, "the checksum of the block is wrong")
    return text


def pack_block(payload: bytes | memoryview, level: int) -> bytes:
    """One BGZF block of at most 65,280 bytes of text; `level` 1 (fast) to 12 (small)."""
    body = deflate.deflate_compress(payload, level)
    head = EOF_MARKER[:16] + struct.pack("<H", len(body) + 25)
    return head + bytes(body) + _FOOTER.pack(deflate.crc32(payload), len(payload))
