"""The tabix index (.tbi) of a VCF with one chromosome, made while the file is written.

Source: the tabix specification of samtools/hts-specs (bins of 16 kb to 512 Mb, a linear index of 16 kb
windows, the pseudo-bin 37450 with counts as htslib writes it).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block

_PSEUDO_BIN = 37450
_WINDOW = 14
LAST_POSITION = 1 << 29
"""Bases that the bins of a tabix index reach."""
_VCF_COLUMNS = (2, 1, 2, 0, ord("#"), 0)
_PAYLOAD = 0xFF00
Places = NDArray[np.int64]


@dataclass(frozen=True)
class IndexedRows:
    """Where records lie: 0-based `begin` and `end` on the chromosome, virtual offsets `start` and `stop`.

    Sorted by `begin`. A virtual offset is the place of a block in the file << 16 | the place in its text.
    """

    begin: Places
    end: Places
    start: NDArray[np.uint64]
    stop: NDArray[np.uint64]


def write_tabix(path: Path, chromosome: str, rows: IndexedRows) -> None:
    """Write the index of a file that holds these records and nothing else; whole or not at all.

    OSError; ProblemError where a position lies beyond the bins of such an index.
    """
    if int(rows.end.max(initial=0)) > LAST_POSITION or int(rows.begin.min(initial=0)) < 0:
        raise problem(
            Kind.INPUT,
            "A position cannot be indexed",
            f"An index reaches from 1 to {LAST_POSITION:,}, and {path.name} has positions outside.",
            "Leave out positions that are no places on a chromosome.",
            subject=path.name,
        )
    names = chromosome.encode() + b"\0"
    head = b"TBI\x01" + struct.pack("<8i", 1, *_VCF_COLUMNS, len(names)) + names
    body = head + _bins(rows) + _linear(rows) + struct.pack("<Q", 0)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            for at in range(0, len(body), _PAYLOAD):
                file.write(pack_block(body[at : at + _PAYLOAD], 6))
            file.write(EOF_MARKER)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def bins_of(begin: Places, end: Places) -> NDArray[np.int64]:
    """The smallest bin that holds each stretch (reg2bin of the specification)."""
    last = np.maximum(end - 1, begin)
    result = np.zeros(len(begin), np.int64)
    done = np.zeros(len(begin), bool)
    for shift, first in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        here = ~done & (begin >> shift == last >> shift)
        result[here] = first + (begin[here] >> shift)
        done |= here
    return result


def _bins(rows: IndexedRows) -> bytes:
    bins = bins_of(rows.begin, rows.end)
    order = np.argsort(bins, kind="stable")
    numbers, first = np.unique(bins[order], return_index=True)
    pieces = [struct.pack("<i", len(numbers) + 1)]
    for number, members in zip(numbers.tolist(), np.split(order, first[1:]), strict=True):
        chunks = _chunks(members, rows)
        pieces.append(struct.pack("<Ii", number, len(chunks)) + chunks.tobytes())
    pieces.append(_counts(rows))
    return b"".join(pieces)


def _chunks(members: Places, rows: IndexedRows) -> NDArray[np.uint64]:
    """[chunks, 2] offsets of runs of records of one bin; runs that meet in one block are one."""
    gap = rows.start[members[1:]] >> np.uint64(16) > rows.stop[members[:-1]] >> np.uint64(16)
    cut = np.flatnonzero(gap)
    starts = rows.start[members[np.concatenate([[0], cut + 1])]]
    stops = rows.stop[members[np.concatenate([cut, [len(members) - 1]])]]
    return np.ascontiguousarray(np.stack([starts, stops], axis=1), "<u8")


def _counts(rows: IndexedRows) -> bytes:
    first, last = int(rows.start[0]), int(rows.stop[-1])
    return struct.pack("<Ii4Q", _PSEUDO_BIN, 2, first, last, len(rows.begin), 0)


def _linear(rows: IndexedRows) -> bytes:
    """The lowest offset of a record that reaches into each window of 16 kb; gaps take the next one's."""
    first, last = rows.begin >> _WINDOW, np.maximum(rows.end - 1, rows.begin) >> _WINDOW
    windows = np.full(int(last.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(windows, first, rows.start)
    for row in np.flatnonzero(last > first).tolist():
        reached = windows[first[row] : last[row] + 1]
        np.minimum(reached, rows.start[row], out=reached)
    windows = np.minimum.accumulate(windows[::-1])[::-1]
    return struct.pack("<i", len(windows)) + np.ascontiguousarray(windows, "<u8").tobytes()
