"""The command palette: every command, and datasets, jobs and services by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.dataset import Dataset
from app.domain.service import Service
from app.ui.commands import Command, fuzzy_score
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.theme import GRID, Theme

MOST_SHOWN = 60
ROWS_SHOWN = 13
MOST_JOBS = 20


@dataclass(frozen=True)
class Entry:
    """A line of the palette."""

    text: str
    kind: str
    icon: str
    act: Callable[[], object]
    shortcut: str = ""
    words: str = ""


class Palette(QDialog):
    """Type, choose, Enter."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Search or command"))
        self.context = context
        self.entries = self._commands()
        self._jobs: list[Entry] = []
        self.box = QLineEdit(placeholderText=self.tr("Search or command"))
        self.box.setAccessibleName(self.tr("Search or command"))
        self.box.textChanged.connect(self._find_jobs)
        self.box.textChanged.connect(self._show_matches)
        self.box.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Matches"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_EntryDelegate(context.theme, self))
        self.list.itemClicked.connect(lambda _: self.accept_current())
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.box)
        column.addWidget(self.list)
        self.setFixedWidth(GRID * 70)
        self._show_matches("")
        self._read_names()

    def _commands(self) -> list[Entry]:
        return [self._entry(each) for each in self.context.commands.usable()]

    def _entry(self, command: Command) -> Entry:
        def act() -> None:
            self.context.commands.run(command.id)

        return Entry(command.text, self.tr("Command"), command.icon, act, command.shortcut, command.words)

    def _read_names(self) -> None:
        library = self.context.library
        run = self.context.bridge.run
        run(library.datasets(), self, lambda d: self._add("uploads", self.tr("Dataset"), d))
        run(library.services(), self, lambda s: self._add("services", self.tr("Service"), s))

    def _add(self, view: str, kind: str, found: Sequence[Dataset | Service]) -> None:
        navigate = self.context.navigate
        for each in found:
            self.entries.append(Entry(each.name, kind, view, partial(navigate, view, each.id), words=each.id))
        self._show_matches(self.box.text())

    def _find_jobs(self, wanted: str) -> None:
        """Ask the store for the newest jobs of that name: there may be 100,000, too many to hold."""
        self._jobs = []
        if not wanted.strip():
            return
        source = self.context.library.pages("job")
        place = list(source.columns).index("name")

        async def find() -> list[tuple[str, str]]:
            ids = list(await source.ids(TableQuery(text=wanted)))[:MOST_JOBS]
            rows = await source.rows(ids)
            return [(each, str(rows[each][place])) for each in ids if each in rows]

        self.context.bridge.run(find(), self, lambda found: self._show_jobs(wanted, found))

    def _show_jobs(self, wanted: str, found: Sequence[tuple[str, str]]) -> None:
        if wanted != self.box.text():
            return
        navigate = self.context.navigate
        self._jobs = [
            Entry(name, self.tr("Job"), "jobs", partial(navigate, "jobs", each), words=wanted)
            for each, name in found
        ]
        self._show_matches(wanted)

    def _show_matches(self, wanted: str) -> None:
        self.list.clear()
        for entry in self.matches(wanted)[:MOST_SHOWN]:
            item = QListWidgetItem(entry.text)
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        row = self.list.sizeHintForRow(0) if self.list.count() else GRID * 4
        self.list.setFixedHeight(row * min(max(1, self.list.count()), ROWS_SHOWN) + 4)
        self.adjustSize()

    def matches(self, wanted: str) -> list[Entry]:
        """The entries that match, best first."""
        scored = []
        for place, entry in enumerate([*self.entries, *self._jobs]):
            score = fuzzy_score(wanted, entry.text)
            if score is None and entry.words:
                score = fuzzy_score(wanted, entry.words)
                score = None if score is None else score - 20
            if score is not None:
                scored.append((-score if wanted else 0, place, entry))
        return [entry for _, _, entry in sorted(scored, key=lambda s: s[:2])]

    def accept_current(self) -> None:
        """Close, then do it."""
        item = self.list.currentItem()
        if item is None:
            return
        entry: Entry = item.data(Qt.ItemDataRole.UserRole)
        self.accept()
        entry.act()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Up, Down, Page keys and Enter work from the text box."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.accept_current()
                return True
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}.get(
                Qt.Key(event.key())
            )
            if step is not None:
                row = max(0, min(self.list.count() - 1, self.list.currentRow() + step))
                self.list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)


class _EntryDelegate(QStyledItemDelegate):
    """Icon, text, and on the right the kind or the shortcut."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """A roomy line."""
        return QSize(100, option.fontMetrics.height() + GRID * 3 // 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """See the class."""
        entry: Entry = index.data(Qt.ItemDataRole.UserRole)
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        cell.text = ""
        style = cell.widget.style()
        style.drawControl(style.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
        colours = self._theme.colours
        box: QRect = cell.rect
        icon = self._theme.icon(entry.icon, colours.muted)
        icon.paint(painter, box.x() + 8, box.y() + (box.height() - 16) // 2, 16, 16)
        painter.save()
        painter.setPen(QColor(colours.text))
        painter.drawText(box.adjusted(34, 0, -110, 0), Qt.AlignmentFlag.AlignVCenter, entry.text)
        painter.setPen(QColor(colours.muted))
        keys = QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        right = keys or entry.kind
        painter.drawText(
            box.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right
        )
        painter.restore()
