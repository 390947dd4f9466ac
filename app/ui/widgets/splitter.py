"""A splitter whose place is remembered."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from app.ui.layout import Layout
from app.ui.theme import GRID


class RememberedSplitter(QSplitter):
    """A table above and its detail below (or side by side); the share is kept under `key`."""

    def __init__(
        self,
        layout: Layout,
        key: str,
        first: QWidget,
        second: QWidget,
        shares: tuple[int, int] = (3, 2),
        orientation: Qt.Orientation = Qt.Orientation.Vertical,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(orientation, parent)
        self._remember = layout
        self._key = f"splitter/{key}"
        self.addWidget(first)
        self.addWidget(second)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(GRID)
        self.setStretchFactor(0, shares[0])
        self.setStretchFactor(1, shares[1])
        kept = layout.bytes(self._key)
        if kept is None or not self.restoreState(kept):
            self.setSizes([shares[0] * 100, shares[1] * 100])
        self.splitterMoved.connect(lambda: layout.set_bytes(self._key, self.saveState()))
