"""The bytes of a binary file that is plain, gzip or BGZF, read from front to back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from app.genotypes.bgzf import Compression, ContainerError, block_length, detect_compression, inflate_block
from app.genotypes.readers.contract import FormatError

_PIECE = 1 << 20
_AGAIN = "Copy or make the file again."


class ByteStream:
    """Use in a `with`. `buffer` and `at` are for reading in place after `need` said that enough is there.

    Only what was asked for and one piece more are kept in memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.done = 0
        self.buffer = b""
        self.at = 0
        self._file = path.open("rb", buffering=0)
        self._pieces = self._inflated()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def need(self, count: int) -> bool:
        """Whether `count` bytes follow; reads on when they are not in the buffer yet."""
        have = len(self.buffer) - self.at
        if have >= count:
            return True
        parts = [self.buffer[self.at :]]
        self.at = 0
        try:
            while have < count and (piece := next(self._pieces, None)) is not None:
                parts.append(piece)
                have += len(piece)
        except ContainerError as error:
            raise FormatError(
                f"container.{error.fault.value.replace(' ', '_')}",
                str(self.path),
                "The file is damaged",
                f"byte {error.offset}",
                _AGAIN,
            ) from error
        self.buffer = b"".join(parts)
        return have >= count

    def take(self, count: int) -> bytes:
        """The next `count` bytes. FormatError when the file ends before."""
        if self.at + count > len(self.buffer) and not self.need(count):
            raise self.cut()
        start = self.at
        self.at = start + count
        return self.buffer[start : self.at]

    def cut(self) -> FormatError:
        """The error of a file that ends too early."""
        return FormatError(
            "container.truncated", str(self.path), "The file is cut short", f"byte {self.size}", _AGAIN
        )

    def _inflated(self) -> Iterator[bytes]:
        head = self._file.read(18)
        self._file.seek(0)
        kind = detect_compression(head)
        if kind is Compression.BGZF:
            return self._blocks()
        return self._members() if kind is Compression.GZIP else self._plain()

    def _plain(self) -> Iterator[bytes]:
        while piece := self._file.read(_PIECE):
            self.done += len(piece)
            yield piece

    def _members(self) -> Iterator[bytes]:
        member = zlib.decompressobj(wbits=31)
        for piece in self._plain():
            pending = piece
            while pending:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                try:
                    yield member.decompress(pending, _PIECE)
                except zlib.error as error:
                    raise self.damaged(str(error)) from error
                pending = member.unused_data if member.eof else member.unconsumed_tail
        if not member.eof:
            raise self.cut()

    def damaged(self, place: str) -> FormatError:
        """The error of a file that cannot be unpacked."""
        return FormatError("container.corrupt", str(self.path), "The file is damaged", place, _AGAIN)

    def _blocks(self) -> Iterator[bytes]:
        rest, start = b"", 0
        for piece in self._plain():
            rest += piece
            view, at = memoryview(rest), 0
            texts = []
            while (length := block_length(view, at, start + at)) and at + length <= len(rest):
                texts.append(inflate_block(view[at : at + length], start + at))
                at += length
                if len(texts) == 16:
                    yield b"".join(texts)
                    texts = []
            yield b"".join(texts)
            rest, start = rest[at:], start + at
        if rest:
            raise self.cut()
