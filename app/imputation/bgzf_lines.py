"""Writes lines into a BGZF file that remembers where each block lies, so that nobody reads it again.

Blocks are packed by the threads of a crew, which run beside one another, and written in order.
An index needs to know where each record begins; that follows from the lengths of the blocks.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from functools import cache, partial
from pathlib import Path
from types import ModuleType

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import EOF_MARKER, BgzfFile, ContainerError, ContainerFault, pack_block
from app.imputation.crew import Crew, Task

_PAYLOAD = 0xFF00
_FOOTER = struct.Struct("<II")
_AHEAD = 3  # pieces of text that wait for their turn
Piece = tuple[list[bytes], list[int]]


class BgzfLines(BgzfFile):
    """Writes whole lines into a BGZF file, see there. Without a crew the caller's thread packs."""

    def __init__(self, path: Path, level: int, crew: Crew | None = None) -> None:
        super().__init__(path, level)
        self.text = 0
        """Letters that were written so far."""
        self._crew = crew
        self._waiting: deque[Task[Piece]] = deque()
        self._packed: list[int] = []
        self._letters: list[int] = []

    def write(self, text: bytes | memoryview) -> None:
        """Add whole lines; blocks end where they end, so many should come together."""
        if not len(text):
            return
        self.text += len(text)
        if self._crew is None:
            self._put(_packed(text, self._level))
            return
        self._waiting.append(self._crew.give(partial(_packed, text, self._level)))
        while len(self._waiting) > _AHEAD:
            self._put(self._waiting.popleft().result())

    def _put(self, piece: Piece) -> None:
        blocks, letters = piece
        self._file.write(b"".join(blocks))
        self._packed += [len(block) for block in blocks]
        self._letters += letters

    def _write_rest(self) -> None:
        while self._waiting:
            self._put(self._waiting.popleft().result())

    def _look(self) -> None:
        """What lies on the disk is as long as what was written, and has its end; ContainerError else."""
        wanted = sum(self._packed) + len(EOF_MARKER)
        with self._part.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(EOF_MARKER)))
            if size != wanted or file.read() != EOF_MARKER:
                raise ContainerError(ContainerFault.TRUNCATED, size, f"{size} of {wanted} bytes")

    def _remove(self) -> None:
        for each in self._waiting:
            each.cancel()
        super()._remove()

    def virtual(self, letters: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The virtual offsets of places in the text, ascending; when the file is closed."""
        texts = np.cumsum([0, *self._letters], dtype=np.int64)
        blocks = np.cumsum([0, *self._packed], dtype=np.int64)
        at = np.searchsorted(texts, letters, side="right") - 1
        return (blocks[at] << 16 | letters - texts[at]).astype(np.uint64)


def _packed(text: bytes | memoryview, level: int) -> Piece:
    """The blocks of a piece of text, and how many letters each has."""
    view = memoryview(text)
    pieces = [view[at : at + _PAYLOAD] for at in range(0, len(view), _PAYLOAD)]
    letters = [len(each) for each in pieces]
    quick = _quick()
    if quick is None:
        return [pack_block(each, level) for each in pieces], letters
    out, ends = np.empty(len(pieces) * quick.ROOM, dtype=np.uint8), np.empty(len(pieces), dtype=np.int64)
    quick.deflate(view, out, ends)
    begins, streams = [0, *ends.tolist()], out.data
    blocks = []
    for each, begin, end in zip(pieces, begins, begins[1:], strict=False):
        head = EOF_MARKER[:16] + (end - begin + 25).to_bytes(2, "little")
        blocks.append(b"".join([head, streams[begin:end], _FOOTER.pack(deflate.crc32(each), len(each))]))
    return blocks, letters


@cache
def _quick() -> ModuleType | None:
    """The extension; None where it was not built, or HAPLODESK_NO_KERNEL is set: libdeflate packs then."""
    if os.environ.get("HAPLODESK_NO_KERNEL", "") not in ("", "0"):
        return None
    try:
        from app.imputation import _quick_deflate
    except ImportError:
        return None
    return _quick_deflate
