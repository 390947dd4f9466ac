"""Reading text out of BGZF, gzip and plain files in big pieces, and writing BGZF.

BGZF is gzip in blocks of at most 64 KiB, each with its own length in an extra field (SAM specification,
section 4.1). The file is read window by window, its blocks are inflated by libdeflate, which is as fast as
`bgzip` itself, into one buffer that is used again for every piece: memory does not grow with the file.
Processes can share one file without an index: `split_points` gives borders of blocks, and what `TextBlocks`
reads between two of them is whole lines that no other part has.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from app.genotypes.bgzf_blocks import (
    EOF_MARKER,
    Compression,
    ContainerError,
    ContainerFault,
    block_length,
    detect_compression,
    inflate_block,
    pack_block,
    whole_blocks,
)
from app.genotypes.direct_inflate import direct_inflate

if TYPE_CHECKING:
    import hashlib

__all__ = [
    "BgzfWriter",
    "Compression",
    "ContainerError",
    "ContainerFault",
    "EOF_MARKER",
    "LONGEST_LINE",
    "MARGIN",
    "TextBlocks",
    "block_length",
    "detect_compression",
    "inflate_block",
    "open_text_blocks",
    "pack_block",
    "read_lines",
    "split_points",
    "whole_blocks",
]

LONGEST_LINE = 128 << 20
MARGIN = 4096
_INPUT_BYTES = 1 << 20
_BLOCK_PAYLOAD = 0xFF00
_WINDOW_BYTES = 1 << 20  # of the file that are read at once
_MEMBER_BYTES = 512  # of a gzip member that are inflated first, then more: what it leaves is copied
_FIXED_COLUMNS = 9


class TextBlocks:
    """The text of a file, in pieces of whole lines; iterate once, inside a `with`.

    A piece is a memoryview of a buffer that the next piece overwrites: copy what must stay. The buffer
    (`piece.obj`) reaches at least MARGIN stale bytes beyond the piece. Each piece ends with a line end, but
    for the last one of a file without it. Raises ContainerError for a damaged file (after the pieces that
    could be read) and OSError when the file cannot be read.
    `eof_marker` is None for files that are not BGZF; `sha256` is of the packed bytes, set before the last
    piece when `digest` was asked for; `packed_done` counts the packed bytes read so far.
    `start` and `stop` (places of `split_points`) limit the text to the lines that begin behind the first byte
    of the block at `start` and not behind the first of the one at `stop`: the line that is cut by `start`
    belongs to the part before, which reads on for it. All parts together have every line once.
    `direct` False: not by the extension in C. `longest_head`: bytes in which a line of a VCF must have its
    fixed columns, and a line of its header its end.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        piece_bytes: int = 1 << 20,
        digest: bool = False,
        start: int = 0,
        stop: int | None = None,
        direct: bool = True,
        longest_head: int = LONGEST_LINE,
    ):
        self._longest_head = longest_head
        self.path = Path(path)
        self._file: FileIO = self.path.open("rb", buffering=0)
        self.size = self._file.seek(0, os.SEEK_END)
        self.packed_done = 0
        self.sha256: str | None = None
        self._digest = _sha256() if digest else None
        self._start, self._stop = start, self.size if stop is None else min(stop, self.size)
        self._limited = start > 0 or self._stop < self.size
        self._beyond = False  # the present chunk lies behind `stop`
        self._cut_line = start > 0  # what comes first belongs to the part before
        self._inflate = direct_inflate() if direct else None
        self._fill = 0  # bytes in the buffer
        self._buffer = bytearray(max(piece_bytes, _INPUT_BYTES // 8) + (1 << 17))
        self._piece_bytes = piece_bytes
        self.eof_marker = self._look_for_marker()
        self._file.seek(0)
        self.compression = detect_compression(self._file.read(18))
        if self.compression is not Compression.BGZF:
            self.eof_marker = None
        self._file.seek(start)

    def _look_for_marker(self) -> bool | None:
        if self.size < len(EOF_MARKER):
            return False
        self._file.seek(self.size - len(EOF_MARKER))
        return self._file.read(len(EOF_MARKER)) == EOF_MARKER

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        self._file.close()

    def __iter__(self) -> Iterator[memoryview]:
        searched = 0
        try:
            for chunk in self._own_lines() if self._limited else self._chunks():
                self._append(chunk)
                fill = self._fill
                if fill < self._piece_bytes:
                    continue
                end = self._buffer.rfind(b"\n", searched, fill) + 1
                searched = fill
                if not end:
                    self._refuse_long_line(fill)
                    continue
                yield memoryview(self._buffer)[:end]
                self._buffer[: fill - end] = self._buffer[end:fill]
                self._fill = searched = fill - end
        except ContainerError:
            if end := self._buffer.rfind(b"\n", 0, self._fill) + 1:
                yield memoryview(self._buffer)[:end]
            raise
        if self._digest is not None:
            self.sha256 = self._digest.hexdigest()
        if self._fill:
            yield memoryview(self._buffer)[: self._fill]

    def _append(self, chunk: bytes | bytearray | memoryview) -> None:
        """Put a chunk into the buffer; one that is empty lies there already."""
        if length := len(chunk):
            self._make_room(length)
            self._buffer[self._fill : self._fill + length] = chunk
            self._fill += length

    def _make_room(self, length: int) -> None:
        needed = self._fill + length + MARGIN
        if needed > len(self._buffer):
            bigger = bytearray(needed * 2)
            bigger[: len(self._buffer)] = self._buffer
            self._buffer = bigger

    def _refuse_long_line(self, fill: int) -> None:
        head = self._longest_head
        if fill > LONGEST_LINE or (head < fill <= head + _INPUT_BYTES and self._is_endless(head)):
            detail = f"no line end in {fill} bytes of text"
            raise ContainerError(ContainerFault.LINE_TOO_LONG, self.packed_done, detail)

    def _is_endless(self, head: int) -> bool:
        return self._buffer.startswith(b"##") or self._buffer.count(b"\t", 0, head) < _FIXED_COLUMNS

    def _own_lines(self) -> Iterator[bytes | bytearray | memoryview]:
        """The chunks without what belongs to the parts before and behind."""
        for chunk in self._chunks():
            text = memoryview(chunk)
            if self._cut_line:
                end = bytes(chunk).find(b"\n") + 1
                if not end or self._beyond:
                    if end:
                        return
                    continue
                self._cut_line, text = False, text[end:]
            if self._beyond and (end := bytes(chunk).find(b"\n") + 1):
                yield text[:end]
                return
            yield text

    def _chunks(self) -> Iterator[bytes | bytearray | memoryview]:
        if self.compression is Compression.BGZF:
            return self._bgzf_chunks()
        if self.compression is Compression.GZIP:
            return self._gzip_chunks()
        return self._plain_chunks()

    def _packed(self, size: int = _INPUT_BYTES) -> Iterator[bytes]:
        while piece := self._file.read(size):
            self._note(piece)
            yield piece

    def _note(self, piece: bytes | memoryview) -> None:
        if self._digest is not None:
            self._digest.update(piece)
        self.packed_done += len(piece)

    def _plain_chunks(self) -> Iterator[bytes]:
        """Pieces of a file that is not packed, none of which reaches over `stop`."""
        at, most = self._start, min(_INPUT_BYTES, max(self._piece_bytes, 1 << 16))
        while piece := self._file.read(min(most, self._stop - at if at < self._stop else most)):
            self._beyond = at >= self._stop
            at += len(piece)
            self._note(piece)
            yield piece

    def _bgzf_chunks(self) -> Iterator[bytes | bytearray]:
        at = self._start
        room = memoryview(bytearray(min(_WINDOW_BYTES, self.size)))
        while at < self.size:
            base = at
            view = self._window(base, room)
            for after, text in self._blocks(view, 0, base):
                self.packed_done = base + after - self._start
                yield text
                at = base + after
            if self._digest is not None:
                self._digest.update(view[: at - base])
            if at == base or (at < self.size and base + len(view) == self.size):
                raise ContainerError(ContainerFault.TRUNCATED, at, "the last block is cut")

    def _blocks(self, view: memoryview, at: int, base: int) -> Iterator[tuple[int, bytes | bytearray]]:
        """As `whole_blocks`; an empty text where the blocks were inflated into the buffer."""
        own = self._stop - base
        before = -1
        while before < at:
            before = at
            direct = self._inflate if not self._cut_line and at < own else None
            if direct is not None:
                self._make_room(1 << 16)
                enough = max(self._piece_bytes, self._fill + 1)
                at, self._fill = direct(view, at, own, self._buffer, self._fill, enough)
                if before < at:
                    yield at, b""
                    continue
            for after, text in whole_blocks(view, at, base):
                self._beyond = at >= own
                yield after, text
                at = after
                if self._inflate is not None:
                    break

    def _window(self, at: int, room: memoryview) -> memoryview:
        """The file from `at` on, read into `room`; mapped, a file that is shortened would end the program."""
        fill = 0
        self._file.seek(at)
        while length := self._file.readinto(room[fill:]):
            fill += length
        return room[:fill]

    def _gzip_chunks(self) -> Iterator[bytes]:
        member = zlib.decompressobj(wbits=31)
        start, read, size = 0, 0, _MEMBER_BYTES
        fresh = True  # nothing of the present member was read
        for piece in self._packed(1 << 18):
            at = 0
            while at < len(piece):
                if member.eof:
                    member, fresh = zlib.decompressobj(wbits=31), True
                    start, size = read + at, _MEMBER_BYTES
                if fresh and not piece[at] and not piece[at:].strip(b"\0"):
                    break  # padding behind the last member, as tapes and some file systems leave it
                fresh = False
                some, size = piece[at : at + size], min(2 * size, 1 << 16)
                yield self._inflate_some(member, some, start)
                at += len(some) - len(member.unused_data if member.eof else member.unconsumed_tail)
            read += len(piece)
        if not member.eof and not fresh:
            raise ContainerError(ContainerFault.TRUNCATED, start, "the compressed stream ends too early")

    @staticmethod
    def _inflate_some(member: zlib._Decompress, pending: bytes, start: int) -> bytes:
        try:
            return member.decompress(pending, 1 << 20)
        except zlib.error as error:
            raise ContainerError(ContainerFault.CORRUPT, start, str(error)) from error


def _sha256() -> hashlib._Hash:
    """Loaded when it is asked for: OpenSSL takes four megabytes."""
    import hashlib

    return hashlib.sha256()


def open_text_blocks(
    path: str | os.PathLike[str],
    *,
    piece_bytes: int = 1 << 20,
    digest: bool = False,
    start: int = 0,
    stop: int | None = None,
    direct: bool = True,
    longest_head: int = LONGEST_LINE,
) -> TextBlocks:
    """Open a BGZF, gzip or plain file for reading in pieces of whole lines; see `TextBlocks`."""
    return TextBlocks(
        path,
        piece_bytes=piece_bytes,
        digest=digest,
        start=start,
        stop=stop,
        direct=direct,
        longest_head=longest_head,
    )


def split_points(path: str | os.PathLike[str], parts: int) -> list[int]:
    """Where the parts of a file begin that processes can read on their own, in order; the first is 0.

    Borders of blocks in a BGZF file, any byte in a plain one; a gzip stream cannot be split. Gives fewer
    parts when the file is small or damaged. OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        compression = detect_compression(file.read(18))
        if compression is Compression.GZIP:
            return [0]
        wanted = [size * part // parts for part in range(1, parts)]
        if compression is Compression.BGZF:
            wanted = [place for place in (_block_after(file, at, size) for at in wanted) if place]
    return [0, *sorted({place for place in wanted if 0 < place < size})]


def _block_after(file: BinaryIO, at: int, size: int) -> int:
    """The first block that begins at or behind a place and can be inflated; 0 when there is none near."""
    file.seek(at)
    data = file.read(3 << 16)
    near = memoryview(data)
    found = -1
    while (found := data.find(EOF_MARKER[:4], found + 1)) >= 0:
        with contextlib.suppress(ContainerError):
            length = block_length(near, found, at + found)
            if length and found + length <= len(near):
                inflate_block(near[found : found + length], at + found)
                return at + found
    return 0


def read_lines(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The lines of a file without their line ends, one by one; slow, for headers and small files."""
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            yield from bytes(piece).splitlines()


class BgzfFile:
    """A BGZF file that is being written: use in a `with`; it has its name only when all of it is on disk.

    Blocks go to `<path>.part`, which gets its name when the block ends well and is removed when it raises.
    OSError (no space, no permission) comes through unchanged.
    """

    def __init__(self, path: str | os.PathLike[str], level: int) -> None:
        self.path = Path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        self._level = level
        self._file = self._part.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException:
                self._remove()
                raise
        else:
            self._remove()

    def _write_rest(self) -> None:
        """Write what waits for its turn."""

    def _look(self) -> None:
        """Look at the whole file before it gets its name; raises where it is not as it should be."""

    def _finish(self) -> None:
        self._write_rest()
        self._file.write(EOF_MARKER)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._look()
        os.replace(self._part, self.path)

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink()


class BgzfWriter(BgzfFile):
    """Writes bytes into a BGZF file; blocks end where they are full."""

    def __init__(self, path: str | os.PathLike[str], level: int = 6) -> None:
        super().__init__(path, level)
        self._pending = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes; whole blocks are packed and written as they fill up."""
        self._pending += data
        whole = len(self._pending) // _BLOCK_PAYLOAD * _BLOCK_PAYLOAD
        if not whole:
            return
        packed = bytes(self._pending[:whole])
        for at in range(0, whole, _BLOCK_PAYLOAD):
            self._file.write(pack_block(packed[at : at + _BLOCK_PAYLOAD], self._level))
        del self._pending[:whole]

    def _write_rest(self) -> None:
        if self._pending:
            self._file.write(pack_block(bytes(self._pending), self._level))
