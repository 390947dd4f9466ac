"""What a table asks for, and whom it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class TableQuery:
    """A filter as it was typed (`state:failed service:x some words`) and an order.

    The source reads the filter, because it knows its terms. Without `sort` it uses an order of its own.
    """

    text: str = ""
    sort: str = ""
    descending: bool | None = None

    @property
    def filtered(self) -> bool:
        """Whether rows may be hidden by it."""
        return bool(self.text.strip())


class PageSource(Protocol):
    """Where a table gets its rows, page by page."""

    columns: Sequence[str]
    """The names of the values of a row tuple, in order."""

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """All ids that match, in order."""
        ...

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of some ids; ids that are gone are left out."""
        ...
