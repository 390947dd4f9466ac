"""The lines of a text below its header, in big pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.genotypes.bgzf import open_text_blocks


def body_of(path: Path) -> Iterator[bytes]:
    """The bytes behind the lines that begin with `#`. ContainerError where the file is damaged; OSError."""
    begun = False
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            raw = bytes(piece)
            if not begun:
                begin = _end_of_header(raw)
                begun = begin < len(raw)
                raw = raw[begin:]
            yield raw


def _end_of_header(raw: bytes) -> int:
    at = 0
    while raw.startswith(b"#", at):
        at = raw.find(b"\n", at) + 1
    return at
