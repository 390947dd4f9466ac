"""The records of a VCF that goes by as text: counted by kind, checked, and placed for the index.

Marks of records, by `genotypes.md` and the sources of the engines: Minimac4 from 4.1 on marks a typed site of
the panel `TYPED;IMPUTED`, one that the panel has not `TYPED`, and others `IMPUTED`; Minimac4 1.0 says
`TYPED_ONLY` and leaves `TYPED` alone for those of the panel; Beagle marks the imputed ones `IMP` and has no
others than the panel's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.rows import Rows, alleles, first_tabs, positions, windows
from app.genotypes.texts import Texts
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import MEGABASE, ChromosomeFigures

MOST_CHROMOSOMES = 10_000
_LONGEST_NAME = 1000
_FARTHEST = 1 << 33
_WIDTH = 192  # bytes of a line in which its first columns usually end
MARGIN = 4096
_TAB, _LINE_END, _HASH, _SEMICOLON = 9, 10, ord("#"), ord(";")
_END = re.compile(rb"(?:^|;)END=(\d{1,18})")
BOTH, TYPED_ONLY, IMPUTED, UNMARKED = range(4)
Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Placed:
    """Records of one chromosome: 0-based half-open places on it, and of their lines in the text."""

    name: bytes
    begin: Places
    end: Places
    start: Places
    stop: Places


@dataclass
class _Gathering:
    """A chromosome while its records come in."""

    figures: ChromosomeFigures
    keys: list[NDArray[np.uint64]] = field(default_factory=list)


def site_keys(position: Places, code: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number a site: position << 24 | alleles (exact for two letters, else 23 bits of a checksum)."""
    keys: NDArray[np.uint64] = (position.astype(np.uint64) << np.uint64(24)) | code
    return keys


class RecordScan:
    """Takes text of whole lines without the header; `columns` is how many a line must have."""

    def __init__(
        self,
        columns: int,
        *,
        old_marks: bool = False,
        filter_marks: bool = False,
        place: Callable[[Placed], None] | None = None,
        keep_all: bool = False,
    ) -> None:
        self._columns, self._old_marks, self._place = columns, old_marks, place
        self._filter_marks = filter_marks
        self._keep_all = keep_all
        self._known: dict[bytes, _Gathering] = {}
        self._current = b""
        self.sorted = True
        self.records = 0

    def chromosomes(self) -> list[ChromosomeFigures]:
        """The figures so far, in order of appearance."""
        for each in self._known.values():
            if len(each.keys) > 1:
                each.keys = [np.concatenate(each.keys)]
            each.figures.typed_keys = each.keys[0] if each.keys else np.empty(0, np.uint64)
        return [each.figures for each in self._known.values()]

    def feed(self, text: bytearray, size: int, base: int) -> None:
        """Whole lines, `size` bytes that begin at `base` in the text of the file; ContentFault for no record.

        The buffer has at least MARGIN stale bytes behind them.
        """
        padded = np.frombuffer(text, np.uint8)
        ends = _line_ends(padded, size)
        starts = np.concatenate([[0], ends[:-1] + 1])
        tabs = self._tabs(padded, starts, ends)
        rows = Rows(padded, starts, ends, tabs)
        if self._columns > 8:
            self._count_cells(padded, rows, size)
        heads = rows.heads()
        position, good = positions(heads)
        if not good.all():
            self._refuse(int(np.flatnonzero(~good)[0]), "has no number as its position")
        _, code = alleles(heads)
        kinds = self._kinds(rows)
        end = self._ends(rows, position)
        for first, last, name in _stretches(heads):
            part = slice(first, last)
            self._add(name, position[part], site_keys(position[part], code[part]), kinds[part])
            if self._place is not None and self.sorted:
                stop = ends[part] + 1 + base
                self._place(Placed(name, position[part] - 1, end[part], starts[part] + base, stop))
        self.records += len(starts)

    def _tabs(self, text: Bytes, starts: Places, ends: Places) -> Places:
        wanted = 8 if self._columns > 8 else 7
        tabs, enough = first_tabs(text, starts, ends, wanted, _WIDTH)
        if not enough.all():
            self._refuse(int(np.flatnonzero(~enough)[0]), "has too few columns")
        return tabs

    def _count_cells(self, text: Bytes, rows: Rows, size: int) -> None:
        wanted = self._columns - 1
        if int(np.count_nonzero(text[:size] == _TAB)) == wanted * len(rows.start):
            return
        places = np.flatnonzero(text[:size] == _TAB)
        counts = np.searchsorted(places, rows.end) - np.searchsorted(places, rows.start)
        wrong = int(np.flatnonzero(counts != wanted)[0])
        self._refuse(wrong, f"has {int(counts[wrong]) + 1} columns and not {self._columns}")

    def _refuse(self, row: int, what: str) -> None:
        raise ContentFault(f"record {self.records + row + 1:,} {what}")

    def _kinds(self, rows: Rows) -> NDArray[np.int8]:
        begin = rows.tabs[:, 6]
        stop = rows.tabs[:, 7] if rows.tabs.shape[1] > 7 else rows.end
        info = Texts.cut(rows.text, begin, stop + 1)  # with the bytes before and behind it
        marks = {word: _has(info, word) for word in (b"TYPED", b"IMPUTED", b"TYPED_ONLY", b"GENOTYPED")}
        only, imputed = marks[b"TYPED_ONLY"], marks[b"IMPUTED"]
        typed = marks[b"TYPED"] | marks[b"GENOTYPED"]
        kinds = np.full(len(begin), UNMARKED, np.int8)
        kinds[imputed] = IMPUTED
        kinds[typed & imputed] = BOTH
        kinds[typed & ~imputed] = BOTH if self._old_marks else TYPED_ONLY
        kinds[only] = TYPED_ONLY
        if self._filter_marks:
            self._by_filter(rows, kinds, _has(info, b"R2", b"="))
        if (kinds == UNMARKED).any():
            beagle = _has(info, b"DR2", b"=") & (kinds == UNMARKED)
            kinds[beagle] = np.where(_has(info, b"IMP")[beagle], IMPUTED, BOTH)
        return kinds

    def _by_filter(self, rows: Rows, kinds: NDArray[np.int8], has_r2: Flags) -> None:
        """Minimac 3 writes GENOTYPED or GENOTYPED_ONLY into FILTER, and PASS at sites that it imputed."""
        filters = Texts.cut(rows.text, rows.tabs[:, 5], rows.tabs[:, 6] + 1)
        kinds[has_r2 & (kinds == UNMARKED)] = IMPUTED
        kinds[_has(filters, b"GENOTYPED")] = BOTH
        kinds[_has(filters, b"GENOTYPED_ONLY")] = TYPED_ONLY

    def _ends(self, rows: Rows, position: Places) -> Places:
        """Where records end: by REF, or by END= in INFO as tabix does it."""
        end: Places = position - 1 + np.maximum(rows.tabs[:, 3] - rows.tabs[:, 2] - 1, 1)
        symbolic = np.flatnonzero(rows.text[rows.tabs[:, 3] + 1] == ord("<"))
        for row in symbolic.tolist():
            found = _END.search(rows.field(row, 7))
            if found and int(found[1]) > position[row] - 1:
                end[row] = min(int(found[1]), _FARTHEST)
        return end

    def _add(self, name: bytes, position: Places, keys: NDArray[np.uint64], kinds: NDArray[np.int8]) -> None:
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= MOST_CHROMOSOMES:
                raise ContentFault("has more chromosomes than there can be")
            shown = name.decode("utf-8", "replace")
            known = self._known[name] = _Gathering(ChromosomeFigures(shown, first=int(position[0])))
        elif name != self._current:
            self.sorted = False
        self._current = name
        one = known.figures
        if int(position[0]) < one.last or (position[1:] < position[:-1]).any():
            self.sorted = False
        one.first, one.last = min(one.first, int(position.min())), max(one.last, int(position.max()))
        one.digest = (one.digest + int(keys.sum(dtype=np.uint64))) & 0xFFFFFFFFFFFFFFFF
        _count(one, position, kinds)
        kept = keys if self._keep_all else keys[(kinds == BOTH) | (kinds == TYPED_ONLY)]
        if len(kept):
            known.keys.append(kept)


def _count(one: ChromosomeFigures, position: Places, kinds: NDArray[np.int8]) -> None:
    counts = np.bincount(kinds, minlength=4)
    one.records += len(kinds)
    one.both += int(counts[BOTH])
    one.typed_only += int(counts[TYPED_ONLY])
    one.imputed += int(counts[IMPUTED])
    one.unmarked += int(counts[UNMARKED])
    megabase = np.minimum(np.maximum(position - 1, 0) // MEGABASE, 9_999)
    most = int(megabase.max()) + 1
    if most > len(one.by_megabase):
        grown = np.zeros((most, 4), np.int64)
        grown[: len(one.by_megabase)] = one.by_megabase
        one.by_megabase = grown
    low = int(megabase.min())
    flat = np.bincount((megabase - low) * 4 + kinds, minlength=(most - low) * 4)
    one.by_megabase[low:most] += flat.reshape(-1, 4)


def _line_ends(text: Bytes, size: int) -> Places:
    """Where the lines end; long lines are looked for one by one, which is faster."""
    first = text[: 1 << 16].tobytes().find(b"\n")
    if 0 <= first < MARGIN:
        return np.flatnonzero(text[:size] == _LINE_END)
    whole, ends, at = text[:size].tobytes(), [], 0
    while (found := whole.find(b"\n", at)) >= 0:
        ends.append(found)
        at = found + 1
    return np.array(ends, np.int64)


def _stretches(rows: Rows) -> list[tuple[int, int, bytes]]:
    """Runs of rows of one chromosome: first row, behind the last, name."""
    length = rows.tabs[:, 0] - rows.start
    count = len(length)
    width = int(length.max())
    if width > _LONGEST_NAME:
        raise ContentFault("has a chromosome whose name has no end")
    names = windows(rows.text, rows.start, width) * (np.arange(width) < length[:, None])
    cut = np.flatnonzero((names[1:] != names[:-1]).any(axis=1) | (length[1:] != length[:-1])) + 1
    borders = [0, *cut.tolist(), count]
    return [(a, b, rows.field(a, 0)) for a, b in zip(borders[:-1], borders[1:], strict=True)]


def _has(info: Texts, word: bytes, after: bytes = b"") -> Flags:
    """Which texts have a word as a flag (with `after` "=" as a key); one byte more stands at each end."""
    blob = info.blob
    found = np.zeros(len(info), bool)
    pattern = np.frombuffer(word + after, np.uint8)
    places = np.flatnonzero(blob[: max(0, len(blob) - len(pattern))] == pattern[0])
    for offset in range(1, len(pattern)):
        places = places[blob[places + offset] == pattern[offset]]
    places = places[places > 0]
    before = blob[places - 1]
    places = places[(before == _SEMICOLON) | (before == _TAB)]
    if not after:
        behind = blob[np.minimum(places + len(word), len(blob) - 1)]
        places = places[(behind == _SEMICOLON) | (behind == _TAB) | (behind == _LINE_END) | (behind == 13)]
    found[np.searchsorted(info.ends, places, side="right")] = True
    return found
