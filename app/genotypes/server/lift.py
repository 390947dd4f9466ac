"""Lift-over as the server does it, with its two faults (7.12 F).

The server lifts the interval [position, position + 1] by a chain file and takes the start of what comes out:
the last base before a gap fails, and on backward chains the new position is one too small. A place that two
chains hold fails too. Alleles are not turned. Honest lift-over is in `app/genotypes/liftover.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import read_lines

FAILED = "LiftOver failed. SNP removed."
OTHER_CHROMOSOME = "On different chromosome after LiftOver. SNP removed."
Places = NDArray[np.int64]


class _Chain:
    """One chain; blocks are (source start, target start, size), counted from 0, sorted."""

    def __init__(self, head: Sequence[bytes], blocks: Sequence[tuple[int, int, int]]) -> None:
        self.start, self.end = int(head[5]), int(head[6])
        self.target = head[7].decode()
        self._target_size = int(head[8]) if head[9] == b"-" else 0
        self._source, self._to, self._size = (
            np.array(column, np.int64) for column in zip(*blocks, strict=True)
        )

    def lift(self, position: Places) -> Places:
        """New positions (from 1) of positions (from 1), 0 when one of the two bases is in no block."""
        first, last = self._target_of(position - 1), self._target_of(position)
        good = (first >= 0) & (last > first)
        lifted = self._target_size - last if self._target_size else first + 1
        result: Places = np.where(good, lifted, 0)
        return result

    def _target_of(self, base: Places) -> Places:
        block = np.maximum(np.searchsorted(self._source, base, "right") - 1, 0)
        offset = base - self._source[block]
        result: Places = np.where((offset >= 0) & (offset < self._size[block]), self._to[block] + offset, -1)
        return result


class LiftOver:
    """A chain file, read once."""

    def __init__(self, path: str | Path) -> None:
        self._chains: dict[str, list[_Chain]] = defaultdict(list)
        for head, blocks in _read(path):
            self._chains[head[2].decode()].append(_Chain(head, blocks))

    def lift(self, chromosome: str, position: Places) -> tuple[list[str], NDArray[np.int64], Places]:
        """Names of chromosomes, and for each of some sorted positions the index of its new one (-1: it fails)
        and its new position."""
        names: list[str] = []
        hits = np.zeros(len(position), np.int64)
        target = np.full(len(position), -1, np.int64)
        lifted = np.zeros(len(position), np.int64)
        for chain in self._chains[chromosome]:
            low = int(np.searchsorted(position, chain.start, "right"))
            high = int(np.searchsorted(position, chain.end, "right"))
            if low == high:
                continue
            found = chain.lift(position[low:high])
            at = low + np.flatnonzero(found)
            if chain.target not in names:
                names.append(chain.target)
            hits[at] += 1
            target[at], lifted[at] = names.index(chain.target), found[at - low]
        target[hits != 1] = -1
        return names, target, lifted


def _read(path: str | Path) -> Iterator[tuple[list[bytes], list[tuple[int, int, int]]]]:
    head: list[bytes] = []
    blocks: list[tuple[int, int, int]] = []
    source = target = 0
    for line in read_lines(path):
        words = line.split()
        if words and words[0] == b"chain":
            if head and blocks:
                yield head, blocks
            head, blocks = words, []
            source, target = int(words[5]), int(words[10])
        elif words and head:
            size, *gaps = map(int, words)
            blocks.append((source, target, size))
            if gaps:
                source, target = source + size + gaps[0], target + size + gaps[1]
    if head and blocks:
        yield head, blocks
