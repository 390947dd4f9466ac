"""The first step: `tabix -p vcf` on every file (7.1, 7.12 J), as htslib 1.16 behaves.

Told by trials with the program: a position is read as C's `strtoll` with base 0 reads it, a place below 1
counts as 1, lines without a number are skipped, and nothing may reach beyond 2^29, also by END in INFO.
"""

from __future__ import annotations

import re

import numpy as np

from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine

FARTHEST = 1 << 29
_NUMBER = re.compile(rb"[\s]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")
_END = re.compile(rb"(?:^|;)END=([+-]?\d+)")

NOT_BGZF = "[tabix] the compression of the file is not BGZF"


class Order:
    """Whether lines are sorted and chromosomes are in one piece; raises ServerStop at the first fault."""

    def __init__(self) -> None:
        self._last = -1
        self._chromosome = b""
        self._seen: set[bytes] = set()

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line, in file order."""
        if isinstance(item, OddLine):
            self._take_line(item.raw)
            return
        starts = np.concatenate([[0], np.flatnonzero(np.diff(item.chromosome)) + 1])
        for low, high in zip(starts.tolist(), [*starts[1:].tolist(), len(item)], strict=True):
            self._take_run(item, low, high)

    def _take_run(self, batch: Batch, low: int, high: int) -> None:
        self._enter(batch.rows.field(low, 0))
        begin = np.maximum(batch.position[low:high] - 1, 0)
        self._check(self._last, int(begin[0]))
        falls = np.flatnonzero(np.diff(begin) < 0)
        if len(falls):
            self._check(int(begin[falls[0]]), int(begin[falls[0] + 1]))
        self._last = int(begin[-1])
        tabs = batch.rows.tabs
        if int(begin[-1]) + int((tabs[low:high, 3] - tabs[low:high, 2]).max()) - 1 > FARTHEST:
            raise _too_far(int(begin[-1]))
        for row in np.flatnonzero(tabs[low:high, 7] - tabs[low:high, 6] > 5).tolist():
            _check_end(batch.rows.field(low + row, 7), int(begin[row]))

    def _take_line(self, line: bytes) -> None:
        words = line.split(b"\t")
        if line.startswith(b"#") or len(words) < 2:
            return
        number = _NUMBER.match(words[1])
        if number is None:
            return
        begin = max(0, _value(number) - 1)
        self._enter(words[0])
        self._check(self._last, begin)
        if begin + (len(words[3]) if len(words) > 3 else 1) > FARTHEST:
            raise _too_far(begin)
        if len(words) > 7:
            _check_end(words[7], begin)
        self._last = begin

    def _enter(self, chromosome: bytes) -> None:
        if self._last >= 0 and chromosome == self._chromosome:
            return
        if chromosome in self._seen:
            raise ServerStop("[E::hts_idx_push] Chromosome blocks not continuous")
        self._chromosome, self._last = chromosome, -1
        self._seen.add(chromosome)

    @staticmethod
    def _check(before: int, begin: int) -> None:
        if begin < before:
            raise ServerStop(f"[E::hts_idx_push] Unsorted positions: {before + 1} followed by {begin + 1}")


def _value(number: re.Match[bytes]) -> int:
    digits = number[2].lower()
    base = 16 if digits.startswith(b"0x") else 8 if digits.startswith(b"0") else 10
    return int(digits, base) * (-1 if number[1] == b"-" else 1)


def _check_end(info: bytes, begin: int) -> None:
    found = _END.search(info)
    if found is not None and int(found[1]) > FARTHEST:
        raise _too_far(begin)


def _too_far(begin: int) -> ServerStop:
    return ServerStop(
        f"[E::hts_idx_check_range] Region {begin} cannot be stored in a tbi index. Try using a csi index"
    )
