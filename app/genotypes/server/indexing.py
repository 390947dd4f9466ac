"""The first step: `tabix -p vcf` on every file (7.1, 7.12 J)."""

from __future__ import annotations

import re
from pathlib import Path

from app.genotypes.bgzf import Compression, ContainerError, open_text_blocks
from app.genotypes.server.stops import ServerStop

_NUMBER = re.compile(rb"\s*[+-]?\d+")


def index(path: Path) -> None:
    """Raise ServerStop when tabix could not index the file."""
    try:
        with open_text_blocks(path) as blocks:
            if blocks.size == 0 or blocks.compression is not Compression.BGZF:
                raise ServerStop("[tabix] the compression of the file is not BGZF")
            order = _Order()
            for piece in blocks:
                for line in bytes(piece).split(b"\n"):
                    order.take(line)
    except ContainerError as error:
        raise ServerStop(f"[tabix] {error}") from error
    except OSError as error:
        raise ServerStop(f"[tabix] {error.strerror}") from error


class _Order:
    """Whether lines are sorted and chromosomes are in one piece; lines that tabix skips are skipped."""

    def __init__(self) -> None:
        self._last = -1
        self._chromosome = b""
        self._seen: set[bytes] = set()

    def take(self, line: bytes) -> None:
        words = line.split(b"\t", 2)
        if line.startswith(b"#") or len(words) < 2:
            return
        number = _NUMBER.match(words[1])
        if number is None or int(number[0]) < 0:
            return
        if words[0] != self._chromosome:
            if words[0] in self._seen:
                raise ServerStop("[E::hts_idx_push] Chromosome blocks not continuous")
            self._chromosome, self._last = words[0], -1
            self._seen.add(words[0])
        if int(number[0]) < self._last:
            raise ServerStop("[E::hts_idx_push] Unsorted positions")
        self._last = int(number[0])
