"""Genotypes of a VCF row of any form, cell by cell: extra FORMAT fields, haploid calls, many alleles.

Each different genotype of a row is understood once; the cells then look it up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import RowFlag
from app.genotypes.rows import SiteFlag

MISSING_ALLELE, ABSENT_ALLELE, MOST_ALLELES = 255, 254, 253
LONGEST_GT, MOST_DIGITS = 64, 5
_TAB, _COLON = ord("\t"), ord(":")
_ENDS = np.zeros(256, bool)  # letters behind a genotype
_ENDS[[_TAB, _COLON]] = True
_KEPT = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], np.uint32)  # of a word of so many letters
_FEW = 12
_SEPARATOR = re.compile(rb"[|/]")
_SERVER_MISSING = (b".", b"./.", b".|.")
_REF, _HET, _ALT, _MISSING, _NEITHER = range(5)


@dataclass(frozen=True)
class Call:
    """One genotype understood. `kind` is hom-ref, het, hom-alt, missing or neither (half or unreadable)."""

    kind: int
    first: int
    second: int
    highest: int
    alleles: int
    called: int
    half: bool
    bad: bool
    slashes: int
    pipes: int


_NO_CALL = Call(_NEITHER, MISSING_ALLELE, MISSING_ALLELE, 0, 0, 0, False, True, 0, 0)


@lru_cache(maxsize=4096)
def call_of(text: bytes) -> Call:
    """A genotype as it is written, without what follows a colon."""
    words = _SEPARATOR.split(text)
    slashes, pipes = text.count(b"/"), text.count(b"|")
    good = all(each == b"." or (each.isdigit() and len(each) <= MOST_DIGITS) for each in words)
    if not good or len(text) > LONGEST_GT:
        return Call(_NEITHER, MISSING_ALLELE, MISSING_ALLELE, 0, len(words), 0, False, True, slashes, pipes)
    numbers = [-1 if each == b"." else int(each) for each in words]
    called = [each for each in numbers if each >= 0]
    kept = [MISSING_ALLELE if each < 0 else min(each, MOST_ALLELES) for each in numbers]
    first, second = kept[0], kept[1] if len(kept) > 1 else ABSENT_ALLELE
    if len(kept) > 2:
        first = second = MISSING_ALLELE
    return Call(
        _kind(numbers, called),
        first,
        second,
        max(called, default=0),
        len(words),
        len(called),
        0 < len(called) < len(numbers),
        False,
        slashes,
        pipes,
    )


def _kind(numbers: list[int], called: list[int]) -> int:
    if not called:
        return _MISSING
    if len(called) < len(numbers):
        return _NEITHER
    if len(set(called)) > 1:
        return _HET
    return _ALT if called[0] else _REF


@dataclass
class SlowRow:
    """Everything of one row; see `RowBlock` for the meaning of the arrays."""

    flags: int
    counts: NDArray[np.int64]
    server: list[int]
    codes: NDArray[np.uint8]
    phase: NDArray[np.bool_]
    haploid: NDArray[np.bool_]
    server_missing: NDArray[np.bool_]
    het: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]


def read_slow_row(row: bytes, keys: bytes, alts: int) -> SlowRow:
    """Read the cells of one row; `keys` is FORMAT, `alts` the number of ALT alleles."""
    words = keys.split(b":")
    ours = words.index(b"GT") if b"GT" in words else -1
    servers = next((k for k, word in enumerate(words) if b"GT" in word), -1)
    flags = 0 if ours == 0 else int(SiteFlag.NO_GT if ours < 0 else SiteFlag.GT_NOT_FIRST)
    short = _short_genotypes(row) if ours == 0 and (len(words) > 1 or b":" not in row) else None
    if short is not None:
        texts, index = short
        return _looked_in(_table(tuple(texts), alts, flags, True), index)
    cells = row.split(b"\t")
    texts, index = _looked_up(cells, ours)
    found = _looked_in(_table(tuple(texts), alts, flags, ours >= 0), index)
    if servers != ours or len(words) == 1:
        found.server, found.server_missing = _by_letters(cells, servers, len(words))
    return found


def _short_genotypes(row: bytes) -> tuple[list[bytes], NDArray[np.intp]] | None:
    """The different words before the first colon of each cell, and which of them each cell has.

    None when one has more than three letters.
    """
    text = np.frombuffer(row + b"\t\t\t\t", np.uint8)
    starts = np.flatnonzero(text[: len(row) + 1] == _TAB) + 1
    starts[1:] = starts[:-1]
    starts[0] = 0
    word = np.ndarray(len(text) - 3, "<u4", buffer=text.data, strides=(1,))[starts]
    ends = _ENDS[word.view(np.uint8)].reshape(-1, 4)
    length = ends.argmax(axis=1).astype(np.uint32)
    if not ends[np.arange(len(word)), length].all():
        return None
    word = word & _KEPT[length] | length << np.uint32(24)
    different, index = _numbered(word)
    return [each.to_bytes(4, "little")[: each >> 24] for each in different], index


def _numbered(words: NDArray[np.uint32]) -> tuple[list[int], NDArray[np.intp]]:
    """The different numbers, and which of them each one is; quick where they are few."""
    index = np.full(len(words), -1, np.intp)
    different: list[int] = []
    at = 0
    while index[at] < 0 and len(different) < _FEW:
        value = words[at]
        index[words == value] = len(different)
        different.append(int(value))
        at = int(index.argmin())
    if index[at] >= 0:
        return different, index
    values, index = np.unique(words, return_inverse=True)
    return values.tolist(), index


def _subfield(cell: bytes, place: int) -> bytes:
    parts = cell.split(b":")
    return parts[place] if place < len(parts) else b"."


def _looked_up(cells: list[bytes], place: int) -> tuple[list[bytes], NDArray[np.intp]]:
    """The different genotypes of a row, and which of them each cell has."""
    if place < 0:
        return [b""], np.zeros(len(cells), np.intp)
    if any(b":" in cell for cell in cells) or place:
        cells = [_subfield(cell, place) for cell in cells]
    numbers: dict[bytes, int] = {}
    index = np.fromiter((numbers.setdefault(cell, len(numbers)) for cell in cells), np.intp, len(cells))
    return list(numbers), index


@dataclass(frozen=True)
class _Table:
    """What each of some genotypes means: arrays with one entry a genotype, and the flags of a row.

    `counts` [genotypes, 8]: 1 where it is hom-ref, het, hom-alt, missing, by our rules and by letters.
    """

    flags: int
    counts: NDArray[np.int64]
    codes: NDArray[np.uint8]
    bits: NDArray[np.bool_]  # [5, genotypes]: turned, haploid, het, missing, missing by letters
    first: NDArray[np.uint8]
    second: NDArray[np.uint8]


@lru_cache(maxsize=1024)
def _table(texts: tuple[bytes, ...], alts: int, flags: int, has_gt: bool) -> _Table:
    """The same few genotypes stand in row after row."""
    calls = [call_of(text) for text in texts] if has_gt else [_NO_CALL]
    flags |= _flags(calls, alts) if has_gt else 0
    phased = bool(flags & RowFlag.PHASED)
    codes = np.array([_code(call, alts) for call in calls], np.uint8)
    bits = [
        (
            phased and code == 1 and _is_turned(call),
            call.alleles == 1 and call.called == 1,
            has_gt and call.kind == _HET,
            has_gt and call.kind == _MISSING,
            text in _SERVER_MISSING,
        )
        for text, call, code in zip(texts, calls, codes.tolist(), strict=True)
    ]
    ours = [[has_gt and call.kind == kind for kind in range(4)] for call in calls]
    return _Table(
        flags=flags,
        counts=np.hstack([np.array(ours, np.int64), [_letters(text) for text in texts]]),
        codes=codes,
        bits=np.array(bits, bool).T.copy(),
        first=np.array([call.first for call in calls], np.uint8),
        second=np.array([call.second for call in calls], np.uint8),
    )


def _looked_in(table: _Table, index: NDArray[np.intp]) -> SlowRow:
    counts = np.bincount(index, minlength=len(table.codes)) @ table.counts
    turned, haploid, het, missing, server_missing = table.bits
    return SlowRow(
        flags=table.flags,
        counts=counts[:4],
        server=counts[4:].tolist(),
        codes=table.codes[index],
        phase=turned[index],
        haploid=haploid[index],
        server_missing=server_missing[index],
        het=het[index],
        missing=missing[index],
        first=table.first[index],
        second=table.second[index],
    )


def _is_turned(call: Call) -> bool:
    return call.first not in (0, MISSING_ALLELE) and call.second == 0


def _code(call: Call, alts: int) -> int:
    if call.kind > _ALT or call.highest > alts or call.alleles > 2:
        return _MISSING
    return call.kind


def _flags(calls: list[Call], alts: int) -> int:
    flags = 0
    for there, flag in (
        (any(call.slashes for call in calls), SiteFlag.HAS_SLASH),
        (any(call.pipes for call in calls), SiteFlag.HAS_PIPE),
        (any(call.alleles == 1 and not call.bad for call in calls), SiteFlag.HAPLOID),
        (any(call.half for call in calls), SiteFlag.HALF_CALL),
        (any(call.bad for call in calls), SiteFlag.BAD_GENOTYPE),
        (any(call.highest > alts for call in calls), SiteFlag.ALLELE_TOO_BIG),
    ):
        flags |= int(flag) if there else 0
    called = [call for call in calls if call.called or call.bad]
    loose = any(call.slashes for call in called)
    if not loose and (called or flags & SiteFlag.HAS_PIPE):
        flags |= int(RowFlag.PHASED)
    return flags


def _by_letters(cells: list[bytes], place: int, words: int) -> tuple[list[int], NDArray[np.bool_]]:
    """Counts by the letters 0 and 1 in each genotype, and which are missing, as the server sees it."""
    if place < 0:
        return [0, 0, 0, 0], np.zeros(len(cells), bool)
    texts = [_subfield(cell, place) for cell in cells] if words > 1 else cells
    numbers: dict[bytes, int] = {}
    index = np.fromiter((numbers.setdefault(text, len(numbers)) for text in texts), np.intp, len(texts))
    counts = np.bincount(index, minlength=len(numbers)) @ np.array([_letters(text) for text in numbers])
    return counts.tolist(), np.array([text in _SERVER_MISSING for text in numbers])[index]


def _letters(text: bytes) -> list[int]:
    """Where a genotype counts by its letters: hom-ref, het, hom-alt, missing."""
    zero, one = b"0" in text, b"1" in text
    return [int(zero and not one), int(zero and one), int(one and not zero), int(text in _SERVER_MISSING)]
