"""The lines of an upload in batches: regular rows as arrays, everything else one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import MARGIN, TextBlocks
from app.genotypes.rows import Bytes, Rows, first_tabs, positions
from app.genotypes.texts import Texts

PIECE_BYTES = 4 << 20
COLUMNS = 9  # tabs before the first genotype
_WIDE = 2000
_LONE_RETURN = re.compile(rb"\r(?!\n)")


@dataclass
class Batch:
    """Rows in file order with ten columns or more and a plain position. `number` counts lines from 1.

    `chromosome` are indices into `names`, as written.
    """

    rows: Rows
    number: NDArray[np.int64]
    position: NDArray[np.int64]
    names: list[str]
    chromosome: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.position)

    def texts(self, column: int) -> Texts:
        """One of the first columns (2 ID, 3 REF, 4 ALT, 6 FILTER, 8 FORMAT)."""
        tabs = self.rows.tabs
        return Texts.cut(self.rows.text, tabs[:, column - 1] + 1, tabs[:, column])

    def part(self, chosen: NDArray[np.intp] | slice) -> Batch:
        """Some of the rows."""
        rows = self.rows
        picked = Rows(rows.text, rows.start[chosen], rows.end[chosen], rows.tabs[chosen])
        return Batch(picked, self.number[chosen], self.position[chosen], self.names, self.chromosome[chosen])


@dataclass
class OddLine:
    """A line that is no regular row: a header line, a short one, one with an odd position."""

    raw: bytes
    number: int


Seen = Callable[["Batch | OddLine"], None]
SeenText = Callable[[bytes], None]


def read_lines(blocks: TextBlocks, seen: Seen, seen_text: SeenText) -> Iterator[Batch | OddLine]:
    """All lines of a file; a line ends at `\\n`, `\\r\\n` or a lone `\\r`, as Java reads them.

    The arrays of a batch are valid until the next one is asked for. ContainerError for a damaged file.
    `seen` is told the same lines, but `seen_text` gets the text of a piece that holds a lone `\\r`.
    """
    reader = _Reader()
    for piece in blocks:
        lone = has_lone_return(piece)
        if lone:
            seen_text(bytes(piece))
        for item in reader.feed(piece, lone):
            if not lone:
                seen(item)
            yield item


def has_lone_return(piece: memoryview) -> bool:
    """Whether a carriage return stands before something else than a line end."""
    buffer = piece.obj
    assert isinstance(buffer, bytearray)
    stop = len(piece)
    return buffer.find(b"\r", 0, stop) >= 0 and _LONE_RETURN.search(buffer, 0, stop) is not None


class _Reader:
    def __init__(self) -> None:
        self._line = 0
        self._in_header = True
        self._names: list[str] = []
        self._places: dict[bytes, int] = {}
        self._width = 128

    def feed(self, piece: memoryview, lone: bool) -> Iterator[Batch | OddLine]:
        buffer = piece.obj
        assert isinstance(buffer, bytearray)
        stop = len(piece)
        if lone:
            changed = _LONE_RETURN.sub(b"\n", bytes(piece))
            buffer, stop = bytearray(changed + bytes(MARGIN)), len(changed)
        text = np.frombuffer(buffer, np.uint8)
        start, end = _ends(buffer, text, stop)
        number = self._line + 1 + np.arange(len(start))
        self._line += len(start)
        first = 0
        while self._in_header and first < len(start):
            raw = buffer[start[first] : end[first]]
            self._in_header = raw.startswith(b"##")
            yield OddLine(bytes(raw), int(number[first]))
            first += 1
        yield from self._records(text, start[first:], end[first:], number[first:])

    def _records(
        self, text: Bytes, start: NDArray[np.int64], end: NDArray[np.int64], number: NDArray[np.int64]
    ) -> Iterator[Batch | OddLine]:
        if not len(start):
            return
        tabs, enough = first_tabs(text, start, end, COLUMNS, self._width)
        rows = Rows(text, start, end, tabs)
        place = np.full(len(start), -1, np.int64)
        regular = np.flatnonzero(enough & (text[start] != ord("#")))
        if len(regular):
            few = Rows(text, start[regular], end[regular], tabs[regular])
            self._width = min(4096, max(64, int((few.tabs[:, -1] - few.start).max()) + 32))
            found, good = positions(few)
            good &= few.tabs[:, 1] - few.tabs[:, 0] <= COLUMNS + 1
            good &= (text[few.tabs[:, 0] + 1] != ord("0")) | (few.tabs[:, 1] - few.tabs[:, 0] == 2)
            place[regular] = np.where(good, found, -1)
        yield from self._in_turn(rows, number, place)

    def _in_turn(
        self, rows: Rows, number: NDArray[np.int64], place: NDArray[np.int64]
    ) -> Iterator[Batch | OddLine]:
        """Runs of regular rows, and the odd lines between them."""
        regular = place >= 0
        edges = np.flatnonzero(np.diff(regular.astype(np.int8))) + 1
        for low, high in zip([0, *edges.tolist()], [*edges.tolist(), len(regular)], strict=True):
            part = slice(low, high)
            if regular[low]:
                run = Rows(rows.text, rows.start[part], rows.end[part], rows.tabs[part])
                yield Batch(run, number[part], place[part], self._names, self._chromosomes(run))
                continue
            for at in range(low, high):
                yield OddLine(rows.text[rows.start[at] : rows.end[at]].tobytes(), int(number[at]))

    def _chromosomes(self, rows: Rows) -> NDArray[np.int64]:
        """The index of each row's chromosome; equal names of neighbours are looked up once."""
        length = rows.tabs[:, 0] - rows.start
        width = int(length.max())
        if width > 64:
            return np.array([self._place(rows.field(row, 0)) for row in range(len(length))], np.int64)
        every = np.ndarray(
            (len(rows.text) - width + 1, width), np.uint8, buffer=rows.text.data, strides=(1, 1)
        )[rows.start]
        every = np.where(np.arange(width) < length[:, None], every, 0)
        changes = np.flatnonzero((every[1:] != every[:-1]).any(axis=1)) + 1
        starts = np.concatenate([[0], changes])
        numbers = [self._place(rows.field(int(row), 0)) for row in starts]
        return np.repeat(np.array(numbers, np.int64), np.diff(starts, append=len(length)))

    def _place(self, raw: bytes) -> int:
        if raw not in self._places:
            self._places[raw] = len(self._names)
            self._names.append(raw.decode("utf-8", "replace"))
        return self._places[raw]


def one_row(line: OddLine, position: int) -> Batch | None:
    """An odd line as a batch of one row, None when it has not ten columns."""
    text = np.frombuffer(line.raw + bytes(MARGIN), np.uint8)
    tabs = np.flatnonzero(text[: len(line.raw)] == ord("\t"))[:COLUMNS]
    if len(tabs) < COLUMNS:
        return None
    rows = Rows(text, np.zeros(1, np.int64), np.array([len(line.raw)]), tabs[None, :].astype(np.int64))
    name = line.raw.split(b"\t", 1)[0].decode("utf-8", "replace")
    return Batch(rows, np.array([line.number]), np.array([position]), [name], np.zeros(1, np.int64))


def _ends(buffer: bytearray, text: Bytes, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each line begins and ends, without `\\n` and `\\r\\n`."""
    found = []
    at = buffer.find(b"\n", 0, stop)
    if at > _WIDE:
        while at >= 0:
            found.append(at)
            at = buffer.find(b"\n", at + 1, stop)
        newline = np.array(found, np.int64)
    else:
        newline = np.flatnonzero(text[:stop] == ord("\n")).astype(np.int64)
    if not len(newline) or newline[-1] != stop - 1:
        newline = np.append(newline, stop)
    start = np.concatenate([[0], newline[:-1] + 1]).astype(np.int64)
    returned = (newline > start) & (text[newline - 1] == ord("\r"))
    return start, newline - returned
