"""The alleles of a block without the extension: the same numbers as _codec.c, site by site in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.stretch import ALT_CARRIERS, BITS

Numbers = NDArray[np.uint32]
FIRST, GAPS, MAJOR, MINOR, STREAMS = 0, 1, 2, 6, 10  # in step with _codec.c


def class_of(few: int, size: int) -> int:
    """By how common the rarer allele is: the lengths of its runs have their own stream for each."""
    return (few * 64 > size) + (few * 16 > size) + (few * 6 > size)


def turned(order: Numbers, has_alt: NDArray[np.bool_]) -> Numbers:
    """The order after a site: who has REF there first, then who has ALT, each in the order from before."""
    return np.concatenate([order[~has_alt], order[has_alt]])


def _runs(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(starts, lengths) of runs of neighbouring places."""
    first = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    return places[first], np.diff(first, append=len(places))


class State:
    """The order of the haplotypes and the streams of a block."""

    def __init__(self, size: int, limit: int) -> None:
        self._size, self._limit = size, limit
        self._begin()

    def _begin(self) -> None:
        self._order: Numbers = np.arange(self._size, dtype=np.uint32)
        self._streams: list[list[NDArray[np.int64]]] = [[] for _ in range(STREAMS)]
        self._fill = [0] * STREAMS

    def pack(self, rows: NDArray[np.uint8], rules: tuple[int, int]) -> Numbers:
        """Pack sites until a stream is full; how often ALT is there at each that was packed."""
        alts: Numbers = rows.sum(axis=1, dtype=np.uint32)
        for number, row in enumerate(rows):
            if max(self._fill) > self._limit:
                return alts[:number]
            ones = int(alts[number])
            rarer_is_alt = 2 * ones <= self._size
            few = ones if rarer_is_alt else self._size - ones
            if few:
                has_alt = row[self._order] == 1
                self._site(np.flatnonzero(has_alt == rarer_is_alt), few, rules[0])
                if few >= rules[1]:
                    self._order = turned(self._order, has_alt)
        return alts

    def _site(self, places: NDArray[np.int64], few: int, gaps_most: int) -> None:
        if few <= gaps_most:
            gaps = np.diff(places, prepend=-1) - 1
            self._put(FIRST, gaps[:1])
            self._put(GAPS, gaps[1:])
            return
        starts, lengths = _runs(places)
        between = starts.copy()
        between[1:] -= starts[:-1] + lengths[:-1] + 1
        kind = class_of(few, self._size)
        self._put(MAJOR + kind, between)
        self._put(MINOR + kind, lengths - 1)

    def _put(self, stream: int, values: NDArray[np.int64]) -> None:
        self._streams[stream].append(values)
        self._fill[stream] += len(values)

    def finish(self) -> list[Numbers]:
        """The streams; a new block begins."""
        none = np.zeros(0, dtype=np.int64)
        found = [np.concatenate([none, *each]).astype(np.uint32) for each in self._streams]
        self._begin()
        return found


class _Source:
    """Numbers of one stream, one after another."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers, self.at = numbers.astype(np.int64), 0

    def take(self, count: int) -> NDArray[np.int64] | None:
        found = self.numbers[self.at : self.at + count]
        self.at += count
        return found if len(found) == count else None

    def until(self, total: int) -> NDArray[np.int64] | None:
        """Lengths of runs, one less each, that add up to a total."""
        stop, left = self.at, total
        while left > 0 and stop < len(self.numbers):
            left -= int(self.numbers[stop]) + 1
            stop += 1
        found = self.numbers[self.at : stop]
        self.at = stop
        return found if left == 0 else None


def unpack(
    streams: Sequence[Numbers],
    size: int,
    rules: tuple[int, int],
    alts: Numbers,
    form: NDArray[np.uint8],
    start: NDArray[np.int64],
    carriers: NDArray[np.uint32],
    bits: NDArray[np.uint8],
) -> bool:
    """Fill `carriers` and `bits`; False for streams that cannot be right."""
    sources = [_Source(each) for each in streams]
    order: Numbers = np.arange(size, dtype=np.uint32)
    for row, ones in enumerate(alts.tolist()):
        rarer_is_alt = 2 * ones <= size
        few = ones if rarer_is_alt else size - ones
        places = _places(sources, few, size, rules[0])
        if places is None:
            return False
        begin = int(start[row])
        if form[row] == BITS:
            dense = np.full(size, not rarer_is_alt)
            dense[order[places]] = rarer_is_alt
            bits[begin] = np.packbits(dense, bitorder="little")
        else:
            if (form[row] == ALT_CARRIERS) != rarer_is_alt:
                return False
            carriers[begin : begin + few] = np.sort(order[places])
        if few and few >= rules[1]:
            rarer = np.zeros(size, dtype=bool)
            rarer[places] = True
            order = turned(order, rarer if rarer_is_alt else ~rarer)
    return all(source.at == len(source.numbers) for source in sources)


def _places(sources: Sequence[_Source], few: int, size: int, gaps_most: int) -> NDArray[np.int64] | None:
    """Where the rarer allele stands in the order; None when that cannot be."""
    if not few:
        return np.zeros(0, dtype=np.int64)
    if few <= gaps_most:
        first, gaps = sources[FIRST].take(1), sources[GAPS].take(few - 1)
        if first is None or gaps is None:
            return None
        places = np.cumsum(np.concatenate([first, gaps + 1]))
        return places if places[-1] < size else None
    kind = class_of(few, size)
    lengths = sources[MINOR + kind].until(few)
    between = sources[MAJOR + kind].take(len(lengths)) if lengths is not None else None
    if lengths is None or between is None:
        return None
    ends = np.cumsum(between + lengths + 2) - 1
    if ends[-1] > size:
        return None
    starts = ends - lengths - 1
    runs = [np.arange(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.concatenate(runs)
