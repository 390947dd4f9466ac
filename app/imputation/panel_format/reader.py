"""Reads a packed panel: its sites, and stretches of its haplotypes, from anywhere in the file."""

from __future__ import annotations

import contextlib
import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Self

import deflate
import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.imputation.built_in.stretch import PanelStretch, join_stretches
from app.imputation.contract import WHOLE
from app.imputation.panel_format.codec import MOST_SITES, Alleles, unpack
from app.imputation.panel_format.layout import (
    HEAD_BYTES,
    MAGIC,
    TAIL_BYTES,
    VERSION,
    Head,
    NewerVersion,
    Row,
    read_head,
    read_index,
)
from app.imputation.panel_format.numbers import BadBlock, Numbers, Unpacker
from app.imputation.panel_format.site_columns import (
    Sites,
    join_sites,
    nameless,
    unpack_positions,
    unpack_sites,
)
from app.imputation.sorted_values import among

SUFFIX = ".hpanel"


def is_packed_panel(path: Path) -> bool:
    """Whether a file begins as a packed panel does."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
    return False


class Panel:
    """A packed panel, open; use in a `with` or close it. Any number of threads may read at once.

    `contig` is the name of the chromosome in the file, `size` the number of haplotypes (K), `ploidy` uint8
    [people] of 1 and 2, `count` the number of sites, `first` and `last` the positions at its ends (0 without
    sites), `per_mb` how many sites each megabase has. Positions are 1-based, ends of ranges within.
    Every method raises ProblemError (input) for a file that is damaged or was cut since it was opened, and
    never gives wrong haplotypes. What was read of the file is not kept in memory.
    """

    def __init__(self, path: Path, data: memoryview, mapped: mmap.mmap) -> None:
        self.path, self._data, self._mapped = path, data, mapped
        head, begin = read_head(data)
        rows, per_mb = read_index(data, begin)
        self._head: Head = head
        self._rows: Sequence[Row] = rows
        self._places = list(accumulate((row.site_bytes + row.allele_bytes for row in rows), initial=begin))
        self._firsts, self._lasts = [row.first for row in rows], [row.last for row in rows]
        self._latest: tuple[tuple[int, bool], PanelStretch] | None = None
        self.contig = head.contig
        self.ploidy = head.ploidy
        self.size = head.haplotypes
        self.count = sum(row.sites for row in rows)
        self.first = rows[0].first if rows else 0
        self.last = rows[-1].last if rows else 0
        self.per_mb: tuple[int, ...] = tuple(per_mb.tolist())

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file. ProblemError where it is no whole panel (input) or cannot be read (disk)."""
        mapped = _mapped(path)
        data = memoryview(mapped)
        try:
            return cls(path, data, mapped)
        except BaseException as error:
            data.release()
            with contextlib.suppress(BufferError):
                mapped.close()
            if isinstance(error, NewerVersion):
                raise _newer(path, int(error.args[0])) from error
            if isinstance(error, BadBlock):
                raise _damaged(path, str(error)) from error
            raise

    def close(self) -> None:
        """Let go of the file; harmless when done twice."""
        self.forget()
        self._data.release()
        with contextlib.suppress(BufferError):  # the traceback of an error still holds a part of it
            self._mapped.close()

    def forget(self) -> None:
        """Let go of the block that was unpacked last, which is kept for the next piece."""
        self._latest = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sites(self, first: int = 1, last: int = WHOLE) -> Sites:
        """The sites of a range; no alleles are unpacked."""
        return join_sites(list(self.site_pieces(first, last)))

    def site_pieces(self, first: int = 1, last: int = WHOLE) -> Iterator[Sites]:
        """The same, block by block, so that memory does not grow with the range."""
        for block in self._blocks(first, last):
            yield self._sites(block, first, last)

    def positions(self, first: int = 1, last: int = WHOLE) -> NDArray[np.int64]:
        """The positions of the sites of a range, in order, one for each site."""
        found = [np.zeros(0, dtype=np.int64)]
        for block in self._blocks(first, last):
            places = self._positions(block)
            found.append(places[_within(places, first, last)])
        return np.concatenate(found)

    def rows_before(self, position: int) -> int:
        """How many sites stand before a position: the number of the first one there or behind it."""
        block = bisect_left(self._lasts, position)
        before = sum(row.sites for row in self._rows[:block])
        if block == len(self._rows) or self._firsts[block] >= position:
            return before
        return before + int(np.searchsorted(self._positions(block), position))

    def at(
        self, positions: NDArray[np.int64], first: int = 1, last: int = WHOLE
    ) -> Iterator[tuple[NDArray[np.int64], PanelStretch]]:
        """Numbers in the panel, and sites of a range at some positions, which ascend; ids are not read."""
        for block in self._blocks(first, last):
            places = self._positions(block)
            rows = np.flatnonzero(among(places, positions) & (places >= first) & (places <= last))
            if len(rows):
                sites = self._sites(block, first=0, last=WHOLE, ids=False).take(rows)
                found = join_stretches([_stretch(sites, self._alleles(block), self.size, rows)])
                yield rows + sum(row.sites for row in self._rows[:block]), found

    def alt_counts(self, first: int = 1, last: int = WHOLE) -> NDArray[np.int64]:
        """How many haplotypes have ALT at each site of a range; no alleles are unpacked."""
        found = [np.zeros(0, dtype=np.int64)]
        for block in self._blocks(first, last):
            places = self._positions(block)
            with self._told():
                counts: Numbers = Unpacker(self._allele_piece(block), MOST_SITES).numbers(len(places))
                if len(counts) != len(places):
                    raise BadBlock("counts that do not fit")
            self._let_go(block)
            found.append(counts[_within(places, first, last)].astype(np.int64))
        return np.concatenate(found)

    def stretch(self, first: int = 1, last: int = WHOLE) -> PanelStretch:
        """The haplotypes of a range, all in memory."""
        blocks = self._blocks(first, last)
        return _joined([_cut(self._block(block), first, last) for block in blocks], self.size)

    def stretches(
        self, first: int = 1, last: int = WHOLE, most_sites: int = MOST_SITES, *, names: bool = True
    ) -> Iterator[PanelStretch]:
        """The haplotypes of a range in pieces of at most so many sites, in order; none is empty.

        Without `names` ids, REF and ALT stay empty: they take more time and memory than haplotypes.
        """
        held: list[PanelStretch] = []
        for block in self._blocks(first, last):
            left = _cut(self._block(block, names=names), first, last)
            while len(left):
                room = most_sites - sum(map(len, held))
                held.append(left.take(slice(0, room)))
                left = left.take(slice(room, None))
                if len(held[-1]) == room:
                    yield _joined(held, self.size)
                    held = []
        if sum(map(len, held)):
            yield _joined(held, self.size)

    def verify(self, report: Report = silent) -> None:
        """Read everything; ProblemError for a file with any damage."""
        for block in range(len(self._rows)):
            self._block(block)
            report(Progress(done=block + 1, total=len(self._rows), unit="blocks", step="Verifying"))

    def _blocks(self, first: int, last: int) -> range:
        """The blocks that have sites of a range."""
        return range(bisect_left(self._lasts, first), bisect_right(self._firsts, last))

    def _site_piece(self, block: int) -> memoryview:
        row, at = self._rows[block], self._places[block]
        return self._checked(at, row.site_bytes, row.site_crc)

    def _allele_piece(self, block: int) -> memoryview:
        row, at = self._rows[block], self._places[block]
        return self._checked(at + row.site_bytes, row.allele_bytes, row.allele_crc)

    def _checked(self, at: int, size: int, crc: int) -> memoryview:
        # Beyond the end of a file that another program cuts, a mapped page ends the process. What is left is
        # a cut in the moment of the reading itself.
        if self._mapped.size() < len(self._data):
            raise BadBlock(f"cut to {self._mapped.size()} of {len(self._data)} bytes")
        piece = self._data[at : at + size]
        if deflate.crc32(piece) != crc:
            raise BadBlock(f"a wrong checksum at {at}")
        return piece

    def _positions(self, block: int) -> NDArray[np.int64]:
        with self._told():
            places = unpack_positions(self._site_piece(block), self._rows[block].sites)
            self._refuse_misplaced(block, places)
        self._let_go(block)
        return places

    def _let_go(self, block: int) -> None:
        """Take the pages of a block out of memory; they come back from the file where they are read again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            row, at = self._rows[block], self._places[block]
            begin = at // mmap.PAGESIZE * mmap.PAGESIZE
            length = at + row.site_bytes + row.allele_bytes - begin
            with contextlib.suppress(OSError):  # where memory is locked: then they stay
                self._mapped.madvise(mmap.MADV_DONTNEED, begin, length)

    def _refuse_misplaced(self, block: int, places: NDArray[np.int64]) -> None:
        row = self._rows[block]
        if (int(places[0]), int(places[-1])) != (row.first, row.last):
            raise BadBlock("positions and index differ")

    def _sites(self, block: int, first: int, last: int, *, ids: bool = True) -> Sites:
        with self._told():
            found = unpack_sites(self._site_piece(block), self._rows[block].sites, self.contig, ids=ids)
            self._refuse_misplaced(block, found.positions)
        self._let_go(block)
        return found.take(_within(found.positions, first, last))

    def _alleles(self, block: int) -> Alleles:
        with self._told():
            made = unpack(self._allele_piece(block), self._rows[block].sites, self.size, self._head.rules)
        self._let_go(block)
        return made

    def _block(self, block: int, *, names: bool = True) -> PanelStretch:
        latest = self._latest
        if latest is not None and latest[0] == (block, names):
            return latest[1]
        self.forget()
        sites = self._sites(block, 0, WHOLE) if names else nameless(self._positions(block))
        stretch = _stretch(sites, self._alleles(block), self.size)
        self._latest = (block, names), stretch
        return stretch

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BadBlock as error:
            raise _damaged(self.path, str(error)) from error


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if head[: len(MAGIC)] != MAGIC[: len(head)] or not head:
                raise _foreign(path)
            if file.seek(0, 2) < HEAD_BYTES + TAIL_BYTES:
                raise _damaged(path, "cut in its head")
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The panel cannot be read",
            f"{path.name}: {error.strerror or error}.",
            "Look whether the file is there and may be read.",
            subject=path.name,
        ) from error


def _within(positions: NDArray[np.int64], first: int, last: int) -> slice:
    return slice(
        int(np.searchsorted(positions, first, "left")), int(np.searchsorted(positions, last, "right"))
    )


def _cut(stretch: PanelStretch, first: int, last: int) -> PanelStretch:
    rows = _within(stretch.positions, first, last)
    return stretch if rows == slice(0, len(stretch)) else stretch.take(rows)


def _stretch(
    sites: Sites, made: Alleles, size: int, rows: slice | NDArray[np.intp] = slice(None)
) -> PanelStretch:
    """Some rows of a block with their sites."""
    return PanelStretch(
        size=size,
        positions=sites.positions,
        ids=sites.ids,
        refs=sites.refs,
        alts=sites.alts,
        form=made.form[rows],
        start=made.start[rows],
        count=made.count[rows],
        carriers=made.carriers,
        bits=made.bits,
    )


def _joined(pieces: Sequence[PanelStretch], size: int) -> PanelStretch:
    """Stretches one after another, with only what their sites need."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        none = np.zeros(0, dtype=np.int64)
        text = np.zeros(0, dtype=object)
        bits = np.zeros((0, (size + 7) // 8), dtype=np.uint8)
        carriers = np.zeros(0, dtype=np.uint32)
        return PanelStretch(size, none, text, text, text, none.astype(np.uint8), none, none, carriers, bits)
    return join_stretches(pieces)


def _foreign(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file is no packed panel",
        f"{path.name} does not begin as a panel of Haplodesk does.",
        "Choose another file, or make the panel anew from its VCF.",
        subject=path.name,
    )


def _damaged(path: Path, details: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The panel is damaged",
        f"{path.name} is not as it was written: a part of it is missing or was changed.",
        "Copy it again, or remove the panel and add it again from its VCF.",
        subject=path.name,
        details=details,
    )


def _newer(path: Path, version: int) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The panel is of a newer version",
        f"{path.name} has version {version} of the format, this program knows {VERSION}.",
        "Update Haplodesk, or make the panel anew from its VCF.",
        subject=path.name,
    )
