"""The fixed columns of many rows of a VCF at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.contract import WHOLE

_COLUMNS = 5
_MOST_DIGITS = 10
_RETURN = ord("\r")


class NoRow(Exception):
    """A line that has no position; the arguments are its number and how many columns it has."""


@dataclass(frozen=True, eq=False)
class Heads:
    """`rows` are the numbers of the lines that are not empty, `starts` where they begin in the text."""

    rows: NDArray[np.intp]
    starts: NDArray[np.int64]
    contigs: list[str]
    positions: NDArray[np.int64]
    ids: NDArray[np.object_]
    refs: NDArray[np.object_]
    alts: NDArray[np.object_]


def read_heads(text: bytes, at: int, fields: NDArray[np.int64]) -> Heads:
    """The columns of rows whose first begins at `at`; `fields` as RowReader gives them. Raises NoRow."""
    ends = fields[:, 9]
    starts = np.empty(len(ends), dtype=np.int64)
    starts[:1] = at
    seen = np.frombuffer(text, dtype=np.uint8)
    starts[1:] = ends[:-1] + 1 + (seen[ends[:-1]] == _RETURN)
    rows = np.flatnonzero(ends > starts)
    _refuse_short(text, rows, starts, ends, fields[:, 8])
    pieces = zip(starts[rows].tolist(), fields[rows, 4].tolist(), strict=True)
    head = b"\t".join([text[start:stop] for start, stop in pieces])
    words = head.decode("utf-8", "replace").split("\t") if len(rows) else []
    positions = _positions(words[1::_COLUMNS], rows)
    return Heads(
        rows,
        starts[rows],
        words[0::_COLUMNS],
        positions,
        *(objects(words[column::_COLUMNS]) for column in (2, 3, 4)),
    )


def _refuse_short(
    text: bytes,
    rows: NDArray[np.intp],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> None:
    for row in rows[cells[rows] < 0].tolist():
        columns = text.count(b"\t", int(starts[row]), int(ends[row])) + 1
        if columns <= _COLUMNS:  # where the fifth ends is not known
            raise NoRow(row, columns)


def _positions(digits: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    for row, each in zip(rows.tolist(), digits, strict=True):
        if not (each.isdigit() and each.isascii() and len(each) <= _MOST_DIGITS):
            raise NoRow(row, _COLUMNS)
    positions = np.fromiter(map(int, digits), dtype=np.int64, count=len(digits))
    beyond = np.flatnonzero((positions < 1) | (positions > WHOLE))  # no index knows them
    if len(beyond):
        raise NoRow(int(rows[beyond[0]]), _COLUMNS)
    return positions


def objects(values: Sequence[str]) -> NDArray[np.object_]:
    """Texts as an array."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
