"""The tabix index (.tbi or .csi) of a VCF with any number of chromosomes, made while the file is written.

Only the bins and the windows of the chromosomes so far are kept, never a figure a record.
Source: the tabix specification of samtools/hts-specs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.tabix_index import LAST_POSITION, bins_of

_PSEUDO_BIN = 37450
_WINDOW, _DEPTH = 14, 5
_VCF_COLUMNS = (2, 1, 2, 0, ord("#"), 0)
_PAYLOAD = 0xFF00
_NOWHERE = np.uint64(0xFFFFFFFFFFFFFFFF)
Places = NDArray[np.int64]
Offsets = NDArray[np.uint64]


@dataclass
class _Chromosome:
    name: str
    chunks: dict[int, list[list[int]]] = field(default_factory=dict)
    windows: Offsets = field(default_factory=lambda: np.full(64, _NOWHERE))
    highest: int = 0
    last: int = -1
    first_offset: int = 0
    last_offset: int = 0
    records: int = 0


class TabixBuilder:
    """Takes records in the order of the file and gives the bytes of the index."""

    def __init__(self, file_name: str, *, csi: bool = False) -> None:
        """`csi`: the same index in the newer form, which some programs ask for."""
        self.ending = ".csi" if csi else ".tbi"
        self._csi, self._file_name = csi, file_name
        self._done: list[bytes] = []
        self._names: list[str] = []
        self._now: _Chromosome | None = None

    def add(self, chromosome: str, begin: Places, end: Places, start: Offsets, stop: Offsets) -> None:
        """Records of one chromosome: 0-based begin and end, virtual offsets of the first and behind the last
        byte. ProblemError where they are not sorted or lie beyond what an index reaches."""
        if not len(begin):
            return
        now = self._chromosome(chromosome)
        if int(begin[0]) < now.last or (np.diff(begin) < 0).any():
            raise self._refused(f"the positions of chromosome {chromosome} are not in order")
        if int(end.max()) > LAST_POSITION or int(begin[0]) < 0:
            raise self._refused(
                f"an index reaches from 1 to {LAST_POSITION:,}, and there are positions outside"
            )
        if not now.records:
            now.first_offset = int(start[0])
        now.last, now.last_offset = int(begin[-1]), int(stop[-1])
        now.records += len(begin)
        _add_chunks(now, bins_of(begin, end), start, stop)
        _add_windows(now, begin, end, start)

    def _chromosome(self, name: str) -> _Chromosome:
        if self._now is None or self._now.name != name:
            if name in self._names:
                raise self._refused(f"chromosome {name} comes in two places")
            self._finish()
            self._now = _Chromosome(name)
            self._names.append(name)
        return self._now

    def _refused(self, why: str) -> ProblemError:
        return problem(
            Kind.INPUT,
            "The file cannot be indexed",
            f"{self._file_name}: {why}.",
            "Sort the files by chromosome and position first.",
            subject=self._file_name,
        )

    def _finish(self) -> None:
        now = self._now
        if now is None:
            return
        self._done.append(_as_csi(now) if self._csi else _as_tbi(now))
        self._now = None

    def packed(self) -> bytes:
        """The whole index, packed as BGZF."""
        self._finish()
        names = b"".join(name.encode() + b"\0" for name in self._names)
        about = struct.pack("<7i", *_VCF_COLUMNS, len(names)) + names
        count = struct.pack("<i", len(self._names))
        if self._csi:
            head = b"CSI\x01" + struct.pack("<3i", _WINDOW, _DEPTH, len(about)) + about + count
        else:
            head = b"TBI\x01" + count + about
        body = head + b"".join(self._done) + struct.pack("<Q", 0)
        blocks = [pack_block(body[at : at + _PAYLOAD], 6) for at in range(0, len(body), _PAYLOAD)]
        return b"".join(blocks) + EOF_MARKER


def _as_tbi(now: _Chromosome) -> bytes:
    pieces = [struct.pack("<i", len(now.chunks) + 1)]
    for number, chunks in sorted(now.chunks.items()):
        pieces.append(struct.pack("<Ii", number, len(chunks)) + np.array(chunks, "<u8").tobytes())
    pieces.append(struct.pack("<Ii4Q", _PSEUDO_BIN, 2, *_counts(now)))
    windows = _windows(now)
    pieces.append(struct.pack("<i", len(windows)) + windows.tobytes())
    return b"".join(pieces)


def _as_csi(now: _Chromosome) -> bytes:
    """Each bin with the offset of the first record that reaches into its first window."""
    windows = _windows(now)
    pieces = [struct.pack("<i", len(now.chunks) + 1)]
    for number, chunks in sorted(now.chunks.items()):
        level = next(level for level in range(_DEPTH, -1, -1) if number >= _first_bin(level))
        window = (number - _first_bin(level)) << 3 * (_DEPTH - level)
        head = struct.pack("<IQi", number, int(windows[window]), len(chunks))
        pieces.append(head + np.array(chunks, "<u8").tobytes())
    pieces.append(struct.pack("<IQi4Q", _PSEUDO_BIN, 0, 2, *_counts(now)))
    return b"".join(pieces)


def _first_bin(level: int) -> int:
    return ((1 << 3 * level) - 1) // 7


def _counts(now: _Chromosome) -> tuple[int, int, int, int]:
    return now.first_offset, now.last_offset, now.records, 0


def _windows(now: _Chromosome) -> Offsets:
    windows = np.minimum.accumulate(now.windows[: now.highest + 1][::-1])[::-1]
    return np.ascontiguousarray(windows, "<u8")


def _add_chunks(now: _Chromosome, bins: Places, start: Offsets, stop: Offsets) -> None:
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


def _add_windows(now: _Chromosome, begin: Places, end: Places, start: Offsets) -> None:
    first, last = begin >> _WINDOW, np.maximum(end - 1, begin) >> _WINDOW
    now.highest = max(now.highest, int(last.max()))
    if now.highest >= len(now.windows):
        more = np.full(2 * now.highest + 1, _NOWHERE)
        more[: len(now.windows)] = now.windows
        now.windows = more
    np.minimum.at(now.windows, first, start)
    for row in np.flatnonzero(last > first).tolist():
        reached = now.windows[first[row] : last[row] + 1]
        np.minimum(reached, start[row], out=reached)
