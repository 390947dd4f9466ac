"""The one table of the program: sort, filter, columns, copy, export, empty states, selection by id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import text
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.models.table import TableModel
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import EmptyState, Text
from app.ui.widgets.cells import CellDelegate
from app.ui.widgets.table_texts import choose_and_export, copy_to_clipboard

FILTER_AFTER_MS = 200
_ROWS = QItemSelectionModel.SelectionFlag.Rows


class _Grid(QTableView):
    """Keys that a QTableView does not know: Enter opens, Space previews, Ctrl+C copies rows."""

    opened = Signal(str)
    previewed = Signal(str)
    copy_asked = Signal(bool)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """See the class."""
        key, control = event.key(), event.modifiers() & Qt.KeyboardModifier.ControlModifier
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        current = self.currentIndex()
        row_id = current.data(Qt.ItemDataRole.UserRole + 2) if current.isValid() else None
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row_id:
            self.opened.emit(row_id)
        elif key == Qt.Key.Key_Space and row_id and not control:
            self.previewed.emit(row_id)
        elif key == Qt.Key.Key_C and control:
            self.copy_asked.emit(shift)
        else:
            super().keyPressEvent(event)


class TableView(QWidget):
    """A table with its filter box above and its count below.

    `noun` names the commands of the context menu and the key under which widths, order and filter are kept.
    """

    current_changed = Signal(object)
    """The id of the current row, or None."""

    selection_changed = Signal()
    opened = Signal(str)
    previewed = Signal(str)

    def __init__(
        self,
        context: Context,
        model: TableModel,
        noun: str,
        key: str | None = None,
        filter_hint: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.context = context
        self.model = model
        model.setParent(self)
        self.noun = noun
        self._key = f"table/{key or noun}"
        self._kept: tuple[list[str], str | None, int] = ([], None, 0)
        self._current_id: str | None = None
        self._wanted_id: str | None = None
        self._restoring = False
        self._filter_timer = QTimer(self, singleShot=True, interval=FILTER_AFTER_MS)
        self._filter_timer.timeout.connect(self._apply_filter)
        self._build(filter_hint)
        self._connect()
        self._restore_layout()

    # Made once.

    def _build(self, filter_hint: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(GRID)
        self.filter = QLineEdit()
        self.filter.setClearButtonEnabled(True)
        self.filter.setPlaceholderText(filter_hint or self.tr("Filter"))
        self.filter.setAccessibleName(self.tr("Filter"))
        self.filter.setMaximumWidth(GRID * 50)
        self.filter.setAcceptDrops(False)  # files dropped here are for the window
        self._last_tool: QWidget = self.filter
        self.columns_button = self._tool("columns", self.tr("Columns"), self._show_columns_menu)
        self.export_button = self._tool("export", self.tr("Export this table…"), self.export)
        self.bar.addWidget(self.filter, 1)
        self.bar.addStretch(1)
        self.bar.addWidget(self.columns_button)
        self.bar.addWidget(self.export_button)
        column.addLayout(self.bar)
        self.grid = self._make_grid()
        self.rows_in: QWidget = self.grid
        self.stack = QStackedWidget()
        self.stack.addWidget(self.grid)
        self._no_match = EmptyState(
            self.context.theme,
            "filter",
            self.tr("No row matches the filter."),
            self.tr("Clear the filter"),
            self.filter.clear,
        )
        self.stack.addWidget(self._no_match)
        self._empty: QWidget | None = None
        column.addWidget(self.stack, 1)
        self.count = Text(muted=True, minor=True, wrap=False)
        column.addWidget(self.count)

    def _tool(self, icon: str, name: str, on_click: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        self.context.theme.bind_icon(button, icon)
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.clicked.connect(lambda: on_click())
        return button

    def _make_grid(self) -> _Grid:
        grid = _Grid()
        grid.setModel(self.model)
        grid.setAccessibleName(self.tr("Table"))
        badges = CellDelegate(self.context.theme, grid)
        for number, column in enumerate(self.model.columns):
            if column.status is not None or column.spark:
                grid.setItemDelegateForColumn(number, badges)
        grid.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        grid.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        grid.setShowGrid(False)
        grid.setWordWrap(False)
        grid.setTabKeyNavigation(False)
        grid.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows = grid.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(grid.fontMetrics().height() + GRID * 3 // 2)
        header = grid.horizontalHeader()
        # The header would ask for each painted title whether all 100,000 rows below it are selected (3 s).
        header.setSelectionModel(QItemSelectionModel(self.model, grid))
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSortIndicatorClearable(True)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return grid

    def _connect(self) -> None:
        grid, model = self.grid, self.model
        grid.opened.connect(self.opened)
        grid.previewed.connect(self.previewed)
        grid.doubleClicked.connect(self._double_clicked)
        grid.copy_asked.connect(self.copy)
        grid.customContextMenuRequested.connect(self._show_menu)
        grid.horizontalHeader().customContextMenuRequested.connect(
            lambda at: self._columns_menu().popup(grid.horizontalHeader().mapToGlobal(at))
        )
        self._watch_selection()
        model.about_to_load.connect(self._keep_place)
        model.loaded.connect(self._put_back)
        model.modelReset.connect(self._watch_selection)
        model.problem_found.connect(self.context.notices.problem)
        self.filter.textChanged.connect(lambda: self._filter_timer.start())
        self.filter.returnPressed.connect(lambda: self.rows_in.setFocus())

    def _watch_selection(self) -> None:
        selection = self.grid.selectionModel()
        selection.selectionChanged.connect(self._on_selection, Qt.ConnectionType.UniqueConnection)
        selection.currentRowChanged.connect(self._on_current, Qt.ConnectionType.UniqueConnection)

    # For views.

    def set_empty(self, widget: QWidget) -> None:
        """What is shown when there is nothing at all, without any filter."""
        if self._empty is not None:
            self.stack.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = widget
        self.stack.addWidget(widget)

    def show_rows_in(self, widget: QWidget) -> None:
        """Show the rows in another view of the model, or in the grid again; empty states stay as they are."""
        if self.stack.indexOf(widget) < 0:
            self.stack.addWidget(widget)
        self.rows_in = widget
        self._choose_page()

    def add_tool(self, widget: QWidget) -> None:
        """Put a button right of the filter box."""
        self.bar.insertWidget(self.bar.count() - 2, widget)
        QWidget.setTabOrder(self._last_tool, widget)
        QWidget.setTabOrder(widget, self.columns_button)
        self._last_tool = widget

    def refresh(self) -> None:
        """Read again; the first call reads for the first time."""
        self.model.reload()

    def selected_ids(self) -> tuple[str, ...]:
        """The ids of the selected rows, in the order of the table; from ranges, never cell by cell."""
        ids: list[str] = []
        for first, last in self._selected_ranges():
            ids += self.model.ids()[first : last + 1]
        return tuple(ids)

    def _selected_ranges(self) -> list[tuple[int, int]]:
        """The selected rows as (first, last) pairs, in order and without overlap."""
        selection = self.grid.selectionModel().selection()
        parts = sorted((selection.at(n).top(), selection.at(n).bottom()) for n in range(selection.count()))
        ranges: list[tuple[int, int]] = []
        for first, last in parts:
            if ranges and first <= ranges[-1][1] + 1:
                ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
            else:
                ranges.append((first, last))
        return ranges

    def current_id(self) -> str | None:
        """The id of the current row."""
        return self._current_id

    def reveal(self, row_id: str) -> None:
        """Select a row and scroll to it, as soon as it is there; clears a filter that hides it."""
        row = self.model.row_of(row_id) if self.model.ready else None
        if row is None:
            self._wanted_id = row_id
            if self.model.ready and self.model.query.filtered:
                self.filter.clear()
            return
        self._wanted_id = None
        index = self.model.index(row, 0)
        self.grid.selectionModel().setCurrentIndex(
            index, QItemSelectionModel.SelectionFlag.ClearAndSelect | _ROWS
        )
        self.grid.scrollTo(index)

    def set_filter(self, words: str) -> None:
        """Write into the filter box and apply it at once."""
        self.filter.setText(words)
        self._filter_timer.stop()
        self._apply_filter()

    # Copy and export.

    def copy(self, with_headers: bool = False) -> None:
        """Put the selected rows on the clipboard, tab-separated."""
        columns = self._visible_columns()
        titles = [self.model.columns[c].title for c in columns] if with_headers else None
        self.model.texts(self.selected_ids(), columns, lambda rows: copy_to_clipboard(rows, titles))

    def export(self) -> None:
        """Write all shown rows to a file that the user names."""
        columns = self._visible_columns()
        titles = [self.model.columns[c].title for c in columns]

        def done(path: Path, rows: int) -> None:
            self.context.notices.say(
                plural(self.tr("%Ln row(s) exported", "", rows), rows), self.tr("To {0}").format(path.name)
            )

        choose_and_export(self, self.context, self.model, columns, titles, done)

    # Columns.

    def _visible_columns(self) -> list[int]:
        header = self.grid.horizontalHeader()
        order = (header.logicalIndex(place) for place in range(header.count()))
        return [c for c in order if not header.isSectionHidden(c)]

    def _columns_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(self.model.columns):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.grid.isColumnHidden(number))
            action.setEnabled(number > 0)
            action.toggled.connect(lambda on, n=number: self._show_column(n, on))
        menu.addSeparator()
        menu.addAction(self.tr("Columns as they were"), self._reset_columns)
        return menu

    def _show_columns_menu(self) -> None:
        button = self.columns_button
        self._columns_menu().popup(button.mapToGlobal(QPoint(0, button.height())))

    def _show_column(self, number: int, shown: bool) -> None:
        self.grid.setColumnHidden(number, not shown)
        self._keep_layout()

    def _reset_columns(self) -> None:
        header = self.grid.horizontalHeader()
        for number, column in enumerate(self.model.columns):
            header.moveSection(header.visualIndex(number), number)
            self.grid.setColumnWidth(number, column.width)
            self.grid.setColumnHidden(number, column.hidden)
        self._keep_layout()

    def _restore_layout(self) -> None:
        self._restoring = True
        header = self.grid.horizontalHeader()
        for number, column in enumerate(self.model.columns):
            self.grid.setColumnWidth(number, column.width)
            self.grid.setColumnHidden(number, column.hidden)
        kept = self.context.layout.value(self._key, {})
        signature = [c.key for c in self.model.columns]
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        state = self.context.layout.bytes(self._key + "/header")
        if state is not None and kept.get("columns") == signature:
            header.restoreState(state)
        self.filter.setText(kept.get("filter", ""))
        section = header.sortIndicatorSection()
        sort = self.model.columns[section].key if self._sorted_by(section) else ""
        descending = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        self.model.query = TableQuery(self.filter.text().strip(), sort, descending if sort else None)
        self.grid.setSortingEnabled(False)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.sortIndicatorChanged.connect(self._sort)
        for change in (header.sectionResized, header.sectionMoved):
            change.connect(lambda *_: self._keep_layout())
        self._restoring = False

    def _sorted_by(self, section: int) -> bool:
        return 0 <= section < len(self.model.columns) and bool(
            self.context.layout.value(self._key, {}).get("sorted")
        )

    def _sort(self, section: int, order: Qt.SortOrder) -> None:
        query = self.model.query
        key = self.model.columns[section].key if section >= 0 else ""
        self._keep_layout()
        descending = order == Qt.SortOrder.DescendingOrder
        self.model.ask(TableQuery(query.text, key, descending if key else None))

    def _keep_layout(self) -> None:
        if self._restoring:
            return
        header = self.grid.horizontalHeader()
        self.context.layout.set_bytes(self._key + "/header", header.saveState())
        self.context.layout.set(
            self._key,
            {
                "columns": [c.key for c in self.model.columns],
                "filter": self.filter.text(),
                "sorted": header.sortIndicatorSection() >= 0,
            },
        )

    # Filter, counts, empty states.

    def _apply_filter(self) -> None:
        query = self.model.query
        self._keep_layout()
        self.model.ask(TableQuery(self.filter.text().strip(), query.sort, query.descending))

    def _say_counts(self) -> None:
        rows = self.model.rowCount()
        selected = sum(last - first + 1 for first, last in self._selected_ranges())
        said = plural(self.tr("%Ln row(s)", "", rows), rows)
        if selected > 1:
            said += " · " + self.tr("{0} selected").format(text.number(selected))
        self.count.setText(said)

    def _choose_page(self) -> None:
        empty = self.model.ready and self.model.rowCount() == 0
        natural = empty and not self.model.query.filtered and self._empty is not None
        page = self._empty if natural else self._no_match if empty else self.rows_in
        if page is not None:
            self.stack.setCurrentWidget(page)
        for widget in (self.columns_button, self.export_button, self.count, self.filter):
            widget.setVisible(not natural)

    # Selection, kept by id.

    def _keep_place(self) -> None:
        self._kept = (list(self.selected_ids()), self._current_id, self.grid.verticalScrollBar().value())
        self._restoring = True

    def _put_back(self) -> None:
        if self._restoring:
            ids, current, scroll = self._kept
            self._select(ids, current)
            self.grid.verticalScrollBar().setValue(scroll)
            self._restoring = False
            self._tell_current(self.model.id_at(self.grid.currentIndex().row()))
        self._choose_page()
        self._say_counts()
        if self._wanted_id is not None and self.model.row_of(self._wanted_id) is not None:
            self.reveal(self._wanted_id)
        self.selection_changed.emit()

    def _select(self, ids: Sequence[str], current: str | None) -> None:
        rows = sorted(row for row in map(self.model.row_of, ids) if row is not None)
        selection = QItemSelection()
        last = self.model.columnCount() - 1
        for first, final in runs(rows):
            selection.select(self.model.index(first, 0), self.model.index(final, last))
        chooser = self.grid.selectionModel()
        row = self.model.row_of(current) if current is not None else None
        if row is not None:
            chooser.setCurrentIndex(self.model.index(row, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _on_selection(self) -> None:
        if not self._restoring:
            self._say_counts()
            self.selection_changed.emit()

    def _on_current(self, index: QModelIndex) -> None:
        if not self._restoring:
            self._tell_current(self.model.id_at(index.row()) if index.isValid() else None)

    def _tell_current(self, row_id: str | None) -> None:
        if row_id != self._current_id:
            self._current_id = row_id
            self.current_changed.emit(row_id)

    # Mouse, menus, visibility.

    def _double_clicked(self, index: QModelIndex) -> None:
        row_id = self.model.id_at(index.row())
        if row_id is not None:
            self.opened.emit(row_id)

    def context_menu(self) -> QMenu:
        """The commands on the selected things, and copying."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.context.commands.fill_menu(menu, self.noun, self.selected_ids())
        menu.addSeparator()
        icon = self.context.theme.icon("copy")
        menu.addAction(icon, self.tr("Copy\tCtrl+C"), self.copy)
        menu.addAction(self.tr("Copy with headers\tCtrl+Shift+C"), lambda: self.copy(True))
        menu.addAction(self.context.theme.icon("export"), self.tr("Export this table…"), self.export)
        return menu

    def _show_menu(self, at: QPoint) -> None:
        self.context_menu().popup(self.grid.viewport().mapToGlobal(at))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read what changed meanwhile."""
        self.model.set_visible(True)
        super().showEvent(event)

    def hideEvent(self, event: object) -> None:  # noqa: N802
        """Stop reading."""
        self.model.set_visible(False)


def runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Rows in a row, as (first, last) pairs."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs
