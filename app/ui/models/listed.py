"""Rows in memory as a page source, for tables of some ten thousand rows that no store holds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from app.ui.models.query import TableQuery

_TERM = re.compile(r"^(\w+)(<=|>=|:|<|>)(.*)$")
Row = tuple[Any, ...]
Test = Callable[[Row], bool]


class Listed:
    """Filters by words, `column:words`, `column<number`; sorts by a column, unknown values last.

    The first column is the id. `only` shows some ids and hides the rest, whatever is typed.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns: Sequence[str] = tuple(columns)
        self._rows: dict[str, Row] = {}
        self.only: Collection[str] | None = None

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Other rows; the model has to be reloaded."""
        self._rows = {str(row[0]): row for row in rows}

    def __len__(self) -> int:
        return len(self._rows)

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """All ids that match, in order."""
        return await asyncio.to_thread(self._found, query, self._rows, self.only)

    async def rows(self, ids: Sequence[str]) -> dict[str, Row]:
        """The rows of some ids."""
        held = self._rows
        return {each: held[each] for each in ids if each in held}

    def _found(self, query: TableQuery, rows: dict[str, Row], only: Collection[str] | None) -> list[str]:
        tests = [self._test(word) for word in query.text.split()]
        kept = [
            row for key, row in rows.items() if (only is None or key in only) and all(t(row) for t in tests)
        ]
        if query.sort:
            place = list(self.columns).index(query.sort)
            known = [row for row in kept if not _unknown(row[place])]
            unknown = [row for row in kept if _unknown(row[place])]
            known.sort(key=lambda row: _order(row[place]), reverse=bool(query.descending))
            kept = known + unknown
        return [str(row[0]) for row in kept]

    def _test(self, word: str) -> Test:
        term = _TERM.match(word)
        if term is None or term[1] not in self.columns:
            wanted = word.casefold()
            return lambda row: any(wanted in str(v).casefold() for v in row if isinstance(v, str))
        place, sign, value = list(self.columns).index(term[1]), term[2], term[3]
        if sign == ":":
            return lambda row: value.casefold() in str(row[place]).casefold()
        return _compare(place, sign, value)


def _compare(place: int, sign: str, value: str) -> Test:
    try:
        bound = float(value.rstrip("%"))
    except ValueError:
        return lambda _row: True  # half typed

    def fits(row: Row) -> bool:
        here = row[place]
        if _unknown(here) or not isinstance(here, int | float):
            return False
        below, equal = here < bound, here == bound
        return (
            below or (equal and "=" in sign) if sign[0] == "<" else not below and (not equal or "=" in sign)
        )

    return fits


def _unknown(value: Any) -> bool:
    return value is None or value == "" or value != value


def _order(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
