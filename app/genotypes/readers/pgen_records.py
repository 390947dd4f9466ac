"""Variant records of a PLINK 2 .pgen: five ways to pack two-bit genotypes, and the tracks behind them.

Written from the format's specification (PLINK 2 file format specification draft, section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, Bits, Codes, unpack
from app.genotypes.readers.calls import GAP

MULTIALLELIC_BIT, PHASE_BIT = 8, 16
_LD, _LD_INVERTED = 2, 3
_INVERTED = np.array([2, 1, 0, 3], np.uint8)
_GROUP = 64
_FOUR_CODES = unpack(np.arange(256, dtype=np.uint8)[:, None], 4).view(np.uint32)[:, 0]


class BrokenRecord(Exception):
    """Bytes that no .pgen can have; says what is wrong."""


@dataclass
class Alleles:
    """Allele numbers of a record with several ALT alleles, [samples], the smaller first; GAP is missing."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]


class Cursor:
    """A place in the bytes of one record; reading behind its end is a BrokenRecord."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> NDArray[np.uint8]:
        """The next bytes."""
        if count > len(self.data) - self.at:
            raise BrokenRecord("a record is shorter than its content")
        piece = np.frombuffer(self.data, np.uint8, count, self.at)
        self.at += count
        return piece

    def rest(self, most: int) -> NDArray[np.uint8]:
        """Up to `most` bytes that follow, without moving."""
        return np.frombuffer(self.data, np.uint8, min(most, len(self.data) - self.at), self.at)

    def byte(self) -> int:
        """The next byte."""
        if self.at >= len(self.data):
            raise BrokenRecord("a record is shorter than its content")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        """A number of 7 bits a byte."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise BrokenRecord("a number is too long")

    def bits(self, count: int) -> Bits:
        """An array of bits that begins here and ends at a whole byte."""
        return np.unpackbits(self.take((count + 7) // 8), count=count, bitorder="little").astype(bool)


def plain(raw: NDArray[np.uint8], samples: int) -> Codes:
    """Codes of one packed row."""
    codes: Codes = _FOUR_CODES[raw].view(np.uint8)[:samples]
    return codes


def main_track(cursor: Cursor, kind: int, samples: int, base: Codes | None) -> Codes:
    """Codes of the first track; `base` are those of the last record that was not LD-compressed."""
    kind &= 7
    if kind == 0:
        return plain(cursor.take((samples + 3) // 4), samples)
    if kind == 1:
        codes = _two_categories(cursor, samples)
    elif kind in (_LD, _LD_INVERTED):
        if base is None:
            raise BrokenRecord("the first record of a block refers to one before it")
        codes = base.copy()
    elif kind == 5:
        raise BrokenRecord("a record is of a kind that is reserved")
    else:
        codes = np.full(samples, kind & 3, np.uint8)
    ids, values = difference_list(cursor, samples, with_values=True)
    codes[ids] = values
    return _INVERTED[codes] if kind == _LD_INVERTED else codes  # differences are those before the exchange


def is_base(kind: int) -> bool:
    """Whether later records may refer to this one."""
    return kind & 7 not in (_LD, _LD_INVERTED)


def _two_categories(cursor: Cursor, samples: int) -> Codes:
    which = cursor.byte()
    if which not in (1, 2, 3, 5, 6, 9):
        raise BrokenRecord("the two usual categories of a record are impossible")
    low, step = which >> 2, which & 3
    codes: Codes = np.unpackbits(cursor.take((samples + 7) // 8), count=samples, bitorder="little")
    codes *= np.uint8(step)
    codes += np.uint8(low)
    return codes


def difference_list(
    cursor: Cursor, samples: int, *, with_values: bool
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Samples of a list in rising order and, where there are any, their two-bit values."""
    count = cursor.varint()
    nothing = np.zeros(0, np.uint8)
    if not count:
        return np.zeros(0, np.int64), nothing
    if count > samples:
        raise BrokenRecord("a list has more samples than the file")
    groups = -(-count // _GROUP)
    width = 1 + (samples > 1 << 8) + (samples > 1 << 16) + (samples > 1 << 24)
    first = np.zeros((groups, 4), np.uint8)
    first[:, :width] = cursor.take(groups * width).reshape(groups, width)
    cursor.take(groups - 1)  # sizes of groups, for those who skip some
    values = plain(cursor.take((count + 3) // 4), count) if with_values else nothing
    ids = _summed(first.view("<u4")[:, 0], _varints(cursor, count - groups))[:count]
    if ids[-1] >= samples or (ids[1:] <= ids[:-1]).any():
        raise BrokenRecord("a list of samples is out of order")
    return ids, values


def _summed(first: NDArray[np.uint32], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Samples from the first of each group and the steps between the others."""
    if len(first) == 1:
        return np.cumsum(np.concatenate([first.astype(np.int64), steps]))
    padded = np.zeros(len(first) * (_GROUP - 1), np.int64)
    padded[: len(steps)] = steps
    every = np.empty((len(first), _GROUP), np.int64)
    every[:, 0] = first
    every[:, 1:] = padded.reshape(-1, _GROUP - 1)
    return np.cumsum(every, axis=1).reshape(-1)


def _varints(cursor: Cursor, count: int) -> NDArray[np.int64]:
    raw = cursor.rest(5 * count)
    ends = np.flatnonzero(raw < 128)[:count]
    if len(ends) < count:
        raise BrokenRecord("a list of samples is cut")
    if not count:
        return ends
    cursor.take(int(ends[-1]) + 1)
    if ends[-1] == count - 1:
        return raw[:count].astype(np.int64)
    values = raw[ends].astype(np.int64)
    extra = ends.copy()
    extra[1:] -= ends[:-1] + 1
    if int(extra.max()) > 4:
        raise BrokenRecord("a number is too long")
    for place in range(1, int(extra.max()) + 1):
        some = np.flatnonzero(extra >= place)
        values[some] = values[some] << np.int64(7) | raw[ends[some] - place] & np.uint8(127)
    return values


def _numbers(cursor: Cursor, count: int, width: int) -> NDArray[np.int32]:
    """Fixed-width numbers of 0 to 24 bits, packed."""
    if not width:
        return np.zeros(count, np.int32)
    bits = cursor.bits(count * width).reshape(count, width)
    result: NDArray[np.int32] = bits @ (1 << np.arange(width, dtype=np.int32))
    return result


def several_alleles(cursor: Cursor, codes: Codes, alts: int) -> Alleles:
    """The track of hard calls with an ALT allele after the first."""
    first = np.where(codes == HOM_ALT, 1, 0).astype(np.int32)
    second = np.where(codes >= HET, 1, 0).astype(np.int32)
    first[codes == 3] = second[codes == 3] = GAP
    form = cursor.byte()
    hets = _patched(cursor, form & 15, np.flatnonzero(codes == HET), len(codes))
    if len(hets):
        second[hets] = _numbers(cursor, len(hets), _width(alts - 1)) + 2
    homs = _patched(cursor, form >> 4, np.flatnonzero(codes == HOM_ALT), len(codes))
    if len(homs) and alts == 2:
        first[homs] = 1 + cursor.bits(len(homs))
        second[homs] = 2
    elif len(homs):
        pairs = _numbers(cursor, 2 * len(homs), _width(alts)).reshape(-1, 2)
        first[homs], second[homs] = pairs[:, 0] + 1, pairs[:, 1] + 1
    if int(second.max(initial=0)) > alts or int(first.max(initial=0)) > alts:
        raise BrokenRecord("a genotype has an allele that is not listed")
    return Alleles(first, second)


def _patched(cursor: Cursor, form: int, candidates: NDArray[np.intp], samples: int) -> NDArray[np.intp]:
    if form == 15:
        return candidates[:0]
    if form == 0:
        return candidates[cursor.bits(len(candidates))]
    if form == 1:
        ids, _ = difference_list(cursor, samples, with_values=False)
        if not np.isin(ids, candidates).all():
            raise BrokenRecord("a list names samples that are of another category")
        return ids.astype(np.intp)
    raise BrokenRecord("a list of genotypes is of a kind that is reserved")


def _width(values: int) -> int:
    """Bits that tell so many values apart, of the widths that the format has."""
    for width in (0, 1, 2, 4, 8, 16):
        if values <= 1 << width:
            return width
    return 24


def phase_track(cursor: Cursor, hets: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the het samples: those that are phased, and those of them that are swapped (`1|0`)."""
    start = cursor.bits(len(hets) + 1)
    if not start[0]:
        return hets, hets[start[1:]]
    phased = hets[start[1:]]
    return phased, phased[cursor.bits(len(phased))]
