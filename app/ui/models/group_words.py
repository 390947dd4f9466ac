"""The column of groups of jobs with how each stands, read for the rows on the page only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from app.ui.models.query import PageSource, TableQuery

GROUP = "group_id"


class WithGroupWords:
    """A page source of jobs whose `group_id` is the pair of it and the state of the group in words.

    It is None for a job that was sent alone. `words_of` gives the words of some groups by their ids.
    """

    def __init__(
        self, source: PageSource, words_of: Callable[[Collection[str]], Awaitable[dict[str, str]]]
    ) -> None:
        self._source = source
        self._words_of = words_of
        self.columns: Sequence[str] = source.columns
        self._place = list(source.columns).index(GROUP)

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """As the source has them."""
        return await self._source.ids(query)

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of the source, with the words."""
        found, at = await self._source.rows(ids), self._place
        groups = {row[at] for row in found.values() if row[at]}
        words = await self._words_of(groups) if groups else {}
        return {
            each: (*row[:at], (row[at], words.get(row[at], "")) if row[at] else None, *row[at + 1 :])
            for each, row in found.items()
        }
