"""Text tables of sites (.bim, .map, .pvar …) read in pieces of whole lines, their columns cut in NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.cohort import RowFlag
from app.genotypes.readers.contract import FormatError
from app.genotypes.rows import SiteFlag, allele_flags
from app.genotypes.texts import Bytes, Texts

Places = NDArray[np.int64]
_PIECE = 1 << 19
_MOST_NAMES = 5000
_LONGEST_NAME = 200
_LONGEST_LINE = 64 << 20
_AGAIN = "Copy or make the file again."
_ZSTD_INPUT = 2048  # a byte of a packed file stands for up to 32 KiB
_ZSTD = b"\x28\xb5\x2f\xfd"
_LETTERS = np.zeros(256, bool)
_LETTERS[list(b"ACGT")] = True
_HARMLESS = np.zeros(256, np.uint8)
_HARMLESS[list(b"ACGT")] = 1
_HARMLESS[list(b"acgt")] = 2


@dataclass
class Lines:
    """Lines of one piece of text without their line ends; `first` is the number of the first one, from 1.

    `number` is the line number of each, for blank lines are left out. The bytes are the piece's own copy.
    """

    text: Bytes
    start: Places
    end: Places
    number: Places

    def __len__(self) -> int:
        return len(self.start)

    def raw(self, row: int) -> bytes:
        """The bytes of one line."""
        return self.text[self.start[row] : self.end[row]].tobytes()

    def take(self, rows: slice | NDArray[np.bool_]) -> Lines:
        """Some of the lines."""
        return Lines(self.text, self.start[rows], self.end[rows], self.number[rows])


def text_pieces(path: Path, piece_bytes: int = _PIECE) -> Iterator[memoryview | bytes]:
    """The text of a plain, gzip, BGZF or Zstandard file in whole lines. FormatError when it is damaged."""
    with path.open("rb") as file:
        packed = file.read(4) == _ZSTD
    if packed:
        yield from _zstd_pieces(path, piece_bytes)
        return
    try:
        with open_text_blocks(path, piece_bytes=piece_bytes) as blocks:
            yield from blocks
    except ContainerError as error:
        raise FormatError(
            f"container.{error.fault.value.replace(' ', '_')}",
            str(path),
            "The file is damaged",
            f"byte {error.offset}",
            _AGAIN,
        ) from error


def _zstd_pieces(path: Path, piece_bytes: int) -> Iterator[bytes]:
    rest = bytearray()
    for piece in _zstd_inflated(path):
        rest += piece
        cut = rest.rfind(b"\n") + 1 if len(rest) >= piece_bytes else 0
        if cut:
            yield bytes(rest[:cut])
            del rest[:cut]
        elif len(rest) > _LONGEST_LINE:
            raise FormatError("container.line_too_long", str(path), "A line has no end", "", _AGAIN)
    if rest:
        yield bytes(rest)


def _zstd_inflated(path: Path) -> Iterator[bytes]:
    """Small pieces go in, so that a file made to grow cannot fill the memory."""
    import zstandard

    opener = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = opener.decompressobj()
    with path.open("rb") as file:
        try:
            while pending := file.read(_ZSTD_INPUT):
                while pending:
                    frame = opener.decompressobj() if frame.eof else frame
                    yield frame.decompress(pending)
                    pending = frame.unused_data if frame.eof else b""
        except zstandard.ZstdError as error:
            raise FormatError(
                "container.corrupt", str(path), "The file is damaged", f"byte {file.tell()}", _AGAIN
            ) from error
    if not frame.eof:
        raise FormatError(
            "container.truncated", str(path), "The file is cut short", f"byte {path.stat().st_size}", _AGAIN
        )


def lines_of(path: Path, piece_bytes: int = _PIECE) -> Iterator[Lines]:
    """All lines but blank ones, in pieces."""
    done = 0
    for piece in text_pieces(path, piece_bytes):
        text = np.frombuffer(bytes(piece), np.uint8)
        end = np.flatnonzero(text == 10)
        if not len(end) or end[-1] != len(text) - 1:
            end = np.append(end, len(text))
        start = np.concatenate([[0], end[:-1] + 1]).astype(np.int64)
        number = np.arange(done + 1, done + 1 + len(end), dtype=np.int64)
        done += len(end)
        end = end - ((end > start) & (text[end - 1] == 13))
        filled = end > start
        yield Lines(text, start[filled], end[filled], number[filled])


@dataclass
class Words:
    """The first words of lines: `start`, `end` [lines, words]; `count` is how many a line has in all."""

    text: Bytes
    start: Places
    end: Places
    count: Places

    def column(self, number: int) -> Texts:
        """One column as texts."""
        return Texts.cut(self.text, self.start[:, number], self.end[:, number])


def split(lines: Lines, wanted: int, *, tabs_only: bool = False) -> Words:
    """Cut lines at runs of blanks and tabs (or at every tab); missing words are empty."""
    text = lines.text
    if not len(lines):
        empty = np.zeros((0, wanted), np.int64)
        return Words(text, empty, empty, np.zeros(0, np.int64))
    if tabs_only:
        return _split_at_tabs(lines, wanted)
    gap = text <= 32
    begins = np.flatnonzero(~gap & np.concatenate([[True], gap[:-1]]))
    stops = np.flatnonzero(~gap & np.concatenate([gap[1:], [True]])) + 1
    return _picked(lines, wanted, begins, stops)


def _picked(lines: Lines, wanted: int, begins: Places, stops: Places) -> Words:
    first = np.searchsorted(begins, lines.start)
    count = np.searchsorted(begins, lines.end) - first
    place = np.minimum(first[:, None] + np.arange(wanted), max(0, len(begins) - 1))
    there = np.arange(wanted) < count[:, None]
    if not len(begins):
        return Words(lines.text, place * 0, place * 0, count)
    return Words(lines.text, np.where(there, begins[place], 0), np.where(there, stops[place], 0), count)


def _split_at_tabs(lines: Lines, wanted: int) -> Words:
    tabs = np.flatnonzero(lines.text == 9)
    first = np.searchsorted(tabs, lines.start)
    count = np.searchsorted(tabs, lines.end) - first + 1
    bounds = np.append(tabs, len(lines.text))
    ends = np.minimum(
        bounds[np.minimum(first[:, None] + np.arange(wanted), len(bounds) - 1)], lines.end[:, None]
    )
    start = np.concatenate([lines.start[:, None], ends[:, :-1] + 1], axis=1)
    there = np.arange(wanted) < count[:, None]
    return Words(lines.text, np.where(there, start, 0), np.where(there, ends, 0), count)


def integers(text: Bytes, start: Places, end: Places) -> tuple[Places, NDArray[np.bool_]]:
    """Whole numbers of at most 12 digits, perhaps with a minus; which of them are numbers."""
    if not len(text):
        return np.full(len(start), -1, np.int64), np.zeros(len(start), bool)
    negative = (end > start) & (text[np.minimum(start, len(text) - 1)] == ord("-"))
    begin = start + negative
    length = end - begin
    good = (length > 0) & (length <= 12)
    value = np.zeros(len(begin), np.int64)
    for place in range(int(min(12, length.max(initial=0)))):
        active = good & (length > place)
        digit = text[np.minimum(begin + place, len(text) - 1)] - np.uint8(48)
        good &= ~active | (digit <= 9)
        value = np.where(active, value * 10 + digit, value)
    value[negative] *= -1
    value[~good] = -1
    return value, good


_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class ChromosomeNames:
    """Names of chromosomes as written, numbered in the order in which they are met."""

    def __init__(self, path: Path) -> None:
        self.names: list[str] = []
        self._numbers: dict[bytes, int] = {}
        self._path = path

    def number(self, raw: bytes) -> int:
        """The index of a name. FormatError when there are more names than any genotype file has, or one that
        would end a line or a column of what is written with it."""
        if raw not in self._numbers:
            if len(self.names) >= _MOST_NAMES or len(raw) > _LONGEST_NAME or _CONTROL.search(raw):
                raise FormatError(
                    "content.chromosomes",
                    str(self._path),
                    "The column of chromosomes holds something else",
                    raw[:20].decode("utf-8", "replace"),
                    "Check which column holds the chromosome.",
                )
            self._numbers[raw] = len(self.names)
            self.names.append(raw.decode("utf-8", "replace"))
        return self._numbers[raw]

    def of(self, column: Texts) -> NDArray[np.uint16]:
        """The indices of a column of names: one look-up a run of equal names."""
        if not len(column):
            return np.zeros(0, np.uint16)
        fresh = np.concatenate([[True], ~_same_as_before(column)])
        numbers = [self.number(column.raw(int(row))) for row in np.flatnonzero(fresh)]
        indices: NDArray[np.uint16] = np.array(numbers, np.uint16)[np.cumsum(fresh) - 1]
        return indices


def _same_as_before(column: Texts) -> NDArray[np.bool_]:
    length, start = column.lengths, column.starts
    same: NDArray[np.bool_] = (length[1:] == length[:-1]) & (length[1:] <= _LONGEST_NAME)
    for place in range(int(min(_LONGEST_NAME, length.max()))):
        active = np.flatnonzero(same & (length[1:] > place))
        if not len(active):
            break
        same[active] = column.blob[start[active] + place] == column.blob[start[active + 1] + place]
    return same


def allele_pair_flags(refs: Texts, alts: Texts) -> NDArray[np.uint32]:
    """`SiteFlag` and NO_ALLELES of each pair of alleles."""
    ref, alt = refs.first_letters(), alts.first_letters()
    kind = np.minimum(_HARMLESS[ref], _HARMLESS[alt])
    flags = np.where((ref == alt) & (kind > 0), SiteFlag.SAME_ALLELES, 0).astype(np.uint32)
    flags[(kind > 0) & (np.maximum(_HARMLESS[ref], _HARMLESS[alt]) == 2)] |= np.uint32(SiteFlag.LOWER_CASE)
    for row in np.flatnonzero(kind == 0):
        pair = refs.raw(int(row)), alts.raw(int(row))
        flags[row] |= np.uint32(allele_flags(*pair))
        if b"." in pair:
            flags[row] |= np.uint32(RowFlag.NO_ALLELES)
    return flags


def dots_for_zero(alleles: Texts) -> Texts:
    """PLINK writes an allele that was never seen as 0; ours is a dot."""
    single = np.flatnonzero(alleles.lengths == 1)
    places = alleles.starts[single]
    zero = places[alleles.blob[places] == ord("0")]
    if not len(zero):
        return alleles
    blob = alleles.blob.copy()
    blob[zero] = ord(".")
    return Texts(blob, alleles.ends)
