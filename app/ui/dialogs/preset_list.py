"""The services of the catalogue by groups, to search and to choose from; another address comes last."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.domain.preset import Preset
from app.ui.dialogs.preset_words import place_words, preset_group
from app.ui.theme import GRID

ID = Qt.ItemDataRole.UserRole


class _Search(QLineEdit):
    """Up and down walk through the list below."""

    walked = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """See the class."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.walked.emit(step)


class PresetList(QWidget):
    """`chosen` tells that another line is current. Services that are off are grey and can be read about."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presets: tuple[Preset, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.search = _Search(placeholderText=self.tr("Search services, countries, panels"))
        self.search.setAccessibleName(self.tr("Search services, countries, panels"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.search.walked.connect(self._walk)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Services"))
        self.list.setSpacing(1)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(lambda *_: self.chosen.emit())
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self.setMinimumSize(GRID * 36, GRID * 40)
        self.other = self._line(self.tr("Another address"), None)
        self.list.addItem(self.other)
        self.list.setCurrentItem(self.other)

    def offer(self, presets: Sequence[Preset]) -> None:
        """Show these; the first that can be added is chosen."""
        self.presets = tuple(presets)
        groups: dict[str, list[Preset]] = {}
        for each in presets:
            groups.setdefault(preset_group(self, each), []).append(each)
        self.list.blockSignals(True)
        row = 0
        for name, members in groups.items():
            for item in (self._heading(name), *(self._of(each) for each in members)):
                self.list.insertItem(row, item)
                row += 1
        first = next((each.id for each in presets if each.enabled), None)
        self.list.blockSignals(False)
        if first is not None:
            self.choose(first)

    def choose(self, preset_id: str | None) -> None:
        """Choose a service by its id, None for another address; a search that hides it is cleared."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(ID) == preset_id and item.flags() & Qt.ItemFlag.ItemIsSelectable:
                if item.isHidden():
                    self.search.clear()
                self.list.setCurrentItem(item)
                return

    def preset(self) -> Preset | None:
        """The chosen service, None for another address."""
        item = self.list.currentItem()
        wanted = item.data(ID) if item is not None else None
        return next((each for each in self.presets if each.id == wanted), None)

    def _line(self, words: str, preset_id: str | None) -> QListWidgetItem:
        item = QListWidgetItem(words)
        item.setData(ID, preset_id)
        return item

    def _heading(self, words: str) -> QListWidgetItem:
        item = QListWidgetItem(words)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        return item

    def _of(self, preset: Preset) -> QListWidgetItem:
        off = "" if preset.enabled else self.tr("off")
        words = " · ".join(filter(None, (preset.name, preset.country, off)))
        item = self._line(words, preset.id)
        item.setToolTip(preset.off_reason or words)
        if not preset.enabled:
            item.setForeground(self.palette().placeholderText())
        return item

    def _search(self, typed: str) -> None:
        wanted = typed.casefold().split()
        words = {each.id: _words(self, each) for each in self.presets}
        heading, rest = None, False
        for row in range(self.list.count()):
            item = self.list.item(row)
            key = item.data(ID)
            if key is None and item is not self.other:
                if heading is not None:
                    heading.setHidden(not rest)
                heading, rest = item, False
                continue
            shown = item is self.other or all(word in words.get(key, "") for word in wanted)
            item.setHidden(not shown)
            rest = rest or (shown and item is not self.other)
        if heading is not None:
            heading.setHidden(not rest)
        current = self.list.currentItem()
        if current is not None and current.isHidden():
            self._walk(1, 0)

    def _walk(self, step: int, start: int | None = None) -> None:
        """To the next line that can be chosen."""
        row = self.list.currentRow() + step if start is None else start
        while 0 <= row < self.list.count():
            item = self.list.item(row)
            if not item.isHidden() and item.flags() & Qt.ItemFlag.ItemIsSelectable:
                self.list.setCurrentItem(item)
                return
            row += step


def _words(widget: QWidget, preset: Preset) -> str:
    panels = (f"{each.name} {' '.join(each.ancestry)}" for each in preset.panels)
    parts = (preset.name, preset.operator, preset.country, place_words(preset), preset.family, *panels)
    return " ".join((*parts, preset_group(widget, preset))).casefold()
