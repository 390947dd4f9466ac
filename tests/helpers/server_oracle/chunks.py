"""Chunks, their books, and which of them are left out (7.5, with 7.12 E)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.parameters import ExcludedChunk, ServerQcParameters
from tests.helpers.server_oracle.records import Record
from tests.helpers.server_oracle.site_filter import Fate
from tests.helpers.server_oracle.validation import chunk_number


@dataclass
class _Chunk:
    name: str
    start: int
    end: int
    called: NDArray[np.int64]
    window: int
    passing_around: int = 0
    passing: int = 0
    found: int = 0
    typed_only: int = 0
    touched: bool = False

    def take(self, record: Record, fate: Fate) -> None:
        """Count a site in the chunk or within the phasing window around it."""
        if fate.early:
            return
        inside = self.start <= record.position <= self.end
        self.touched |= record.position >= self.start
        self.found += inside and fate.in_panel
        self.typed_only += inside and fate.kept and not fate.in_panel
        if not (fate.kept and fate.in_panel):
            return
        self.passing += inside
        if record.position < max(self.start - self.window, 1):
            return
        self.passing_around += 1
        if inside:
            self.called += np.array(record.called, np.int64)


class ChunkBooks:
    """Opens chunks as sites come, closes them when the sites have passed, and judges each at its end."""

    def __init__(self, parameters: ServerQcParameters) -> None:
        self._parameters = parameters
        self._open: dict[int, _Chunk] = {}
        self._label = ""
        self._samples = 0
        self.excluded: list[ExcludedChunk] = []
        self.remaining: list[str] = []
        self.reasons: Counter[str] = Counter()

    def begin(self, label: str, samples: int) -> None:
        """Start a file (or a region of X); `label` is the chromosome in the names of its chunks."""
        self._label, self._samples = label, samples

    def open_for(self, position: int) -> None:
        """Open the chunk of a position, and the next one when it lies in the last phasing window."""
        number = chunk_number(position, self._parameters.chunk_size)
        chunk = self._chunk(number)
        window = self._parameters.phasing_window
        if chunk.end + 1 - window >= 1 and position >= chunk.end + 1 - window:
            self._chunk(number + 1)

    def _chunk(self, number: int) -> _Chunk:
        if number not in self._open:
            size = self._parameters.chunk_size
            start, end = number * size + 1, (number + 1) * size
            name = f"chunk_{self._label}_{_ten(start)}_{_ten(end)}"
            window = self._parameters.phasing_window
            self._open[number] = _Chunk(name, start, end, np.zeros(self._samples, np.int64), window)
        return self._open[number]

    def take(self, record: Record, fate: Fate | None) -> None:
        """Give a site to all open chunks it belongs to; chunks left behind are judged.

        `fate` is None for a site outside the range of the panel, which is not looked at.
        """
        for number, chunk in sorted(self._open.items()):
            if record.position <= chunk.end + self._parameters.phasing_window:
                if fate is not None:
                    chunk.take(record, fate)
            else:
                del self._open[number]
                self._judge(chunk)

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
        low = 0
        if chunk.passing:
            low = int((chunk.called / chunk.passing < rules.sample_call_rate).sum())
        reason = None
        if overlap is not None and overlap < rules.overlap:
            reason = "overlap"
        elif chunk.found < rules.min_snps or chunk.passing_around < rules.min_snps:
            reason = "snps"
        elif low:
            reason = "call_rate"
        if reason is None and overlap is None:
            reason = ""  # left out, but in none of the totals
        if reason is None:
            self.remaining.append(chunk.name)
            return
        self.reasons[reason] += 1
        self.excluded.append(
            ExcludedChunk(
                chunk=chunk.name,
                reason=reason,
                snps=chunk.passing,
                reference_overlap=overlap,
                samples_low_call_rate=low,
            )
        )

    @property
    def all_left_out(self) -> bool:
        """Whether the chunks in the totals are all that there were."""
        return len(self.remaining) + self.reasons[""] == 0

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


def _ten(number: int) -> str:
    return f"{'-' if number < 0 else ''}{abs(number):010d}"


def _percent(rate: float) -> str:
    return f"{rate * 100}%"
