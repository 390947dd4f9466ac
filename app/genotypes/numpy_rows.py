"""Reading VCF rows into a block with NumPy: the same answers as `_rows.c` in every array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import RowFlag
from app.genotypes.kernel import FixedKernel
from app.genotypes.row_block import FAULT_CODES, LONGEST_NAME, PLACES_KEPT, Place, RowBlock
from app.genotypes.rows import (
    Places,
    Rows,
    SiteFlag,
    alleles,
    filtered,
    first_tabs,
    format_kind,
)
from app.genotypes.rows import positions as read_positions
from app.genotypes.slow_rows import read_slow_row
from app.genotypes.texts import Texts

_WIDE_ROW = 2000
_FIXED_BYTES = 1 << 20  # of text that is compared at once: less costs calls, more leaves the cache
_RETURN, _HASH, _PIPE = ord("\r"), ord("#"), ord("|")


def fill(block: RowBlock, text: bytearray | memoryview, begin: int, stop: int) -> int:
    """Read lines from `begin` on until `stop` or until the block is full; gives how far it came.

    `text` must reach at least 4,096 bytes beyond `stop` (`bgzf.MARGIN`).
    """
    buffer = text if isinstance(text, bytearray) else bytearray(text)
    at = begin
    while at < stop and block.rows < int(block.state[Place.CAPACITY]):
        after = _Filling(block, buffer, at, stop).run()
        if after == at:
            break
        at = after
    return at


class _Filling:
    """One bout: as many lines as the block has rows left."""

    def __init__(self, block: RowBlock, buffer: bytearray, begin: int, stop: int) -> None:
        self._block = block
        self._state = block.state
        self._samples = int(block.state[Place.SAMPLES])
        self._text = np.frombuffer(buffer, np.uint8)
        left = int(block.state[Place.CAPACITY]) - block.rows
        self._end, self._after = self._line_ends(buffer, begin, stop, left)
        self._start = np.concatenate([[begin], self._after[:-1]]).astype(np.int64)
        returns = (self._end > self._start) & (self._text[self._end - 1] == _RETURN)
        self._end = self._end - returns

    def _line_ends(self, buffer: bytearray, begin: int, stop: int, most: int) -> tuple[Places, Places]:
        if 4 * self._samples > _WIDE_ROW:
            ends = _ends_one_by_one(buffer, begin, stop, most)
        else:
            step = 1 << 16
            ends = np.empty(0, np.int64)
            at = begin
            while at < stop and len(ends) < most:
                upto = min(at + step, stop)
                ends = np.concatenate([ends, np.flatnonzero(self._text[at:upto] == 10) + at])
                at, step = upto, step * 4
            ends = ends[:most]
        if len(ends) < most and (not len(ends) or ends[-1] != stop - 1):
            ends = np.append(ends, stop)  # the last line of the file has no line end
        return ends.astype(np.int64), np.minimum(ends + 1, stop).astype(np.int64)

    def run(self) -> int:
        """Read the lines; gives where the first line begins that found no room."""
        record = (self._end > self._start) & (self._text[self._start] != _HASH)
        data = np.flatnonzero(record)
        wanted = 9 if self._samples else 7
        tabs, enough = first_tabs(self._text, self._start[data], self._end[data], wanted, self._width())
        if not len(data):
            tabs = np.zeros((0, wanted), np.int64)
        lines = data if enough.all() else data[enough]
        whole = Rows(self._text, self._start[lines], self._end[lines], tabs if enough.all() else tabs[enough])
        self._learn_width(whole)
        rows = whole.heads()
        position, good = read_positions(rows) if len(lines) else (np.empty(0, np.int64), np.empty(0, bool))
        wrong = lines[~good]
        if len(wrong):
            picked = np.flatnonzero(good)
            rows, whole = _taken(rows, picked), _taken(whole, picked)
            lines, position = lines[picked], position[picked]
        flags, code = alleles(rows) if len(lines) else (np.empty(0, np.uint16), np.empty(0, np.uint64))
        fits = self._fitting(rows, flags)
        cut = int(lines[fits]) if fits < len(lines) else len(self._start)
        self._note(record, data[~enough], wrong, cut)
        numbers = int(self._state[Place.RECORDS]) + np.cumsum(record) - 1
        self._state[Place.RECORDS] += int(record[:cut].sum())
        kept = _Kept(rows, whole, lines, position, flags, code).first(fits)
        self._read(kept, numbers)
        self._state[Place.LINES] += cut
        return int(self._start[cut]) if cut < len(self._start) else int(self._after[-1])

    def _width(self) -> int:
        return self._block.per_sample.head_width

    def _learn_width(self, rows: Rows) -> None:
        """Look far enough for nearly all rows, so that few need the slow search."""
        if len(rows.start):
            place = len(rows.start) * 19 // 20
            usual = int(np.partition(rows.tabs[:, -1] - rows.start, place)[place]) + 16
            self._block.per_sample.head_width = min(2048, max(64, usual))

    def _fitting(self, rows: Rows, flags: NDArray[np.uint16]) -> int:
        """How many of the rows there is room for."""
        fits = len(rows.start)
        for column, (first, last) in enumerate(_TEXTS):
            lengths = rows.tabs[:, last] - rows.tabs[:, first] - 1
            room = int(self._state[Place.BLOB] - self._state[Place.FILL + column])
            over = np.flatnonzero(np.cumsum(lengths) > room)
            if len(over):
                need = int(lengths[over[0]])
                self._state[Place.NEED] = max(int(self._state[Place.NEED]), need)
                fits = min(fits, int(over[0]))
        if self._samples:
            room = int(self._state[Place.MULTI_CAPACITY] - self._state[Place.MULTI])
            multi = np.flatnonzero(flags & np.uint16(SiteFlag.MULTIALLELIC))
            fits = min(fits, int(multi[room])) if len(multi) > room else fits
        for which, (begin, end) in enumerate(self._named(rows)):
            room = int(self._state[Place.CHANGE_BLOB] - self._state[Place.CHANGE_FILL + which]) - LONGEST_NAME
            fits = min(fits, int(np.count_nonzero(np.cumsum(np.minimum(end - begin, LONGEST_NAME)) <= room)))
        return fits

    def _named(self, rows: Rows) -> list[tuple[Places, Places]]:
        """Where CHROM and FORMAT stand."""
        named = [(rows.start, rows.tabs[:, 0])]
        return [*named, (rows.tabs[:, 7] + 1, rows.tabs[:, 8])] if self._samples else named

    def _note(self, record: NDArray[np.bool_], short: Places, position: Places, cut: int) -> None:
        blank = self._end == self._start
        self._fault("blank_line", np.flatnonzero(blank), cut)
        self._fault("second_header", np.flatnonzero(~blank & ~record), cut)
        words = [
            self._text[self._start[k] : min(self._end[k], self._start[k] + 4096)].tobytes() for k in short
        ]
        blanks = np.array([b"\t" not in word and b" " in word for word in words], bool)
        self._fault("blanks", short[blanks], cut)
        self._fault("position", position, cut)
        self._short = short[~blanks]
        self._cut = cut

    def _fault(self, code: str, lines: Places, cut: int) -> None:
        lines = lines[lines < cut]
        kind = FAULT_CODES.index(code)
        count = int(self._state[Place.FAULTS + kind])
        for k, line in enumerate(lines[: max(0, PLACES_KEPT - count)].tolist()):
            place = Place.PLACES + PLACES_KEPT * kind + count + k
            self._state[place] = int(self._state[Place.LINES]) + line + 1
        self._state[Place.FAULTS + kind] += len(lines)

    def _read(self, kept: _Kept, numbers: Places) -> None:
        """Genotypes of the rows, then everything that is kept of those whose columns are right."""
        fresh = _Genotypes(self._block, kept)
        good = fresh.read() if self._samples else np.ones(len(kept.lines), bool)
        bad = self._short if good.all() else np.union1d(self._short, kept.lines[~good]).astype(np.int64)
        self._fault("columns", bad, self._cut)
        here = slice(None) if good.all() else np.flatnonzero(good)
        rows = kept.rows if good.all() else _taken(kept.rows, np.flatnonzero(good))
        if not len(rows.start):
            return
        block, first = self._block, self._block.rows
        span = slice(first, first + len(rows.start))
        block.position[span] = kept.position[here]
        block.code[span] = kept.code[here]
        block.line[span] = int(self._state[Place.LINES]) + kept.lines[here] + 1
        block.record[span] = numbers[kept.lines[here]]
        block.flags[span] = fresh.flags[here] | _site_flags(rows)
        if not self._samples:
            for array in (block.counts, block.server, block.stored, block.slow):
                array[span] = 0
        _keep_texts(block, rows, span)
        self._state[Place.ROWS] += len(rows.start)


def _packed_row(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Four codes a byte."""
    words = np.zeros((len(codes) + 3) // 4, "<u4")
    words.view(np.uint8)[: len(codes)] = codes
    words |= words >> np.uint32(6)
    words |= words >> np.uint32(12)
    return words.astype(np.uint8)


@dataclass
class _Kept:
    """Rows that are read: heads understood (`rows`, see `Rows.heads`), genotypes (in `whole`) not yet."""

    rows: Rows
    whole: Rows
    lines: Places
    position: Places
    flags: NDArray[np.uint16]
    code: NDArray[np.uint64]

    def first(self, count: int) -> _Kept:
        """Some rows of the beginning."""
        if count == len(self.lines):
            return self
        index = np.arange(count)
        return _Kept(
            rows=_taken(self.rows, index),
            whole=_taken(self.whole, index),
            lines=self.lines[:count],
            position=self.position[:count],
            flags=self.flags[:count],
            code=self.code[:count],
        )


_TEXTS = ((1, 2), (2, 3), (3, 4), (5, 6))  # the tabs around ID, REF, ALT, FILTER


def _taken(rows: Rows, index: NDArray[np.intp]) -> Rows:
    return Rows(rows.text, rows.start[index], rows.end[index], rows.tabs[index])


def _ends_one_by_one(buffer: bytearray, at: int, stop: int, most: int) -> NDArray[np.int64]:
    """Line ends by the system's search, which is faster than NumPy for long lines."""
    found: list[int] = []
    while len(found) < most and (at := buffer.find(b"\n", at, stop)) >= 0:
        found.append(at)
        at += 1
    return np.array(found, np.int64)


def _site_flags(rows: Rows) -> NDArray[np.uint32]:
    flags = np.where(filtered(rows), np.uint32(SiteFlag.FILTERED), np.uint32(0)).astype(np.uint32)
    for first, last in (_TEXTS[1], _TEXTS[2]):
        begin = rows.tabs[:, first] + 1
        dot = (rows.tabs[:, last] - begin == 1) & (rows.text[begin] == ord("."))
        flags[dot] |= np.uint32(RowFlag.NO_ALLELES)
    return flags


def _keep_texts(block: RowBlock, rows: Rows, span: slice) -> None:
    for column, (first, last) in enumerate(_TEXTS):
        cut = Texts.cut(rows.text, rows.tabs[:, first] + 1, rows.tabs[:, last])
        fill = int(block.state[Place.FILL + column])
        block.blobs[column, fill : fill + len(cut.blob)] = cut.blob
        block.ends[column, span] = cut.ends + fill
        block.state[Place.FILL + column] += len(cut.blob)
    _keep_changes(block, 0, rows, rows.start, rows.tabs[:, 0], span.start)
    if int(block.state[Place.SAMPLES]):
        _keep_changes(block, 1, rows, rows.tabs[:, 7] + 1, rows.tabs[:, 8], span.start)


def _keep_changes(block: RowBlock, which: int, rows: Rows, begin: Places, end: Places, first: int) -> None:
    last = block.changes(which)[1][-1:]
    length = np.minimum(end - begin, LONGEST_NAME)
    changed = np.ones(len(begin), bool)
    changed[1:] = length[1:] != length[:-1]
    width = int(length.max(initial=0))
    letters = rows.text[begin[:, None] + np.minimum(np.arange(width), np.maximum(length - 1, 0)[:, None])]
    changed[1:] |= (letters[1:] != letters[:-1]).any(axis=1)
    for row in np.flatnonzero(changed).tolist():
        word = rows.text[begin[row] : begin[row] + length[row]].tobytes()
        if last == [word]:
            continue
        last = [word]
        count, fill = int(block.state[Place.CHANGES + which]), int(block.state[Place.CHANGE_FILL + which])
        block.change_blob[which, fill : fill + len(word)] = np.frombuffer(word, np.uint8)
        block.change_row[which, count] = first + row
        block.change_end[which, count] = fill + len(word)
        block.state[Place.CHANGES + which] = count + 1
        block.state[Place.CHANGE_FILL + which] = fill + len(word)


class _Genotypes:
    """The cells of some rows, into the rows of the block behind those that are filled."""

    def __init__(self, block: RowBlock, kept: _Kept) -> None:
        self._block = block
        self._rows = kept.rows
        self._text = kept.whole.text
        self._end = kept.whole.end
        self.flags = kept.flags.astype(np.uint32)
        self._samples = int(block.state[Place.SAMPLES])
        self._begin = kept.whole.tabs[:, 8] + 1 if self._samples else kept.whole.start
        self._good = np.ones(len(kept.lines), bool)

    def read(self) -> NDArray[np.bool_]:
        """Read all rows; gives which had the right number of cells."""
        if not len(self._good):
            return self._good
        only_gt, _ = format_kind(self._rows)
        multi = self.flags & np.uint32(SiteFlag.MULTIALLELIC) > 0
        fixed = only_gt & ~multi & (self._end - self._begin == 4 * self._samples - 1)
        for row in np.flatnonzero(~fixed).tolist():
            self._good[row] = self._cells(row) == self._samples
        place = self._block.rows + np.cumsum(self._good) - 1
        clean = self._read_fixed(np.flatnonzero(fixed), place)
        rest = np.flatnonzero(self._good & ~clean)
        for row in rest[fixed[rest]].tolist():  # these only had the right length
            self._good[row] = self._cells(row) == self._samples
        final = self._block.rows + np.cumsum(self._good) - 1
        if not np.array_equal(final[clean], place[clean]):
            self._move(place[clean], final[clean])
        for row in rest.tolist():
            if self._good[row]:
                self._read_slow(row, int(final[row]))
        return self._good

    def _cells(self, row: int) -> int:
        return int(np.count_nonzero(self._text[self._begin[row] : self._end[row]] == 9)) + 1

    def _move(self, old: Places, new: Places) -> None:
        """Close the gaps that rows with wrong columns left."""
        block = self._block
        for array in (block.counts, block.server, block.stored, block.packed, block.phase, block.slow):
            array[new] = array[old]
        gone = np.setdiff1d(old, new)
        block.phase[gone] = 0

    def _read_fixed(self, chosen: NDArray[np.intp], place: Places) -> NDArray[np.bool_]:
        clean = np.zeros(len(self._good), bool)
        if not len(chosen):
            return clean
        each = self._block.per_sample
        if each.fixed is None:
            each.fixed = FixedKernel(self._samples, _FIXED_BYTES // (4 * self._samples), each.lanes)
        kernel = each.fixed
        bars = self._text[self._begin[chosen] + 1] == _PIPE
        for phased in (False, True):
            mine = chosen[bars == phased]
            for at in range(0, len(mine), kernel.rows):
                self._read_some(kernel, mine[at : at + kernel.rows], phased, place, clean)
        return clean

    def _read_some(
        self,
        kernel: FixedKernel,
        rows: NDArray[np.intp],
        phased: bool,
        place: Places,
        clean: NDArray[np.bool_],
    ) -> None:
        block = self._block
        found = kernel.count(self._text, self._begin[rows], phased, block.per_sample.sums)
        good: slice | NDArray[np.bool_] = slice(None)
        start = int(place[rows[0]])
        into: slice | Places = slice(start, start + len(rows))
        if not found.all_clean or place[rows[-1]] + 1 != start + len(rows):
            good, into = found.clean, place[rows[found.clean]]
        clean[rows] = found.clean
        for counts in (block.counts, block.server, block.stored):
            counts[into] = found.counts[good]
        block.packed[into] = found.packed[good]
        block.slow[into] = 0
        if found.phase is not None:
            block.phase[into] = found.phase[good, : block.phase.shape[1]]
        mark = SiteFlag.HAS_PIPE | RowFlag.PHASED if phased else SiteFlag.HAS_SLASH
        self.flags[rows[good]] |= np.uint32(int(mark))

    def _read_slow(self, row: int, place: int) -> None:
        block = self._block
        cells = self._text[self._begin[row] : self._end[row]].tobytes()
        found = read_slow_row(cells, self._rows.field(row, 8), self._rows.field(row, 4).count(b",") + 1)
        if self.flags[row] & np.uint32(SiteFlag.MULTIALLELIC):
            number = int(block.state[Place.MULTI])
            block.multi_row[number] = place
            block.multi[number, 0], block.multi[number, 1] = found.first, found.second
            block.state[Place.MULTI] += 1
        self.flags[row] |= np.uint32(found.flags)
        block.counts[place] = found.counts
        block.server[place] = found.server
        block.stored[place] = np.bincount(found.codes, minlength=4)
        block.packed[place] = _packed_row(found.codes)
        block.slow[place] = 1
        for plane, bits in (
            (block.phase, found.phase),
            (block.haploid, found.haploid),
            (block.server_missing, found.server_missing),
        ):
            plane[place] = np.packbits(bits, bitorder="little")
        block.per_sample.sums.het += found.het
        block.per_sample.sums.missing += found.missing
