"""Names to choose from in a box, of which there may be ten thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

AnyIndex = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Choices(QAbstractListModel):
    """Pairs of a name, which is shown, and a value, which is the data of the entry.

    A box that is filled entry by entry takes a tenth of a second for ten thousand of them.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pairs: Sequence[tuple[str, str]] = ()

    def show_pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Offer others."""
        self.beginResetModel()
        self.pairs = pairs
        self.endResetModel()

    def row_of(self, value: str) -> int:
        """Where a value stands, -1 when it is not offered."""
        return next((row for row, (_, each) in enumerate(self.pairs) if each == value), -1)

    def rowCount(self, parent: AnyIndex = _NO_PARENT) -> int:  # noqa: N802
        """Number of pairs."""
        return 0 if parent.isValid() else len(self.pairs)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The name, or the value."""
        if not index.isValid() or index.row() >= len(self.pairs):
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self.pairs[index.row()][0]
        return self.pairs[index.row()][1] if role == Qt.ItemDataRole.UserRole else None
