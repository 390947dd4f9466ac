"""The first nine columns of many VCF rows at once, in NumPy."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
_TAB = 9
_LONGEST_HEAD = 1024
_ROWS_AT_ONCE = 8192  # bounds the memory of the search for tabs: rows × width bytes


class SiteFlag(IntFlag):
    """What is odd about a record; kept as one number a record."""

    SAME_ALLELES = 1
    MULTIALLELIC = 2
    INDEL = 4
    SYMBOLIC = 8
    BAD_ALLELE = 16
    LOWER_CASE = 32
    FILTERED = 64
    NO_GT = 128
    GT_NOT_FIRST = 256
    HAS_SLASH = 512
    HAS_PIPE = 1024
    HAPLOID = 2048
    HALF_CALL = 4096
    ALLELE_TOO_BIG = 8192
    BAD_GENOTYPE = 16384


_LETTERS = np.zeros(256, np.uint8)
_LETTERS[list(b"ACGT")] = 1
_LETTERS[list(b"acgt")] = 2


@dataclass
class Rows:
    """Rows of one piece of text, all with the needed columns.

    `start`, `end` are byte places in `text`; `tabs` (rows, 7 or 9) are the places of the first tabs.
    """

    text: Bytes
    start: Places
    end: Places
    tabs: Places

    def heads(self) -> Rows:
        """The same with the first columns alone as text, close together in memory; `end` is theirs.

        Itself where one of them is long.
        """
        width = int((self.tabs[:, -1] - self.start).max(initial=0)) + 1
        if width > _LONGEST_HEAD:
            return self
        text = np.zeros(len(self.start) * width + 16, np.uint8)
        text[:-16].reshape(-1, width)[:] = windows(self.text, self.start, width)
        start = np.arange(len(self.start)) * width
        tabs = self.tabs + (start - self.start)[:, None]
        return Rows(text, start, tabs[:, -1], tabs)

    def field(self, row: int, column: int) -> bytes:
        """The bytes of one of the first columns."""
        begin = self.start[row] if column == 0 else self.tabs[row, column - 1] + 1
        stop = self.tabs[row, column] if column < self.tabs.shape[1] else self.end[row]
        return self.text[begin:stop].tobytes()


def windows(text: Bytes, places: Places, width: int) -> Bytes:
    """`width` bytes from each place on, as (places, width); `text` must reach that far."""
    every = np.ndarray((len(text) - width + 1, width), np.uint8, buffer=text.data, strides=(1, 1))
    result: Bytes = every[places]
    return result


def first_tabs(
    text: Bytes, start: Places, end: Places, wanted: int, width: int
) -> tuple[Places, NDArray[np.bool_]]:
    """The places of the first `wanted` tabs of each row, and which rows have so many.

    Looks at `width` bytes in NumPy, and farther piece by piece where that was too short.
    """
    parts = [
        _first_tabs(text, start[at : at + _ROWS_AT_ONCE], end[at : at + _ROWS_AT_ONCE], wanted, width)
        for at in range(0, max(1, len(start)), _ROWS_AT_ONCE)
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([tabs for tabs, _ in parts]), np.concatenate([enough for _, enough in parts])


def _first_tabs(
    text: Bytes, start: Places, end: Places, wanted: int, width: int
) -> tuple[Places, NDArray[np.bool_]]:
    is_tab = windows(text, start, width) == _TAB
    is_tab &= np.arange(width) < (end - start)[:, None]
    found = np.count_nonzero(is_tab, axis=1)
    flat = np.flatnonzero(is_tab)
    first = np.cumsum(found) - found
    enough = found >= wanted
    tabs = np.zeros((len(start), wanted), np.int64)
    pick = first[enough, None] + np.arange(wanted)
    rows = np.flatnonzero(enough)[:, None]
    tabs[enough] = flat[pick] - rows * width + start[enough, None] if len(rows) else 0
    for row in np.flatnonzero(~enough & (end - start > width)):
        enough[row] = _search_tabs(text, int(start[row]), int(end[row]), tabs[row])
    return tabs, enough


def _search_tabs(text: Bytes, start: int, end: int, tabs: NDArray[np.int64]) -> bool:
    step = 4096
    found = 0
    while found < len(tabs) and start < end:
        here = np.flatnonzero(text[start : min(start + step, end)] == _TAB)[: len(tabs) - found]
        tabs[found : found + len(here)] = here + start
        found += len(here)
        start += step
    return found == len(tabs)


def positions(rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """POS of each row and whether it is a whole number of at most ten digits; -1 where it is not."""
    begin = rows.tabs[:, 0] + 1
    length = rows.tabs[:, 1] - begin
    digits = windows(rows.text, begin, 10)
    value = np.zeros(len(begin), np.int64)
    good = (length > 0) & (length <= 10)
    for k in range(int(min(10, length.max(initial=0)))):
        active = length > k
        digit = digits[:, k] - np.uint8(48)
        good &= ~active | (digit <= 9)
        value = np.where(active, value * 10 + digit, value)
    value[~good] = -1
    return value, good


def alleles(rows: Rows) -> tuple[NDArray[np.uint16], NDArray[np.uint64]]:
    """Flags of REF and ALT and a number of 24 bits for the pair, equal for equal pairs."""
    ref_at, alt_at = rows.tabs[:, 2] + 1, rows.tabs[:, 3] + 1
    single = (rows.tabs[:, 3] - ref_at == 1) & (rows.tabs[:, 4] - alt_at == 1)
    ref, alt = rows.text[ref_at], rows.text[alt_at]
    kinds = np.minimum(_LETTERS[ref], _LETTERS[alt])
    same = single & ((ref & np.uint8(0xDF)) == (alt & np.uint8(0xDF)))  # capitals of the letters
    flags = np.where(same, SiteFlag.SAME_ALLELES, 0).astype(np.uint16)
    flags[single & (np.maximum(_LETTERS[ref], _LETTERS[alt]) == 2)] |= np.uint16(SiteFlag.LOWER_CASE)
    code = (ref.astype(np.uint64) << np.uint64(8)) | alt
    for row in np.flatnonzero(~single | (kinds == 0)):
        pair = rows.field(int(row), 3), rows.field(int(row), 4)
        flags[row] = allele_flags(*pair)
        code[row] = zlib.crc32(b"\t".join(pair)) & 0x7FFFFF | 0x800000
    return flags, code


def allele_flags(ref: bytes, alt: bytes) -> SiteFlag:
    """What is odd about a pair of alleles that is not simply two letters of ACGT."""
    flags = SiteFlag(0)
    each_alt = alt.split(b",")
    if len(each_alt) > 1:
        flags |= SiteFlag.MULTIALLELIC
    if ref.upper() in [each.upper() for each in each_alt]:
        flags |= SiteFlag.SAME_ALLELES
    for each in (ref, *each_alt):
        flags |= _one_allele(each)
    if len({len(each) for each in (ref, *each_alt) if each.isalpha()}) > 1 or len(ref) > 1:
        flags |= SiteFlag.INDEL
    return flags


def _one_allele(text: bytes) -> SiteFlag:
    if not text.strip(b"ACGTacgt") and text:
        return SiteFlag.LOWER_CASE if text != text.upper() else SiteFlag(0)
    if text in (b"*", b".") or text[:1] == b"<" or b"[" in text or b"]" in text:
        return SiteFlag.SYMBOLIC
    return SiteFlag.BAD_ALLELE


def filtered(rows: Rows) -> NDArray[np.bool_]:
    """Which rows have a FILTER that is neither PASS nor a dot."""
    begin = rows.tabs[:, 5] + 1
    length = rows.tabs[:, 6] - begin
    word = windows(rows.text, begin, 4)
    passed = (length == 4) & (word.view("<u4")[:, 0] == int.from_bytes(b"PASS", "little"))
    result: NDArray[np.bool_] = ~(passed | ((length == 1) & (word[:, 0] == ord("."))))
    return result


def format_kind(rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows have FORMAT `GT` alone, and which have GT first."""
    begin = rows.tabs[:, 7] + 1
    length = rows.tabs[:, 8] - begin
    word = windows(rows.text, begin, 3)
    has = (word[:, 0] == ord("G")) & (word[:, 1] == ord("T"))
    return has & (length == 2), has & ((length == 2) | ((length > 2) & (word[:, 2] == ord(":"))))
