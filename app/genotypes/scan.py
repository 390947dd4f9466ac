"""One pass over the text of a VCF file: what every check needs, in arrays, at the speed of the inflating.

Nothing here judges and nothing raises for bad content: oddities become flags of a record, or faults with the
line of the first few. The checks in `genotypes/checks` read the result.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import Compression, ContainerError, TextBlocks, open_text_blocks
from app.genotypes.header import BOM, Header
from app.genotypes.kernel import CellCounts, FixedKernel, SampleCounts, count_cells
from app.genotypes.rows import Rows, SiteFlag, alleles, filtered, first_tabs, format_kind, positions, windows

PLACES_KEPT = 5
_WIDE_ROW = 2000
_PIECE_BYTES = 1 << 22  # large enough to make the fixed cost of NumPy calls small
_FAULTS_BEFORE_GIVING_UP = 100_000
_MOST_NAMES = 5000  # of chromosomes; a file with more is no genotype file, and the last stands for the rest
_LONGEST_NAME = 200


@dataclass
class Fault:
    """Lines that break the form of a VCF: how many and where the first are."""

    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, places: list[str], count: int) -> None:
        """Count some; places are kept while there are few."""
        self.count += count
        self.places += places[: PLACES_KEPT - len(self.places)]


@dataclass
class Sites:
    """Records in file order, one array a column; counts are of samples.

    `chromosome` is an index into `Scan.chromosomes`; `alleles` is equal for equal REF and ALT; `flags` are
    SiteFlag numbers. A half call counts in none of `ref`, `het`, `alt`, `missing`.
    """

    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    alleles: NDArray[np.uint32]
    flags: NDArray[np.uint16]
    ref: NDArray[np.int32]
    het: NDArray[np.int32]
    alt: NDArray[np.int32]
    missing: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.position)


@dataclass
class Scan:
    """What one pass found. `error` is set when the file could not be read to its end."""

    path: str
    size: int
    compression: Compression
    eof_marker: bool | None
    header: Header
    chromosomes: list[str]
    sites: Sites
    samples: int
    per_sample: SampleCounts
    faults: dict[str, Fault]
    formats: Counter[str]
    sha256: str | None = None
    error: ContainerError | None = None
    gave_up: bool = False


def scan_file(path: str | os.PathLike[str], report: Report = silent, *, digest: bool = False) -> Scan:
    """Read a whole VCF file. OSError when it cannot be opened; memory is about 40 bytes a record.

    `report` gets packed bytes read, with the counts `variants` and `samples`.
    """
    error: ContainerError | None = None
    with open_text_blocks(path, piece_bytes=_PIECE_BYTES, digest=digest) as blocks:
        reader = _Reader(path)
        try:
            for piece in blocks:
                reader.feed(piece)
                report(_progress(blocks, reader))
                if reader.gave_up:
                    break
        except ContainerError as caught:
            error = caught
    return reader.result(blocks, error)


def _progress(blocks: TextBlocks, reader: _Reader) -> Progress:
    counts = {"variants": reader.variants, "samples": max(0, reader.samples)}
    return Progress(done=blocks.packed_done, total=blocks.size, step="Reading genotypes", counts=counts)


class _Reader:
    """The state between two pieces of text."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._header = Header()
        self._in_header = True
        self._lines = 0
        self.samples = -1
        self.variants = 0
        self.gave_up = False
        self._names: dict[bytes, int] = {}
        self._name = b""
        self._width = 128
        self._batches: list[Sites] = []
        self._faults: dict[str, Fault] = {}
        self._formats: Counter[str] = Counter()
        self._per_sample = SampleCounts.zero(0)
        self._kernel: FixedKernel | None = None

    def fault(self, code: str, lines: NDArray[np.int64] | list[int]) -> None:
        """Note broken lines (counted from 1)."""
        if len(lines):
            fault = self._faults.setdefault(code, Fault())
            fault.add([f"line {number:,}" for number in lines[:PLACES_KEPT]], len(lines))
            self.gave_up |= fault.count > _FAULTS_BEFORE_GIVING_UP

    def feed(self, piece: memoryview) -> None:
        """Take in a piece of whole lines."""
        begin = self._feed_header(piece) if self._in_header else 0
        if begin >= len(piece):
            return
        buffer = piece.obj
        assert isinstance(buffer, bytearray)
        self._feed_rows(buffer, begin, len(piece))

    def _feed_header(self, piece: memoryview) -> int:
        """Reads header lines; gives where the records begin."""
        text = bytes(piece)
        at = 0
        while at < len(text):
            stop = text.find(b"\n", at)
            stop = len(text) if stop < 0 else stop
            line = text[at:stop]
            is_header = line.startswith(b"#") or (self._lines == 0 and line.startswith(BOM + b"#"))
            if not is_header and (line.strip() or self._header.columns is not None):
                self._begin_records(line)
                return at
            if is_header:
                self._header.add(line)
            self._lines += 1
            at = stop + 1
        return at

    def _begin_records(self, first_line: bytes) -> None:
        self._in_header = False
        columns = self._header.columns
        count = len(columns) if columns is not None else first_line.count(b"\t") + 1
        self.samples = max(0, count - 9)
        self._per_sample = SampleCounts.zero(self.samples)
        if self.samples:
            self._kernel = FixedKernel(self.samples, max(8, _PIECE_BYTES // (4 * self.samples)))

    def _feed_rows(self, buffer: bytearray, begin: int, stop: int) -> None:
        text = np.frombuffer(buffer, np.uint8)
        start, end, line = self._split(buffer, text, begin, stop)
        tabs, enough = first_tabs(text, start, end, 9 if self.samples else 7, self._width)
        if len(start) and len(tabs) and not enough.all():
            self._note_short(text, start[~enough], end[~enough], line[~enough])
            start, end, line, tabs = start[enough], end[enough], line[enough], tabs[enough]
        if not len(start):
            return
        self._adapt_width(tabs[:, -1] - start)
        rows = Rows(text, start, end, tabs)
        sites, keep = self._read_rows(rows, line)
        self._batches.append(sites if keep.all() else _chosen(sites, keep))
        self.variants += int(keep.sum())

    def _adapt_width(self, reach: NDArray[np.int64]) -> None:
        """Look far enough for nearly all rows, so that few need the slow search."""
        usual = int(np.percentile(reach, 95)) + 16
        self._width = min(2048, max(64, usual))

    def _split(
        self, buffer: bytearray, text: NDArray[np.uint8], begin: int, stop: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Start, end and number of each line that is a record."""
        wide = 4 * self.samples > _WIDE_ROW
        end = (
            _ends_one_by_one(buffer, begin, stop) if wide else np.flatnonzero(text[begin:stop] == 10) + begin
        )
        if not len(end) or end[-1] != stop - 1:
            end = np.append(end, stop)  # the last line of the file has no line end
        start = np.concatenate([[begin], end[:-1] + 1]).astype(np.int64)
        line = np.arange(len(end), dtype=np.int64) + self._lines + 1
        self._lines += len(end)
        end -= (end > start) & (text[end - 1] == 13)
        record = end > start
        self.fault("blank_line", line[~record])
        hashes = record & (text[start] == 35)
        self.fault("second_header", line[hashes])
        record &= ~hashes
        return start[record], end[record], line[record]

    def _note_short(
        self,
        text: NDArray[np.uint8],
        start: NDArray[np.int64],
        end: NDArray[np.int64],
        line: NDArray[np.int64],
    ) -> None:
        """Tell lines with blanks for tabs from such with too few columns, by the first few."""
        for a, b, number in zip(start[:1000], end, line, strict=False):
            row = text[a : min(b, a + 4096)].tobytes()
            self.fault("blanks" if b"\t" not in row and b" " in row else "columns", [int(number)])
        self.fault("columns", line[1000:])

    def _read_rows(self, rows: Rows, line: NDArray[np.int64]) -> tuple[Sites, NDArray[np.bool_]]:
        position, good = positions(rows)
        self.fault("position", line[~good])
        flags, code = alleles(rows)
        flags[filtered(rows)] |= np.uint16(SiteFlag.FILTERED)
        counts = np.zeros((4, len(position)), np.int32)
        keep = good.copy()
        if self.samples:
            self._count(rows, line, flags, counts, keep)
        chromosome = self._chromosomes(rows)
        return Sites(chromosome, position, code.astype(np.uint32), flags, *counts), keep

    def _chromosomes(self, rows: Rows) -> NDArray[np.uint16]:
        same = self._same_name(rows)
        result = np.full(len(rows.start), self._names.get(self._name, 0), np.uint16)
        for row in np.flatnonzero(~same):
            self._name = rows.field(int(row), 0)[:_LONGEST_NAME]
            if self._name not in self._names and len(self._names) < _MOST_NAMES:
                self._names[self._name] = len(self._names)
            result[row] = self._names.get(self._name, _MOST_NAMES - 1)
        if len(result) and same[-1]:
            self._name = rows.field(len(result) - 1, 0)
        return result

    def _same_name(self, rows: Rows) -> NDArray[np.bool_]:
        if self._name not in self._names or len(self._name) > 64:
            return np.zeros(len(rows.start), bool)
        name = np.frombuffer(self._name, np.uint8)
        fits = rows.tabs[:, 0] - rows.start == len(name)
        matches: NDArray[np.bool_] = fits & (windows(rows.text, rows.start, len(name)) == name).all(axis=1)
        return matches

    def _count(
        self,
        rows: Rows,
        line: NDArray[np.int64],
        flags: NDArray[np.uint16],
        counts: NDArray[np.int32],
        keep: NDArray[np.bool_],
    ) -> None:
        only_gt, gt_first = format_kind(rows)
        begin = rows.tabs[:, 8] + 1
        fixed = only_gt & (rows.end - begin == 4 * self.samples - 1)
        slow = [np.flatnonzero(~fixed)]
        quick = np.flatnonzero(fixed)
        step = self._kernel.rows if self._kernel is not None else 1
        for at in range(0, len(quick), step):
            slow.append(self._count_fixed(rows, quick[at : at + step], begin, flags, counts))
        for row in np.concatenate(slow):
            keep[row] &= self._count_slowly(
                rows, int(row), bool(gt_first[row]), int(line[row]), flags, counts
            )

    def _count_fixed(
        self,
        rows: Rows,
        chosen: NDArray[np.intp],
        begin: NDArray[np.int64],
        flags: NDArray[np.uint16],
        counts: NDArray[np.int32],
    ) -> NDArray[np.intp]:
        """Counts rows of four-byte cells; gives those that must be read again."""
        assert self._kernel is not None
        block = windows(rows.text, begin[chosen], 4 * self.samples)
        found, clean = self._kernel.count(block, self._per_sample)
        counts[:, chosen[clean]] = found[:, clean]
        phased = block[:, 1] == ord("|")
        flags[chosen[clean & phased]] |= np.uint16(SiteFlag.HAS_PIPE)
        flags[chosen[clean & ~phased]] |= np.uint16(SiteFlag.HAS_SLASH)
        return chosen[~clean]

    def _count_slowly(
        self,
        rows: Rows,
        row: int,
        gt_first: bool,
        line: int,
        flags: NDArray[np.uint16],
        counts: NDArray[np.int32],
    ) -> bool:
        """Counts one row cell by cell; False when its columns are wrong."""
        begin, end = int(rows.tabs[row, 8]) + 1, int(rows.end[row])
        text = np.concatenate([rows.text[begin:end], np.full(4, 9, np.uint8)])
        starts = np.concatenate([[0], np.flatnonzero(text[:-4] == 9) + 1]).astype(np.intp)
        if len(starts) != self.samples:
            self.fault("columns", [line])
            return False
        words = self._format_words(rows, row)
        if b"GT" not in words:
            flags[row] |= np.uint16(SiteFlag.NO_GT)
            return True
        if not gt_first:
            flags[row] |= np.uint16(SiteFlag.GT_NOT_FIRST)
            text, starts = _with_gt_first(text, words.index(b"GT"))
        cells = count_cells(text, starts, self._per_sample)
        counts[:, row] = cells.ref, cells.het, cells.alt, cells.missing
        flags[row] |= np.uint16(_cell_flags(cells, rows.field(row, 4)))
        return True

    def _format_words(self, rows: Rows, row: int) -> list[bytes]:
        text = rows.field(row, 8)
        name = text[:200].decode("utf-8", "replace")
        if name in self._formats or len(self._formats) < 50:
            self._formats[name] += 1
        return text.split(b":")

    def result(self, blocks: TextBlocks, error: ContainerError | None) -> Scan:
        """Everything that was read, as one Scan."""
        names = [each.decode("utf-8", "replace") for each in self._names]
        columns = self._header.columns or []
        samples = self.samples if self.samples >= 0 else max(0, len(columns) - 9)
        return Scan(
            path=self._path,
            size=blocks.size,
            compression=blocks.compression,
            eof_marker=blocks.eof_marker,
            header=self._header,
            chromosomes=names,
            sites=_joined(self._batches),
            samples=samples,
            per_sample=self._per_sample if self.samples >= 0 else SampleCounts.zero(samples),
            faults=self._faults,
            formats=self._formats,
            sha256=blocks.sha256,
            error=error,
            gave_up=self.gave_up,
        )


def _ends_one_by_one(buffer: bytearray, at: int, stop: int) -> NDArray[np.intp]:
    """Line ends by the system's search, which is faster than NumPy for long lines."""
    found = []
    while (at := buffer.find(b"\n", at, stop)) >= 0:
        found.append(at)
        at += 1
    return np.array(found, np.intp)


def _with_gt_first(text: NDArray[np.uint8], place: int) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    words = [cell.split(b":") for cell in text[:-4].tobytes().split(b"\t")]
    cells = [each[place] if place < len(each) else b"." for each in words]
    starts = np.cumsum([0, *(len(cell) + 1 for cell in cells[:-1])]).astype(np.intp)
    return np.frombuffer(b"\t".join(cells) + b"\t\t\t\t", np.uint8), starts


def _cell_flags(cells: CellCounts, alt: bytes) -> SiteFlag:
    flags = SiteFlag(0)
    allowed = alt.count(b",") + 1  # also for ALT ".", which every server leaves out anyway
    for there, flag in (
        (cells.slashes, SiteFlag.HAS_SLASH),
        (cells.pipes, SiteFlag.HAS_PIPE),
        (cells.haploid, SiteFlag.HAPLOID),
        (cells.half, SiteFlag.HALF_CALL),
        (cells.bad, SiteFlag.BAD_GENOTYPE),
        (cells.highest > allowed, SiteFlag.ALLELE_TOO_BIG),
    ):
        flags |= flag if there else SiteFlag(0)
    return flags


def _chosen(sites: Sites, keep: NDArray[np.bool_]) -> Sites:
    return Sites(*(column[keep] for column in vars(sites).values()))


def _joined(batches: list[Sites]) -> Sites:
    kinds = (np.uint16, np.int64, np.uint32, np.uint16, np.int32, np.int32, np.int32, np.int32)
    columns = [list(vars(batch).values()) for batch in batches]
    return Sites(
        *(np.concatenate([np.empty(0, kind), *(c[k] for c in columns)]) for k, kind in enumerate(kinds))
    )
