"""The coordinate-sorted index (.csi) of a BCF, made while the file is written.

Bins of 16 kb to 512 Mb as in a tabix index. Only bins and windows are kept, never a figure a record. Source:
the CSI specification of samtools/hts-specs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.tabix_index import LAST_POSITION, bins_of

_MIN_SHIFT, _DEPTH = 14, 5
_PSEUDO_BIN = 37450
_LEVELS = ((4681, 0), (585, 3), (73, 6), (9, 9), (1, 12), (0, 15))
"""First bin of each level, and how many windows as a power of 2 a bin of it has."""
_PAYLOAD = 0xFF00
Places = NDArray[np.int64]


@dataclass
class _Contig:
    chunks: dict[int, list[list[int]]] = field(default_factory=dict)
    windows: dict[int, int] = field(default_factory=dict)
    last: int = -1
    first_offset: int = 0
    last_offset: int = 0
    records: int = 0


class CsiBuilder:
    """Takes records in the order of the file and gives the bytes of the index."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._contigs: dict[int, _Contig] = {}
        self._now = -1

    def add(self, contig: int, begin: Places, end: Places, start: Places, stop: Places) -> None:
        """Records of one contig: 0-based begin and end, virtual offsets before and behind each.

        ProblemError where they are not sorted, or lie beyond what such an index reaches.
        """
        if not len(begin):
            return
        if contig != self._now and contig in self._contigs:
            raise self._refused("a chromosome comes in two places")
        self._now = contig
        now = self._contigs.setdefault(contig, _Contig(first_offset=int(start[0])))
        if int(begin[0]) < now.last or (np.diff(begin) < 0).any():
            raise self._refused("its positions are not in order")
        if int(end.max()) > LAST_POSITION or int(begin[0]) < 0:
            raise self._refused(f"an index reaches from 1 to {LAST_POSITION:,}")
        now.last, now.last_offset = int(begin[-1]), int(stop[-1])
        now.records += len(begin)
        _add_chunks(now, bins_of(begin, end), start, stop)
        _add_windows(now, begin, end, start)

    def _refused(self, why: str) -> ProblemError:
        return problem(
            Kind.INPUT,
            "The file cannot be indexed",
            f"{self._file_name}: {why}.",
            "Sort the result by chromosome and position first, for example with bcftools sort.",
            subject=self._file_name,
        )

    def packed(self, contigs: int) -> bytes:
        """The whole index of a file whose header names so many contigs, packed as BGZF."""
        body = [b"CSI\1" + struct.pack("<4i", _MIN_SHIFT, _DEPTH, 0, contigs)]
        body += [_bytes_of(self._contigs.get(each)) for each in range(contigs)]
        whole = b"".join(body) + struct.pack("<Q", 0)
        blocks = [pack_block(whole[at : at + _PAYLOAD], 6) for at in range(0, len(whole), _PAYLOAD)]
        return b"".join(blocks) + EOF_MARKER


def _add_chunks(now: _Contig, bins: Places, start: Places, stop: Places) -> None:
    """A run of records of one bin is a chunk; runs that meet in one block are one."""
    first = np.flatnonzero(np.diff(bins, prepend=-1))
    last = np.append(first[1:], len(bins)) - 1
    runs = zip(bins[first].tolist(), start[first].tolist(), stop[last].tolist(), strict=True)
    for number, begin, end in runs:
        chunks = now.chunks.setdefault(number, [])
        if chunks and begin >> 16 <= chunks[-1][1] >> 16:
            chunks[-1][1] = end
        else:
            chunks.append([begin, end])


def _add_windows(now: _Contig, begin: Places, end: Places, start: Places) -> None:
    first, last = begin >> _MIN_SHIFT, np.maximum(end - 1, begin) >> _MIN_SHIFT
    new = np.flatnonzero(np.diff(first, prepend=-1) | (last > first))
    for row in new.tolist():
        for window in range(int(first[row]), int(last[row]) + 1):
            now.windows.setdefault(window, int(start[row]))


def _bytes_of(contig: _Contig | None) -> bytes:
    if contig is None:
        return struct.pack("<i", 0)
    pieces = [struct.pack("<i", len(contig.chunks) + 1)]
    for number, chunks in sorted(contig.chunks.items()):
        head = struct.pack("<IQi", number, _lowest(contig, number), len(chunks))
        pieces.append(head + np.array(chunks, "<u8").tobytes())
    counts = (contig.first_offset, contig.last_offset, contig.records, 0)
    pieces.append(struct.pack("<IQi4Q", _PSEUDO_BIN, 0, 2, *counts))
    return b"".join(pieces)


def _lowest(contig: _Contig, number: int) -> int:
    """The offset of the first record that reaches into the first window of a bin, 0 where there is none."""
    first, power = next(level for level in _LEVELS if number >= level[0])
    return contig.windows.get((number - first) << power, 0)
