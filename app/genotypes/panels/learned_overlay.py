"""What a server itself said of a panel's alleles, laid over a kept site list: at those sites its word wins.

A list that people bring may be of another release of the panel than the one that the server has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.genotypes.site_table import NO_FREQUENCY, Alleles, SiteTable, table_of

T = TypeVar("T", bound=np.generic)
Rows = Mapping[str, Sequence[tuple[int, str, str]]]


class LearnedOverlay:
    """A `HasTables`: the tables of a list with the learned sites in them, made when they are asked for."""

    def __init__(self, table: Callable[[str], SiteTable | None], learned: Rows) -> None:
        self._table = table
        self._learned = learned
        self._made: dict[str, SiteTable] = {}

    def table(self, chromosome: str) -> SiteTable | None:
        """The sites of a chromosome by its plain name, None when the list does not have it."""
        below, rows = self._table(chromosome), self._learned.get(chromosome)
        if below is None or not rows:
            return below
        if chromosome not in self._made:
            self._made[chromosome] = overlaid(below, rows)
        return self._made[chromosome]


class _Moved(Mapping[int, Alleles]):
    """Alleles that are not two letters, of rows that came from two tables."""

    def __init__(self, tables: tuple[SiteTable, SiteTable], source: NDArray[np.int64]) -> None:
        self._tables, self._source, self._border = tables, source, len(tables[0])

    def __getitem__(self, row: int) -> Alleles:
        place = int(self._source[row])
        first, second = self._tables
        return first.others[place] if place < self._border else second.others[place - self._border]

    def __iter__(self) -> Iterator[int]:
        first, second = (set(each.others) for each in self._tables)
        both = first | {each + self._border for each in second}
        return (row for row, place in enumerate(self._source.tolist()) if place in both)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def overlaid(table: SiteTable, learned: Sequence[tuple[int, str, str]]) -> SiteTable:
    """A table in which the learned pairs stand, alone at their positions where it did not have them.

    Of a pair that it has nothing changes: its frequency and identifier stay, and so do other rows there.
    """
    fresh = [row for row in learned if (row[1], row[2]) not in table.at(row[0])]
    if not fresh:
        return table
    above = table_of(fresh)
    kept = np.flatnonzero(~np.isin(table.position, above.position))
    source = np.concatenate([kept, len(table) + np.arange(len(above))])
    position = np.concatenate([table.position[kept], above.position])
    order = np.argsort(position, kind="stable")
    source = source[order]
    return replace(
        table,
        position=position[order],
        code=np.concatenate([table.code[kept], above.code])[order],
        frequency=_filled(table.frequency, kept, len(above), NO_FREQUENCY, order),
        rs=_filled(table.rs, kept, len(above), 0, order),
        others=_Moved((table, above), source),
    )


def _filled(
    column: NDArray[T] | None,
    kept: NDArray[np.intp],
    more: int,
    value: int,
    order: NDArray[np.intp],
) -> NDArray[T] | None:
    if column is None:
        return None
    found: NDArray[T] = np.concatenate([column[kept], np.full(more, value, column.dtype)])[order]
    return found
