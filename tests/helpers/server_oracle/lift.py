"""Lift-over as the server does it, with its two faults (7.12 F).

The server lifts the interval [position, position + 1] by a chain file and takes the start of what comes out:
the last base before a gap fails, and on backward chains the new position is one too small. Alleles are not
turned. For honest lift-over another module is needed.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.bgzf import read_lines
from tests.helpers.server_oracle.records import Record

FAILED = "LiftOver failed. SNP removed."
OTHER_CHROMOSOME = "On different chromosome after LiftOver. SNP removed."


@dataclass
class _Chain:
    """One chain; blocks are (source start, target start, size), counted from 0, sorted."""

    start: int
    end: int
    target: str
    target_size: int
    backward: bool
    blocks: list[tuple[int, int, int]] = field(default_factory=list)

    def lift(self, position: int) -> int | None:
        """The new position (from 1) of a position (from 1), None when one of its two bases is in no block."""
        first = self._target_of(position - 1)
        last = self._target_of(position)
        if first is None or last is None or last < first:
            return None
        return self.target_size - last if self.backward else first + 1

    def _target_of(self, base: int) -> int | None:
        place = bisect.bisect_right(self.blocks, base, key=lambda block: block[0]) - 1
        if place < 0:
            return None
        source, target, size = self.blocks[place]
        return target + base - source if base < source + size else None


class LiftOver:
    """A chain file, read once."""

    def __init__(self, path: str | Path) -> None:
        self._chains: dict[str, list[_Chain]] = defaultdict(list)
        chain: _Chain | None = None
        source = target = 0
        for line in read_lines(path):
            words = line.split()
            if words and words[0] == b"chain":
                chain = self._begin(words)
                source, target = int(words[5]), int(words[10])
            elif words and chain is not None:
                size, *gaps = map(int, words)
                chain.blocks.append((source, target, size))
                if gaps:
                    source, target = source + size + gaps[0], target + size + gaps[1]

    def _begin(self, words: list[bytes]) -> _Chain:
        chain = _Chain(int(words[5]), int(words[6]), words[7].decode(), int(words[8]), words[9] == b"-")
        self._chains[words[2].decode()].append(chain)
        return chain

    def lift(self, chromosome: str, position: int) -> tuple[str, int] | None:
        """Chromosome (with “chr”) and position in the other build; None when it fails."""
        hits = []
        for chain in self._chains["chr" + chromosome.removeprefix("chr")]:
            lifted = chain.lift(position)
            if lifted is not None:
                hits.append((chain.target, lifted))
        return hits[0] if len(hits) == 1 else None  # two chains that hold the place: no answer


def lift_records(records: list[Record], lift: LiftOver) -> tuple[list[Record], list[tuple[str, str]]]:
    """The records with new places, sorted, and the failures as (place, text)."""
    lifted: list[Record] = []
    failed: list[tuple[str, str]] = []
    for record in records:
        raw = {"23": "X", "chr23": "chrX"}.get(record.chromosome, record.chromosome)
        place = f"{raw}:{record.position}"
        name = raw.removeprefix("chr")
        found = lift.lift(name, record.position)
        if found is None:
            failed.append((place, FAILED))
        elif found[0].removeprefix("chr") != name:
            failed.append((place, OTHER_CHROMOSOME))
        else:
            record.chromosome = name if raw.startswith("chr") else f"chr{name}"
            record.position = found[1]
            lifted.append(record)
    lifted.sort(key=lambda record: record.position)
    return lifted, failed
