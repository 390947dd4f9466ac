"""The lazy table model: ordered ids and a cache of rows, 200 a page.

Sorting, filtering and counting happen at the page source. Only what is seen is read. Late answers of an older
query are dropped by their token.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from app.domain.changes import Changes, Noun
from app.ui import text
from app.ui.bridge import Bridge, Task
from app.ui.models.query import PageSource, TableQuery
from app.ui.status import Shown

PAGE_ROWS = 200
PAGES_KEPT = 40
PAUSE_MS = 150
"""Between two readings because of changes."""
SHOWN_ROLE = Qt.ItemDataRole.UserRole + 1
ID_ROLE = Qt.ItemDataRole.UserRole + 2
SPARK_ROLE = Qt.ItemDataRole.UserRole + 3
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_NO_PARENT = QModelIndex()
_VALUE_ROLES = frozenset(
    (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.AccessibleTextRole,
        SHOWN_ROLE,
        SPARK_ROLE,
    )
)
AnyIndex = QModelIndex | QPersistentModelIndex


def plain(value: Any) -> str:
    """Text as it is; nothing for None."""
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Column:
    """A column: `key` is the source's name of the value; `show` makes text of it.

    `status` makes a badge of it instead; with `spark` the value is a line of `domain.standing.last_day`
    that is drawn before the text. `tooltip` gives the exact value. `numeric` aligns right. A hidden
    column can be switched on by the user.
    """

    key: str
    title: str
    width: int = 120
    show: Callable[[Any], str] = plain
    status: Callable[[Any], Shown] | None = None
    tooltip: Callable[[Any], str] | None = None
    numeric: bool = False
    hidden: bool = False
    sortable: bool = True
    spark: bool = False


def time_column(key: str, title: str, now: Callable[[], datetime], **more: Any) -> Column:
    """A column of times: relative in the cell, exact in the tooltip."""
    return Column(
        key,
        title,
        more.pop("width", 110),
        show=lambda at: "" if at is None else text.relative(at, now()),
        tooltip=text.exact,
        **more,
    )


class TableModel(QAbstractTableModel):
    """Rows of a `PageSource`."""

    loaded = Signal()
    """New ids are in; selection and scroll can be put back."""

    about_to_load = Signal()
    problem_found = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        source: PageSource,
        columns: Sequence[Column],
        noun: Noun | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._source = source
        self._columns = tuple(columns)
        keys = list(source.columns)
        self._places = [keys.index(c.key) for c in self._columns]
        self._noun = noun
        self._ids: Sequence[str] = ()
        self._rows_of_ids: dict[str, int] | None = None
        self._pages: OrderedDict[int, list[tuple[Any, ...] | None]] = OrderedDict()
        self._asked: set[int] = set()
        self._wanted: set[int] = set()
        self._token = 0
        self._visible = True
        self._stale = False
        self.query = TableQuery()
        self.ready = False
        self._task: Task | None = None
        self._fetch_timer = QTimer(self, singleShot=True, interval=0)
        self._fetch_timer.timeout.connect(self._fetch_wanted)
        self._again = False
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._read_changed)
        if noun is not None:
            bridge.changed.connect(self._on_changes)

    # What Qt asks.

    def rowCount(self, parent: AnyIndex = _NO_PARENT) -> int:  # noqa: N802
        """Number of ids."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: AnyIndex = _NO_PARENT) -> int:  # noqa: N802
        """Number of columns, hidden ones too."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell; empty while its page is on the way."""
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.numeric else _LEFT
        if role == ID_ROLE:
            return self._ids[index.row()]
        if role not in _VALUE_ROLES:
            return None
        row = self._row(index.row())
        if row is None:
            return None
        return _cell(column, row[self._places[index.column()]], role)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of columns; no numbers for rows."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._columns[section].numeric else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column, at the source."""
        if not 0 <= column < len(self._columns) or not self._columns[column].sortable:
            return
        self.ask(
            TableQuery(self.query.text, self._columns[column].key, order == Qt.SortOrder.DescendingOrder)
        )

    # What the view asks.

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, hidden ones too."""
        return self._columns

    def ask(self, query: TableQuery) -> None:
        """Show other rows or another order."""
        if query != self.query or not self.ready:
            self.query = query
            self.reload()

    def reload(self) -> None:
        """Read the ids again; the rows on screen stay until the answer is there."""
        self._stale = False
        self._token += 1
        token = self._token
        if self._task is not None:
            self._task.cancel()
        self._task = self._bridge.run(
            self._source.ids(self.query), self, lambda ids: self._take(token, ids), self.problem_found.emit
        )

    def set_visible(self, visible: bool) -> None:
        """Hidden tables only remember that they are stale."""
        self._visible = visible
        if visible and self._stale:
            self.reload()

    def id_at(self, row: int) -> str | None:
        """The id of a row."""
        return self._ids[row] if 0 <= row < len(self._ids) else None

    def row_of(self, row_id: str) -> int | None:
        """The row of an id, None when it is not shown."""
        if self._rows_of_ids is None:
            self._rows_of_ids = {each: n for n, each in enumerate(self._ids)}
        return self._rows_of_ids.get(row_id)

    def ids(self) -> Sequence[str]:
        """All ids in their order."""
        return self._ids

    def texts(
        self, ids: Sequence[str], columns: Sequence[int], then: Callable[[list[list[str]]], object]
    ) -> None:
        """Read rows, seen or not, and hand their texts over; for copying and exporting."""

        def made(rows: dict[str, tuple[Any, ...]]) -> None:
            then(
                [
                    [_exact_text(self._columns[c], rows[each][self._places[c]]) for c in columns]
                    for each in ids
                    if each in rows
                ]
            )

        self._bridge.run(self._source.rows(ids), self, made, self.problem_found.emit)

    # Loading.

    def _take(self, token: int, ids: Sequence[str]) -> None:
        if token != self._token:
            return
        if self.ready and list(ids) == list(self._ids):
            self._refresh_rows()
            return
        self.about_to_load.emit()
        self.beginResetModel()
        self._ids = ids
        self._rows_of_ids = None
        self._drop_pages()
        self.ready = True
        self.endResetModel()
        self.loaded.emit()

    def _refresh_rows(self) -> None:
        """The same rows in the same order: read the pages that are held again, without a flicker."""
        held = set(self._pages)
        self._asked.clear()
        self._wanted |= held
        self._fetch_timer.start()
        self.loaded.emit()

    def _drop_pages(self) -> None:
        self._pages.clear()
        self._asked.clear()
        self._wanted.clear()

    def _row(self, row: int) -> tuple[Any, ...] | None:
        page = row // PAGE_ROWS
        held = self._pages.get(page)
        if held is not None:
            self._pages.move_to_end(page)
            place = row % PAGE_ROWS
            return held[place] if place < len(held) else None
        if page not in self._asked:
            self._wanted.add(page)
            if not self._fetch_timer.isActive():
                self._fetch_timer.start()
        return None

    def _fetch_wanted(self) -> None:
        wanted, self._wanted = sorted(self._wanted)[-4:], set()
        for page in wanted:
            self._asked.add(page)
            ids = list(self._ids[page * PAGE_ROWS : (page + 1) * PAGE_ROWS])
            if ids:
                self._fetch(page, ids, self._token)

    def _fetch(self, page: int, ids: list[str], token: int) -> None:
        def arrived(rows: dict[str, tuple[Any, ...]]) -> None:
            if token == self._token:
                self._keep(page, [rows.get(each) for each in ids])

        self._bridge.run(self._source.rows(ids), self, arrived, self.problem_found.emit)

    def _keep(self, page: int, rows: list[tuple[Any, ...] | None]) -> None:
        self._pages[page] = rows
        self._pages.move_to_end(page)
        while len(self._pages) > PAGES_KEPT:
            old, _ = self._pages.popitem(last=False)
            self._asked.discard(old)
        first = page * PAGE_ROWS
        last = min(first + len(rows), len(self._ids)) - 1
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))

    def _on_changes(self, changes: Changes) -> None:
        if self._noun not in changes.nouns():
            return
        if not self._visible:
            self._stale = True
        elif self.ready:
            self._again = True
            if not self._pause.isActive():
                self._read_changed()

    def _read_changed(self) -> None:
        """Read at once, so that a row never lags behind its page; what changes next waits for its turn."""
        if not self._again:
            return
        self._again = False
        if not self._visible:
            self._stale = True
            return
        self._pause.start()
        self.reload()


def _cell(column: Column, value: Any, role: int) -> Any:
    if role == SHOWN_ROLE:
        return column.status(value) if column.status else None
    if role == SPARK_ROLE:
        return value if column.spark else None
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return column.tooltip(value) if column.spark and column.tooltip else None
    if role == Qt.ItemDataRole.ToolTipRole:
        return text.tooltip(column.tooltip(value) if column.tooltip else _exact_text(column, value)) or None
    return column.status(value).word if column.status else column.show(value)


def _exact_text(column: Column, value: Any) -> str:
    """The text for the clipboard and for files: exact times, plain numbers."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if column.status is not None:
        return column.status(value).word
    return str(value) if column.numeric else column.show(value)
