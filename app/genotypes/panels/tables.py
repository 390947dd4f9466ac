"""Site lists in tables: HRC sites, lists of imputation servers, legends of 1000 Genomes and IMPUTE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import open_text_blocks
from app.genotypes.builds import plain_chromosome
from app.genotypes.panels.cells import (
    Cells,
    decimals,
    distinct,
    padded,
    pair_codes,
    rs_numbers,
    split,
    whole_numbers,
)
from app.genotypes.panels.layout import BLANKS, Layout
from app.genotypes.panels.site_rows import SiteRows, bad_line, stored_frequency
from app.genotypes.site_table import OTHER

PIECE_BYTES = 1 << 20
Read = Callable[[int], None]


def table_rows(path: Path, layout: Layout, read: Read) -> Iterator[SiteRows]:
    """The sites of a table, in pieces. `read` is told the packed bytes read so far.

    Raises ProblemError for a bad line, ContainerError for a damaged file.
    """
    for text, first_line in _pieces(path, layout, read):
        cells, narrow = split(text, layout.columns, first_line)
        if narrow is not None:
            why = f"it has {narrow.columns} columns, {layout.columns} are needed"
            raise bad_line(path.name, narrow.number, why)
        if len(cells):
            yield _rows(path.name, cells, layout)


def _pieces(path: Path, layout: Layout, read: Read) -> Iterator[tuple[NDArray[np.uint8], int]]:
    line = 1
    with open_text_blocks(path, piece_bytes=PIECE_BYTES) as blocks:
        for piece in blocks:
            data = whole_lines(bytes(piece))
            while line <= layout.skip and data:
                data = data[data.find(b"\n") + 1 :]
                line += 1
            if layout.blanks:
                data = data.translate(BLANKS)
            yield padded(data), line
            line += data.count(b"\n")
            read(blocks.packed_done)


def whole_lines(data: bytes) -> bytes:
    """The piece with plain line ends, also behind its last line."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def plain_name(raw: bytes) -> str | None:
    """The plain name of a chromosome; the pseudoautosomal regions belong to X."""
    found = plain_chromosome(raw.decode("utf-8", "replace"))
    return "X" if found == "XY" else found


def _rows(name: str, cells: Cells, layout: Layout) -> SiteRows:
    names: list[str | None] = [layout.fixed]
    chromosome = np.zeros(len(cells), np.int64)
    if layout.chromosome is not None:
        column = layout.chromosome
        raw, chromosome = distinct(cells.text, cells.begin(column), cells.stops[:, column])
        names = [plain_name(each) for each in raw]
    code, other, texts = alleles(cells, layout.ref)
    rs = None
    if layout.id is not None:
        rs = rs_numbers(cells.text, cells.begin(layout.id), cells.stops[:, layout.id])
    position = positions(name, cells, layout.position)
    return SiteRows(names, chromosome, position, code, other, texts, _frequency(name, cells, layout), rs)


def positions(name: str, cells: Cells, column: int) -> NDArray[np.int64]:
    """Positions of the lines; ProblemError for one that cannot be."""
    position, good = whole_numbers(cells.text, cells.begin(column), cells.stops[:, column])
    good &= (position > 0) & (position < 1 << 32)
    if not good.all():
        line = int(np.argmin(good))
        word = _cell(cells, column, line)
        raise bad_line(name, int(cells.number[line]), f"“{word}” is no position")
    return position


def alleles(cells: Cells, ref: int) -> tuple[NDArray[np.uint8], NDArray[np.intp], list[bytes]]:
    """Codes of the pairs, the lines of those that are not two different letters, and their texts."""
    stop = cells.stops[:, ref + 1]
    code = pair_codes(cells.text, cells.begin(ref), cells.begin(ref + 1), stop)
    other = np.flatnonzero(code == OTHER)
    begin = cells.begin(ref)[other]
    pairs = zip(begin.tolist(), stop[other].tolist(), strict=True)
    texts = [cells.text[start:end].tobytes() for start, end in pairs]
    return code, other, texts


def _frequency(name: str, cells: Cells, layout: Layout) -> NDArray[np.uint16] | None:
    if layout.counts is not None:
        count, total = (_counts(name, cells, column) for column in layout.counts)
        share = np.where(total > 0, count / np.maximum(total, 1), np.nan)
    elif layout.frequency is not None:
        share = _numbers(name, cells, layout.frequency)
    else:
        return None
    wrong = (share < 0) | (share > 1)
    if wrong.any():
        line = int(np.argmax(wrong))
        raise bad_line(name, int(cells.number[line]), f"{share[line]:g} is no frequency")
    return stored_frequency(share)


def _numbers(name: str, cells: Cells, column: int) -> NDArray[np.float64]:
    share, good = decimals(cells.text, cells.begin(column), cells.stops[:, column])
    if not good.all():
        line = int(np.argmin(good))
        word = _cell(cells, column, line)
        raise bad_line(name, int(cells.number[line]), f"“{word}” is no frequency")
    return share


def _counts(name: str, cells: Cells, column: int) -> NDArray[np.int64]:
    count, good = whole_numbers(cells.text, cells.begin(column), cells.stops[:, column])
    for line in np.flatnonzero(~good):
        if (word := _cell(cells, column, int(line))) not in (".", "NA", ""):
            raise bad_line(name, int(cells.number[line]), f"“{word}” is no number of alleles")
    return np.where(good, count, 0)


def _cell(cells: Cells, column: int, line: int) -> str:
    begin, stop = int(cells.begin(column)[line]), int(cells.stops[line, column])
    return cells.text[begin : min(stop, begin + 40)].tobytes().decode("utf-8", "replace")
