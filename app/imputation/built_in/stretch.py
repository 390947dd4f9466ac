"""Haplotypes of a stretch of a panel in memory: rare alleles by their carriers, the others by bits.

Nine of ten sites of a sequenced panel are rare, so a stretch takes a fraction of one bit an allele. Every
record has one ALT allele here: a record with several stands as one for each, at the same position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALT_CARRIERS, REF_CARRIERS, BITS = 0, 1, 2
_BITS_A_CARRIER = 32
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class PanelStretch:
    """Sites in order of position with the alleles of `size` haplotypes (K), each 0 (REF) or 1 (ALT).

    `positions` int64 [n]; `ids`, `refs`, `alts` text [n]. `form` uint8 [n] says how the alleles of a site
    are held: ALT_CARRIERS or REF_CARRIERS, `carriers[start : start + count]` (uint32, ascending) are the
    haplotypes with that allele and all others have the other one; BITS, row `start` of `bits` (uint8
    [rows, (K + 7) // 8], haplotype k is bit k % 8 of byte k // 8) and `count` haplotypes have ALT.
    `start`, `count` int64 [n]. Carriers never take more room than bits would.
    """

    size: int
    positions: NDArray[np.int64]
    ids: NDArray[np.object_]
    refs: NDArray[np.object_]
    alts: NDArray[np.object_]
    form: NDArray[np.uint8]
    start: NDArray[np.int64]
    count: NDArray[np.int64]
    carriers: NDArray[np.uint32]
    bits: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def alt_counts(self) -> NDArray[np.int64]:
        """How many haplotypes have ALT at each site, [n]."""
        return np.where(self.form == REF_CARRIERS, self.size - self.count, self.count)

    @property
    def nbytes(self) -> int:
        """Bytes that the alleles take."""
        return int(self.carriers.nbytes + self.bits.nbytes)

    def alleles(self, rows: NDArray[np.intp] | slice) -> NDArray[np.uint8]:
        """Alleles of some sites as a dense matrix, uint8 [rows, K]."""
        numbers = np.arange(len(self))[rows]
        dense = np.zeros((len(numbers), self.size), dtype=np.uint8)
        for at, row in enumerate(numbers.tolist()):
            begin, count = int(self.start[row]), int(self.count[row])
            if self.form[row] == BITS:
                dense[at] = np.unpackbits(self.bits[begin], bitorder="little", count=self.size)
            else:
                dense[at, self.carriers[begin : begin + count]] = 1
                if self.form[row] == REF_CARRIERS:
                    dense[at] ^= 1
        return dense

    def alleles_of(self, haplotypes: NDArray[np.intp], rows: slice) -> NDArray[np.uint8]:
        """Alleles of a few haplotypes, each once, at some neighbouring sites: uint8 [rows, haplotypes].

        Nothing is as large as all alleles there.
        """
        form, start, count = self.form[rows], self.start[rows], self.count[rows]
        dense = np.zeros((len(form), len(haplotypes)), dtype=np.uint8)
        packed = np.flatnonzero(form == BITS)
        shifts = (haplotypes & 7).astype(np.uint8)
        for at in range(0, len(packed), _ROWS_AT_ONCE):
            some = packed[at : at + _ROWS_AT_ONCE]
            dense[some] = self.bits[start[some][:, None], haplotypes >> 3] >> shifts & 1
        places = np.full(self.size, -1, dtype=np.int64)
        places[haplotypes] = np.arange(len(haplotypes))
        carried = np.flatnonzero(form != BITS)
        for at in range(0, len(carried), _ROWS_AT_ONCE):
            some = carried[at : at + _ROWS_AT_ONCE]
            many = count[some]
            within = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
            found = places[self.carriers[np.repeat(start[some], many) + within]]
            mine = found >= 0
            dense[np.repeat(some, many)[mine], found[mine]] = 1
        dense[form == REF_CARRIERS] ^= 1
        return dense

    def take(self, rows: NDArray[np.intp] | slice) -> PanelStretch:
        """Some of the sites, in the order given; carriers and bits are shared, not copied."""
        return PanelStretch(
            size=self.size,
            positions=self.positions[rows],
            ids=self.ids[rows],
            refs=self.refs[rows],
            alts=self.alts[rows],
            form=self.form[rows],
            start=self.start[rows],
            count=self.count[rows],
            carriers=self.carriers,
            bits=self.bits,
        )


def stretch_of(
    alleles: NDArray[np.uint8] | NDArray[np.int8],
    positions: NDArray[np.int64],
    ids: Sequence[str] | None = None,
    refs: Sequence[str] | None = None,
    alts: Sequence[str] | None = None,
) -> PanelStretch:
    """A stretch from a dense matrix [sites, K] of 0 and 1; names are `.`, `A` and `G` where not given."""
    sites, size = alleles.shape
    ones = alleles.sum(axis=1, dtype=np.int64)
    most = size // _BITS_A_CARRIER
    form = np.where(ones <= most, ALT_CARRIERS, np.where(size - ones <= most, REF_CARRIERS, BITS))
    start, count = np.zeros(sites, dtype=np.int64), ones.copy()
    pieces: list[NDArray[np.uint32]] = []
    filled, packed = 0, np.flatnonzero(form == BITS)
    start[packed] = np.arange(len(packed))
    for row in np.flatnonzero(form != BITS).tolist():
        wanted = 1 if form[row] == ALT_CARRIERS else 0
        found = np.flatnonzero(alleles[row] == wanted).astype(np.uint32)
        start[row], count[row] = filled, len(found)
        filled += len(found)
        pieces.append(found)
    return PanelStretch(
        size=size,
        positions=np.asarray(positions, dtype=np.int64),
        ids=_texts(ids, ".", sites),
        refs=_texts(refs, "A", sites),
        alts=_texts(alts, "G", sites),
        form=form.astype(np.uint8),
        start=start,
        count=count,
        carriers=np.concatenate(pieces) if pieces else np.empty(0, dtype=np.uint32),
        bits=np.packbits(alleles[packed].astype(np.uint8), axis=1, bitorder="little"),
    )


def _texts(given: Sequence[str] | None, usual: str, sites: int) -> NDArray[np.object_]:
    texts = np.empty(sites, dtype=object)
    texts[:] = usual if given is None else list(given)
    return texts


def join_stretches(pieces: Sequence[PanelStretch]) -> PanelStretch:
    """One stretch behind another, with the carriers and bits of their own sites only; at least one.

    Nothing is as large as the answer but the answer.
    """
    carried = [np.where(each.form == BITS, 0, each.count) for each in pieces]
    packed = [int((each.form == BITS).sum()) for each in pieces]
    carriers = np.empty(sum(int(each.sum()) for each in carried), dtype=np.uint32)
    bits = np.empty((sum(packed), pieces[0].bits.shape[1]), dtype=np.uint8)
    starts: list[NDArray[np.int64]] = []
    filled, rows = 0, 0
    for each, counts, many in zip(pieces, carried, packed, strict=True):
        is_packed = each.form == BITS
        ends = filled + np.cumsum(counts)
        starts.append(np.where(is_packed, rows + np.cumsum(is_packed) - 1, ends - counts))
        np.take(each.bits, each.start[is_packed], axis=0, out=bits[rows : rows + many], mode="clip")
        _copy_carriers(each, counts, ends, carriers)
        filled, rows = filled + int(counts.sum()), rows + many

    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in pieces])

    return PanelStretch(
        size=pieces[0].size,
        positions=all_of("positions"),
        ids=_texts_of([each.ids for each in pieces]),
        refs=_texts_of([each.refs for each in pieces]),
        alts=_texts_of([each.alts for each in pieces]),
        form=all_of("form"),
        start=np.concatenate(starts),
        count=all_of("count"),
        carriers=carriers,
        bits=bits,
    )


def _texts_of(columns: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    """One behind another; what is the same everywhere, as names that were left out, takes no room."""
    some = [each for each in columns if len(each)]
    if some and all(each.strides == (0,) and each[0] == some[0][0] for each in some):
        return np.broadcast_to(np.array(some[0][0], dtype=object), sum(map(len, some)))
    return np.concatenate(columns)


def _copy_carriers(
    stretch: PanelStretch, counts: NDArray[np.int64], ends: NDArray[np.int64], out: NDArray[np.uint32]
) -> None:
    """Some sites at a time: numbers of carriers take more room than these."""
    for at in range(0, len(counts), _ROWS_AT_ONCE):
        some = slice(at, at + _ROWS_AT_ONCE)
        many, stops = counts[some], ends[some]
        begin, stop = int(stops[0] - many[0]), int(stops[-1])
        which = np.repeat(stretch.start[some] - (stops - many), many) + np.arange(begin, stop)
        out[begin:stop] = stretch.carriers[which]
