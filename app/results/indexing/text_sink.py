"""The text of a file that goes by: the header is held until it is whole, records go on in whole lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import ChromosomeFigures, FileFigures
from app.results.indexing.header_names import HeaderFacts, read_header
from app.results.indexing.index_builder import IndexBuilder
from app.results.indexing.record_scan import MARGIN, Placed, RecordScan
from app.results.indexing.rsq_table import TableScan, is_table

_PIECE = 1 << 20
_LONGEST_LINE = 128 << 20
_LONGEST_HEADER = 256 << 20
_LINE_END, _HASH = ord("\n"), ord("#")
Places = NDArray[np.int64]
NewHeader = Callable[[bytes, HeaderFacts], bytes]


class BlockPlaces:
    """Which place of the text lies in which block of the file that is written."""

    def __init__(self) -> None:
        self._text: list[int] = [0]
        self._file: list[int] = [0]

    def add(self, text_length: int, packed_length: int) -> None:
        """A block was written."""
        self._text.append(self._text[-1] + text_length)
        self._file.append(self._file[-1] + packed_length)

    def virtual(self, places: Places) -> NDArray[np.uint64]:
        """Virtual offsets of places in the text; what begins behind a block lies in the next one."""
        text, file = np.array(self._text, np.int64), np.array(self._file, np.int64)
        block = np.searchsorted(text, places, side="right") - 1
        offset: NDArray[np.uint64] = (file[block] << 16 | (places - text[block])).astype(np.uint64)
        return offset

    def forget(self, before: int) -> None:
        """Blocks that end before a place are not asked for any more."""
        if len(self._text) > 1024:
            first = max(0, int(np.searchsorted(np.array(self._text), before, side="right")) - 2)
            del self._text[:first]
            del self._file[:first]


class _Unread:
    """Takes the text of an info file of a kind that nobody knows, and counts nothing."""

    sorted = True

    def feed(self, text: bytearray, size: int, base: int) -> None:
        """Let it go by."""

    def chromosomes(self) -> list[ChromosomeFigures]:
        """None are known."""
        return []


class TextSink:
    """Takes the text of one file in order; `strict` files must be VCF or the old table."""

    def __init__(
        self, new_header: NewHeader, builder: IndexBuilder | None, *, keep_all: bool, strict: bool = True
    ) -> None:
        self._new_header, self._builder, self._keep_all = new_header, builder, keep_all
        self._strict = strict
        self._header = bytearray()
        self._line = 0  # where the last line of the header begins
        self._room = bytearray(_PIECE + (1 << 18) + MARGIN)
        self._fill = 0  # bytes of records in the room
        self._searched = 0
        self._scan: RecordScan | TableScan | _Unread | None = None
        self._at = 0  # where the pending text begins in the text that is written
        self.blocks = BlockPlaces()
        self.changed = False

    @property
    def in_header(self) -> bool:
        """Whether no record came yet."""
        return self._scan is None

    def header(self, text: bytes | bytearray) -> tuple[bytes, bytes] | None:
        """More text while in the header; (header to write, text behind it) when it is complete."""
        self._header += text
        while self._line < len(self._header) and self._header[self._line] == _HASH:
            end = self._header.find(b"\n", self._line)
            if end < 0:
                break
            self._line = end + 1
        if self._line < len(self._header) and self._header[self._line] != _HASH:
            return self._split(self._line)
        if len(self._header) > _LONGEST_HEADER:
            raise ContentFault("has a header without end")
        return None

    def end_header(self) -> tuple[bytes, bytes]:
        """The file ends in its header."""
        return self._split(len(self._header))

    def _split(self, end: int) -> tuple[bytes, bytes]:
        header, rest = bytes(self._header[:end]), bytes(self._header[end:])
        self._header.clear()
        if is_table(rest):
            self._scan = TableScan()
            return header, rest
        facts = read_header(header)
        if facts.columns < 8 and not self._strict:
            self._scan = _Unread()
            return header, rest
        if facts.columns < 8:
            raise ContentFault("has no line that names its columns (#CHROM …)")
        fresh = self._new_header(header, facts)
        self.changed = fresh != header
        self._scan = RecordScan(
            facts.columns,
            old_marks=facts.old_marks,
            filter_marks=facts.filter_marks,
            place=self._place if self._builder is not None else None,
            keep_all=self._keep_all,
        )
        return fresh, rest

    def begin_records(self, at: int) -> None:
        """The text of the records begins there in the text that is written."""
        self._at = at

    def records(self, text: bytes | bytearray) -> None:
        """More text behind the header; its blocks are known already."""
        needed = self._fill + len(text) + MARGIN
        if needed > len(self._room):
            bigger = bytearray(2 * needed)
            bigger[: self._fill] = self._room[: self._fill]
            self._room = bigger
        self._room[self._fill : self._fill + len(text)] = text
        self._fill += len(text)
        if self._fill < _PIECE:
            return
        end = self._room.rfind(b"\n", self._searched, self._fill) + 1
        self._searched = self._fill
        if end:
            self._feed(end)
        elif self._fill > _LONGEST_LINE:
            raise ContentFault("has a line without end")

    def _feed(self, end: int) -> None:
        """Scan whole lines, and move what is behind them to the front."""
        assert self._scan is not None
        self._scan.feed(self._room, end, self._at)
        self._at += end
        rest = self._fill - end
        self._room[:rest] = self._room[end : self._fill]
        self._fill = self._searched = rest
        self.blocks.forget(self._at)

    def _place(self, placed: Placed) -> None:
        assert self._builder is not None
        start, stop = self.blocks.virtual(placed.start), self.blocks.virtual(placed.stop)
        self._builder.add(placed.name, placed.begin, placed.end, start, stop)

    def finish(self, *, told_whole: bool) -> None:
        """The last line; one without its end is cut, unless the file says that it is whole."""
        if not self._fill:
            return
        if self._room[self._fill - 1] != _LINE_END:
            if not told_whole:
                raise ContentFault("ends in the middle of a line")
            self._room[self._fill] = _LINE_END
            self._fill += 1
        self._feed(self._fill)

    def give_up(self) -> None:
        """The file is damaged here: the whole lines before it still count."""
        end = self._room.rfind(b"\n", 0, self._fill) + 1
        if self._scan is not None and end:
            with contextlib.suppress(ContentFault):
                self._feed(end)

    def tell(self, found: FileFigures) -> None:
        """Put the figures of the records into those of the file."""
        if isinstance(self._scan, _Unread):
            found.notes = (*found.notes, "its columns are not known here, so it was not counted.")
        if self._scan is not None:
            found.chromosomes = self._scan.chromosomes()
            found.sorted = self._scan.sorted
