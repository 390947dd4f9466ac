"""A column made of several values of the source, for badges that need two facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.ui.models.query import PageSource, TableQuery


class Joined:
    """A page source with one more column: a tuple of the values of `parts`; it sorts by `sort`."""

    def __init__(self, source: PageSource, name: str, parts: Sequence[str], sort: str) -> None:
        self._source = source
        self._name = name
        self._sort = sort
        self._places = tuple(list(source.columns).index(part) for part in parts)
        self.columns: Sequence[str] = (*source.columns, name)

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """As the source has them."""
        if query.sort == self._name:
            query = TableQuery(query.text, self._sort, query.descending)
        return await self._source.ids(query)

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of the source with the joined value at their end."""
        found = await self._source.rows(ids)
        return {each: (*row, tuple(row[p] for p in self._places)) for each, row in found.items()}
