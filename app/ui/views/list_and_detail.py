"""A page of one table and, below it, the page of the selected row."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtWidgets import QWidget

from app.ui.views.view import View
from app.ui.widgets.table_view import TableView


class ListAndDetail(View):
    """Keeps table and detail together; `current` is the id of the thing whose page is open.

    A page sets `table` and `detail`, says in `facts_of` what is read for a thing, and shows it in
    `show_facts`. `offer_tools` shows or hides the buttons that an empty table has no use for.
    """

    table: TableView
    detail: QWidget
    current: str | None

    def facts_of(self, item_id: str) -> Coroutine[Any, Any, Any]:
        """What is read for the page of a thing."""
        raise NotImplementedError

    def show_facts(self, facts: Any) -> None:
        """Show what was read; it may be late or None."""
        raise NotImplementedError

    def offer_tools(self, something: bool) -> None:
        """Whether the table has rows, or would have without its filter."""

    def reveal(self, item_id: str) -> None:
        """Select a thing."""
        self.table.reveal(item_id)
        self._show(item_id)

    def _choose_first(self) -> None:
        first = self.table.model.id_at(0)
        self.offer_tools(first is not None or self.table.model.query.filtered)
        if first is None:
            self._show(None)
        elif self.table.current_id() is None and self.current is None:
            self.table.reveal(first)

    def _show(self, item_id: object) -> None:
        self.current = item_id if isinstance(item_id, str) else None
        if self.current is None:
            self.detail.hide()
        else:
            self._read_detail(self.current)

    def _read_detail(self, item_id: str) -> None:
        self.read(self.facts_of(item_id), self.show_facts)
