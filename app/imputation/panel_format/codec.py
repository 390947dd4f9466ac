"""The alleles of a block of sites, packed and unpacked; by the extension in C where it is there.

Sites come one after another into a `Packer`, which keeps them packed; memory grows with what differs between
haplotypes, not with their number. `unpack` gives the same sites in the form of a PanelStretch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.stretch import ALT_CARRIERS, BITS, REF_CARRIERS
from app.imputation.panel_format import numpy_codec
from app.imputation.panel_format.kernel import extension, fast_codec
from app.imputation.panel_format.numbers import BadBlock, Numbers, Unpacker, pack_numbers

STREAMS = numpy_codec.STREAMS
MOST_SITES = 8192  # of a block
MOST_HAPLOTYPES = 1 << 26
_BITS_A_CARRIER = 32
_MOST_ROOM = 64 << 20  # bytes of a block's alleles in memory, but for one site more
_LIMIT = 1 << 20  # numbers of one stream, but for one site more


class Rules(NamedTuple):
    """How a file was packed, written in its header.

    Up to `gaps_most` carriers of the rarer allele are said one by one, more of them as runs; the order of
    haplotypes follows each site with at least `turn_least` of them. These were the best on real panels.
    """

    gaps_most: int = 4
    turn_least: int = 8


BEST = Rules()


@dataclass(frozen=True, eq=False)
class Alleles:
    """What a PanelStretch says of the alleles of its sites; see there."""

    form: NDArray[np.uint8]
    start: NDArray[np.int64]
    count: NDArray[np.int64]
    carriers: NDArray[np.uint32]
    bits: NDArray[np.uint8]


def forms(alts: Numbers, size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """(form, start, count) of sites with so many haplotypes that have ALT."""
    ones = alts.astype(np.int64)
    most = size // _BITS_A_CARRIER
    form = np.where(ones <= most, ALT_CARRIERS, np.where(size - ones <= most, REF_CARRIERS, BITS))
    count = np.where(form == REF_CARRIERS, size - ones, ones)
    carried = np.where(form == BITS, 0, count)
    bits = form == BITS
    start = np.where(bits, np.cumsum(bits) - 1, np.cumsum(carried) - carried)
    return form.astype(np.uint8), start, count


def room_of(alts: Numbers, size: int) -> int:
    """Bytes that the alleles of sites take in memory."""
    form, _, count = forms(alts, size)
    return int(4 * count[form != BITS].sum() + int((form == BITS).sum()) * ((size + 7) // 8))


class Packer:
    """Packs the alleles of the sites of one block after another."""

    def __init__(self, size: int, rules: Rules = BEST) -> None:
        self._size, self._rules = size, rules
        self._state = (numpy_codec.State if not fast_codec() else _FastState)(size, _LIMIT)
        self._alts: list[Numbers] = []
        self.sites = 0
        self._room = 0

    @property
    def full(self) -> bool:
        """Whether the block should be closed before more sites come."""
        return self.sites >= MOST_SITES or self._room >= _MOST_ROOM

    def add(self, rows: NDArray[np.uint8]) -> int:
        """Add sites, uint8 [sites, K] of 0 and 1; how many of them the block took."""
        done = 0
        step = max(1, min(256, _MOST_ROOM // max(1, self._size)))
        while done < len(rows) and not self.full:
            most = min(step, MOST_SITES - self.sites)
            alts = self._state.pack(np.ascontiguousarray(rows[done : done + most]), self._rules)
            if not len(alts):
                break
            self._alts.append(alts)
            self._room += room_of(alts, self._size)
            self.sites += len(alts)
            done += len(alts)
        return done

    def finish(self) -> bytes:
        """The block, packed; the next one begins."""
        alts = np.concatenate(self._alts) if self._alts else np.zeros(0, dtype=np.uint32)
        packed = b"".join(map(pack_numbers, [alts, *self._state.finish()]))
        self._alts, self.sites, self._room = [], 0, 0
        return packed


class _FastState:
    """The order of the haplotypes and the streams of a block, for the extension."""

    def __init__(self, size: int, limit: int) -> None:
        self._size, self._limit, self._room = size, limit, limit + size + 2
        self._scratch = np.zeros(5 * size + size % 2 + 2 * ((size + 63) // 64), dtype=np.uint32)
        self._turned = np.zeros(1, dtype=np.int64)
        self._values = np.empty((STREAMS, self._room), dtype=np.uint32)
        self._fill = np.zeros(STREAMS, dtype=np.int64)
        self._begin()

    def _begin(self) -> None:
        self._scratch[: self._size] = self._scratch[self._size : 2 * self._size] = np.arange(self._size)
        self._turned[:] = self._fill[:] = 0

    def pack(self, rows: NDArray[np.uint8], rules: Rules) -> Numbers:
        alts = np.zeros(len(rows), dtype=np.uint32)
        arrays = self._scratch, self._turned, self._values, self._fill, alts
        done = extension.pack(rows, len(rows), self._size, *rules, *arrays, self._room, self._limit)
        return alts[:done]

    def finish(self) -> list[Numbers]:
        streams = [self._values[each, :fill].copy() for each, fill in enumerate(self._fill.tolist())]
        self._begin()
        return streams


def unpack(data: memoryview, sites: int, size: int, rules: Rules) -> Alleles:
    """The alleles of a block; BadBlock for bytes that cannot be one."""
    block = Unpacker(data, _LIMIT + size + 2)
    alts = block.numbers()
    if len(alts) != sites or (sites and int(alts.max()) > size):
        raise BadBlock("counts that do not fit")
    most = _MOST_ROOM + 256 * ((size + 7) // 8)
    if (room := room_of(alts, size)) > most:
        raise BadBlock(f"a block of {room} bytes")
    streams = [block.numbers() for _ in range(STREAMS)]
    block.end()
    form, start, count = forms(alts, size)
    packed = form == BITS
    carriers = np.empty(int(count[~packed].sum()), dtype=np.uint32)
    bits = np.empty((int(packed.sum()), (size + 7) // 8), dtype=np.uint8)
    work = _unpack_fast if fast_codec() else numpy_codec.unpack
    if not work(streams, size, rules, alts, form, start, carriers, bits):
        raise BadBlock("carriers that do not fit")
    return Alleles(form, start, count, carriers, bits)


def _unpack_fast(
    streams: list[Numbers],
    size: int,
    rules: Rules,
    alts: Numbers,
    form: NDArray[np.uint8],
    start: NDArray[np.int64],
    carriers: NDArray[np.uint32],
    bits: NDArray[np.uint8],
) -> bool:
    ends = np.cumsum([len(each) for each in streams], dtype=np.int64)
    values = np.concatenate(streams)
    scratch = np.empty(4 * size + 2 * ((size + 63) // 64), dtype=np.uint32)
    return extension.unpack(values, ends, len(alts), size, *rules, alts, form, start, carriers, bits, scratch)
