"""Chunks, their books, and which of them are left out (7.5, with 7.12 E); sites come many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.parameters import ExcludedChunk, ServerQcParameters
from app.genotypes.server.site_filter import Fates
from app.genotypes.server.sites import CalledOfSamples

Places = NDArray[np.int64]
MOST_NAMED = 20


@dataclass
class _Chunk:
    name: str
    start: int
    end: int
    called: Places
    passing_around: int = 0
    passing: int = 0
    found: int = 0
    typed_only: int = 0
    touched: bool = False


@dataclass(frozen=True)
class Taken:
    """Sites with their fates; `used` is False for those outside the range of the panel."""

    position: Places
    used: NDArray[np.bool_]
    fates: Fates
    called: CalledOfSamples


class ChunkBooks:
    """Opens chunks as sites come, closes them when the sites have passed, and judges each at its end."""

    def __init__(self, parameters: ServerQcParameters) -> None:
        self._parameters = parameters
        self._open: dict[int, _Chunk] = {}
        self._label = ""
        self._names: Sequence[str] = ()
        self.excluded: list[ExcludedChunk] = []
        self.remaining: list[str] = []
        self.reasons: Counter[str] = Counter()
        self.low_call_samples: dict[str, tuple[str, ...]] = {}

    def begin(self, label: str, names: Sequence[str]) -> None:
        """Start a file (or a region of X); `label` is the chromosome in the names of its chunks."""
        self._label, self._names = label, names

    def take(self, sites: Taken) -> None:
        """Give sorted sites to all chunks they belong to; chunks left behind are judged."""
        opened = self._opened(sites.position)
        window = self._parameters.phasing_window
        for number in sorted(self._open):
            chunk = self._open[number]
            stop = int(np.searchsorted(sites.position, chunk.end + window, "right"))
            rows = slice(opened.get(number, 0), stop)
            if rows.start < stop:
                self._add(chunk, sites, rows)
            if stop < len(sites.position):
                del self._open[number]
                self._judge(chunk)

    def _opened(self, position: Places) -> dict[int, int]:
        """Opens chunks; gives the first site of each that was opened now."""
        size, window = self._parameters.chunk_size, self._parameters.phasing_window
        numbers = chunk_numbers(position, size)
        opened: dict[int, int] = {}
        for number, first in zip(*np.unique(numbers, return_index=True), strict=True):
            self._open_one(int(number), int(first), opened)
            extended = (int(number) + 1) * size + 1 - window
            at = max(int(first), int(np.searchsorted(position, extended)))
            if extended >= 1 and at < len(position) and numbers[at] == number:
                self._open_one(int(number) + 1, at, opened)
        return opened

    def _open_one(self, number: int, first: int, opened: dict[int, int]) -> None:
        if number in self._open:
            if number in opened:
                opened[number] = min(opened[number], first)
            return
        size = self._parameters.chunk_size
        start, end = number * size + 1, (number + 1) * size
        name = f"chunk_{self._label}_{_ten(start)}_{_ten(end)}"
        self._open[number] = _Chunk(name, start, end, np.zeros(len(self._names), np.int64))
        opened[number] = first

    def _add(self, chunk: _Chunk, sites: Taken, rows: slice) -> None:
        position, fates = sites.position[rows], sites.fates
        good = sites.used[rows] & ~fates.early[rows]
        inside = (position >= chunk.start) & (position <= chunk.end)
        passing = good & fates.passing[rows]
        chunk.touched |= bool((good & (position >= chunk.start)).any())
        chunk.found += int((good & inside & fates.in_panel[rows]).sum())
        chunk.typed_only += int((good & inside & fates.kept[rows] & ~fates.in_panel[rows]).sum())
        around = passing & (position >= max(chunk.start - self._parameters.phasing_window, 1))
        chunk.passing_around += int(around.sum())
        chunk.passing += int((passing & inside).sum())
        counted = np.flatnonzero(around & inside)
        if len(counted):
            chunk.called += sites.called(counted + rows.start)

    def finish(self) -> None:
        """The end of a file: chunks in which no site got past the first rules vanish without a word."""
        for _, chunk in sorted(self._open.items()):
            if chunk.touched:
                self._judge(chunk)
        self._open.clear()

    def _judge(self, chunk: _Chunk) -> None:
        rules = self._parameters
        known = chunk.found + chunk.typed_only
        overlap = chunk.found / known if known else None
        low = np.empty(0, np.intp)
        if chunk.passing:
            low = np.flatnonzero(chunk.called / chunk.passing < rules.sample_call_rate)
        reason = None
        if overlap is not None and overlap < rules.overlap:
            reason = "overlap"
        elif chunk.found < rules.min_snps or chunk.passing_around < rules.min_snps:
            reason = "snps"
        elif len(low):
            reason = "call_rate"
        elif overlap is None:
            reason = ""  # left out, but in none of the totals
        if reason is None:
            self.remaining.append(chunk.name)
            return
        self.reasons[reason] += 1
        if len(low):
            self.low_call_samples[chunk.name] = tuple(self._names[int(k)] for k in low[:MOST_NAMED])
        self.excluded.append(
            ExcludedChunk(
                chunk=chunk.name,
                reason=reason,
                snps=chunk.passing,
                reference_overlap=overlap,
                samples_low_call_rate=len(low),
            )
        )

    @property
    def left(self) -> int:
        """Chunks that are in the totals as remaining."""
        return len(self.remaining) + self.reasons[""]

    def warnings(self) -> list[str]:
        """The server's sentences about what was left out."""
        rules, lines = self._parameters, []
        for reason, words in (
            ("snps", f"< {rules.min_snps} SNPs (see chunks-excluded.txt"),
            (
                "call_rate",
                f"at least one sample has a call rate < {_percent(rules.sample_call_rate)} (see "
                "chunks-excluded.txt",
            ),
            ("overlap", f"reference overlap < {_percent(rules.overlap)} (see  chunks-excluded.txt"),
        ):
            if self.reasons[reason]:
                lines.append(f"{self.reasons[reason]:,} Chunk(s) excluded: {words} for details).")
        return lines


def chunk_numbers(position: Places, size: int) -> Places:
    """The chunk of each position; an exact multiple belongs to the chunk before, as Java divides."""
    numbers: Places = np.sign(position) * (np.abs(position) // size) - (position % size == 0)
    return numbers


def _ten(number: int) -> str:
    return f"{'-' if number < 0 else ''}{abs(number):010d}"


def _percent(rate: float) -> str:
    return f"{rate * 100}%"
