"""Tabix (.tbi) and coordinate-sorted (.csi) indexes, made batch by batch while a file goes by.

Sources: the tabix and CSI specifications of samtools/hts-specs; what they leave open is done as htslib does
it (the linear index takes the lowest offset that reaches into a window, the pseudo-bin counts records).
Memory grows with the number of bins, not with the number of records.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.tabix_index import LAST_POSITION

_SMALLEST = 14
_LEVELS = (14, 17, 20, 23, 26, 29, 32)
"""Widths of the windows of each level, as powers of two; a tabix index ends at 29."""
_UNSET = np.iinfo(np.uint64).max
_BLOCK = np.uint64(16)
_VCF_COLUMNS = struct.pack("<6i", 2, 1, 2, 0, ord("#"), 0)
_PAYLOAD = 0xFF00
Places = NDArray[np.int64]
Offsets = NDArray[np.uint64]


@dataclass
class _Chromosome:
    """The bins of one chromosome, as (level << 40 | window) → chunks of virtual offsets."""

    bins: dict[int, list[list[int]]] = field(default_factory=dict)
    linear: Offsets = field(default_factory=lambda: np.full(1024, _UNSET))
    windows: int = 0
    first: int = -1
    last: int = 0
    records: int = 0
    end: int = 0

    def add(self, begin: Places, end: Places, start: Offsets, stop: Offsets) -> None:
        """Records in order of their begin."""
        if self.first < 0:
            self.first = int(start[0])
        self.last = int(stop[-1])
        self.records += len(begin)
        self.end = max(self.end, int(end.max()))
        self._reach(begin, np.maximum(end - 1, begin), start)
        keys = _keys(begin, np.maximum(end - 1, begin))
        cut = np.flatnonzero(keys[1:] != keys[:-1])
        firsts, lasts = np.concatenate([[0], cut + 1]), np.concatenate([cut, [len(keys) - 1]])
        runs = zip(keys[firsts].tolist(), start[firsts].tolist(), stop[lasts].tolist(), strict=True)
        for key, begins, ends in runs:
            chunks = self.bins.setdefault(key, [])
            if chunks and begins >> 16 <= chunks[-1][1] >> 16:
                chunks[-1][1] = ends
            else:
                chunks.append([begins, ends])

    def _reach(self, begin: Places, last: Places, start: Offsets) -> None:
        low, high = begin >> _SMALLEST, last >> _SMALLEST
        most = int(high.max()) + 1
        if most > len(self.linear):
            bigger = np.full(2 * most, _UNSET)
            bigger[: len(self.linear)] = self.linear
            self.linear = bigger
        self.windows = max(self.windows, most)
        np.minimum.at(self.linear, low, start)
        for row in np.flatnonzero(high > low).tolist():
            reached = self.linear[low[row] : high[row] + 1]
            np.minimum(reached, start[row], out=reached)

    def filled(self) -> Offsets:
        """The linear index, where gaps take the offset of the next window."""
        known = self.linear[: self.windows]
        return np.asarray(np.minimum.accumulate(known[::-1])[::-1], np.uint64)


def _keys(begin: Places, last: Places) -> Places:
    """The smallest window that holds each record, as level << 40 | number of the window."""
    keys = np.zeros(len(begin), np.int64)
    open_rows = np.ones(len(begin), bool)
    for level, shift in enumerate(_LEVELS):
        here = open_rows & (begin >> shift == last >> shift)
        keys[here] = level << 40 | (begin[here] >> shift)
        open_rows &= ~here
        if not open_rows.any():
            break
    return keys


def _bin_number(key: int, depth: int) -> int:
    level, window = key >> 40, key & ((1 << 40) - 1)
    return int(((1 << 3 * (depth - level)) - 1) // 7 + window)


class IndexBuilder:
    """Collects where records lie; `packed` gives the finished index."""

    def __init__(self) -> None:
        self._chromosomes: dict[bytes, _Chromosome] = {}

    def add(self, name: bytes, begin: Places, end: Places, start: Offsets, stop: Offsets) -> None:
        """Records of one chromosome behind all those so far.

        `begin` and `end` are 0-based, half-open; `start` and `stop` virtual offsets of the lines.
        """
        if len(begin):
            begin = np.maximum(begin, 0)
            end = np.maximum(end, begin + 1)
            self._chromosomes.setdefault(name, _Chromosome()).add(begin, end, start, stop)

    @property
    def records(self) -> int:
        """How many records were added."""
        return sum(each.records for each in self._chromosomes.values())

    @property
    def reaches(self) -> bool:
        """Whether an index can reach all records: it ends at four gigabases."""
        return all(each.end <= 1 << _LEVELS[-1] for each in self._chromosomes.values())

    @property
    def suffix(self) -> str:
        """`.tbi`, or `.csi` where a position lies beyond the 512 Mb that a tabix index reaches."""
        far = max((each.end for each in self._chromosomes.values()), default=0) > LAST_POSITION
        return ".csi" if far else ".tbi"

    def packed(self, suffix: str | None = None) -> bytes:
        """The index as it is stored, in BGZF."""
        text = self._csi() if (suffix or self.suffix) == ".csi" else self._tbi()
        blocks = [pack_block(text[at : at + _PAYLOAD], 6) for at in range(0, len(text), _PAYLOAD)]
        return b"".join(blocks) + EOF_MARKER

    def _names(self) -> bytes:
        return b"".join(name + b"\0" for name in self._chromosomes)

    def _tbi(self) -> bytes:
        names = self._names()
        pieces = [b"TBI\x01", struct.pack("<i", len(self._chromosomes)), _VCF_COLUMNS]
        pieces += [struct.pack("<i", len(names)), names]
        for each in self._chromosomes.values():
            linear = each.filled()
            pieces.append(_bins(each, 5, None))
            pieces += [struct.pack("<i", len(linear)), np.ascontiguousarray(linear, "<u8").tobytes()]
        return b"".join(pieces) + struct.pack("<Q", 0)

    def _csi(self) -> bytes:
        names = self._names()
        far = max((each.end for each in self._chromosomes.values()), default=0) > LAST_POSITION
        depth = 6 if far else 5
        auxiliary = _VCF_COLUMNS + struct.pack("<i", len(names)) + names
        pieces = [b"CSI\x01", struct.pack("<3i", _SMALLEST, depth, len(auxiliary)), auxiliary]
        pieces.append(struct.pack("<i", len(self._chromosomes)))
        pieces += [_bins(each, depth, each.filled()) for each in self._chromosomes.values()]
        return b"".join(pieces) + struct.pack("<Q", 0)


def _bins(each: _Chromosome, depth: int, linear: Offsets | None) -> bytes:
    """The bins of a chromosome; with `linear` those of a CSI, where each has its lowest offset."""
    pieces = [struct.pack("<i", len(each.bins) + 1)]
    for key in sorted(each.bins, key=lambda key: _bin_number(key, depth)):
        chunks = each.bins[key]
        pieces.append(struct.pack("<I", _bin_number(key, depth)))
        if linear is not None:
            pieces.append(struct.pack("<Q", _lowest(key, linear)))
        pieces.append(struct.pack("<i", len(chunks)))
        pieces += [struct.pack("<2Q", *chunk) for chunk in chunks]
    pseudo = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    pieces.append(struct.pack("<I", pseudo) + (struct.pack("<Q", 0) if linear is not None else b""))
    pieces.append(struct.pack("<i4Q", 2, each.first, each.last, each.records, 0))
    return b"".join(pieces)


def _lowest(key: int, linear: Offsets) -> int:
    level, window = key >> 40, key & ((1 << 40) - 1)
    leaf = window << 3 * level
    return int(linear[leaf]) if leaf < len(linear) else 0
