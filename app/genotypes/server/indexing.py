"""The first step: `tabix -p vcf` on every file (7.1, 7.12 J), as htslib 1.16 behaves.

Told by trials with the program: a position is read as C's `strtoll` with base 0 reads it, a place below 1
counts as 1, lines without a number are skipped, and nothing may reach beyond 2^29, also by END in INFO. A
position that is empty is looked for in the columns behind it.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import ContainerError, ContainerFault
from app.genotypes.server.damaged import lines_of_damaged
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine

FARTHEST = 1 << 29
HIGHEST = (1 << 63) - 1
_NUMBER = re.compile(rb"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")
_COLUMNS = re.compile(rb"[\t\0]")

NOT_BGZF = "[tabix] the compression of the file is not BGZF"


def reading_stop(path: Path, error: ContainerError) -> ServerStop:
    """What the server's reading says of a damaged file that can be indexed; ServerStop when it cannot be."""
    if error.fault is ContainerFault.LINE_TOO_LONG:
        raise ServerStop(f"[tabix] {error}") from error
    order = Order()
    for line in lines_of_damaged(path):
        order.take_text(line)
    cut = error.fault is ContainerFault.TRUNCATED
    return ServerStop("Unexpected end of ZLIB input stream" if cut else "Corrupt GZIP trailer")


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
            for row in range(low, high):
                self._check_reach(int(begin[row - low]), _row_words(batch, row))
        for row in np.flatnonzero(tabs[low:high, 7] - tabs[low:high, 6] > 5).tolist():
            self._check_reach(int(begin[row]), _row_words(batch, low + row))

    def take_text(self, text: bytes) -> None:
        """Lines that Java cuts also at lone carriage returns: tabix does not."""
        lines = text.split(b"\n")
        for line in lines:
            self._take_line(line.removesuffix(b"\r"))

    def _take_line(self, line: bytes) -> None:
        words = _COLUMNS.split(line, 8)
        if line.startswith(b"#") or len(words) < 2:
            return
        number = _NUMBER.match(line, len(words[0]) + 1)
        if number is None or (value := min(_value(number), HIGHEST)) < -HIGHEST:
            return
        begin = max(0, value - 1)
        if len(words) > 3 and begin + len(words[3]) > HIGHEST:
            return  # the end of the site is below zero then
        self._check_reach(begin, words)
        self._enter(words[0])
        self._check(self._last, begin)
        self._last = begin

    @staticmethod
    def _check_reach(begin: int, words: list[bytes]) -> None:
        end = begin + (len(words[3]) if len(words) > 3 and words[3] else 1)
        told = _told_end(words[7]) if len(words) > 7 else 0
        if max(begin, told if told > begin else end) > FARTHEST:
            raise ServerStop(
                f"[E::hts_idx_check_range] Region {begin} cannot be stored in a tbi index. "
                "Try using a csi index"
            )

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


def _row_words(batch: Batch, row: int) -> list[bytes]:
    return _COLUMNS.split(b"\t".join(batch.rows.field(row, column) for column in range(8)), 8)


def _told_end(info: bytes) -> int:
    """The value of END, 0 when there is none; a name that ends with END hides it at the very start only."""
    at = info.find(b"END=")
    if at > 0:
        at = info.find(b";END=") + 1 or -1
    if at < 0:
        return 0
    number = _NUMBER.match(info, at + 4)
    return 0 if number is None else _value(number)
