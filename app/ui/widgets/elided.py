"""Words that never make a page wider than the window: cut where there is no room, whole in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.ui import text
from app.ui.theme import heading

HEADING_LETTERS = 32


class ElidedLabel(QLabel):
    """A label of one line; `text()` is always the whole text."""

    elide = Qt.TextElideMode.ElideRight

    def __init__(self, words: str = "", *, muted: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("muted", muted)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setText(words)

    def setText(self, words: str) -> None:  # noqa: N802
        """One line of it is shown."""
        super().setText(" ".join(words.split()))
        self._say_whole()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A few letters are enough."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * 12), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The tooltip says what is cut."""
        super().resizeEvent(event)
        self._say_whole()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """As much as there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = self._cut()
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)

    def _cut(self) -> str:
        return self.fontMetrics().elidedText(self.text(), self.elide, self.width())

    def _say_whole(self) -> None:
        self.setToolTip(text.tooltip(self.text()) if self._cut() != self.text() else "")


class ElidedHeading(ElidedLabel):
    """The name of a selected thing; people give long names, which differ at their ends."""

    elide = Qt.TextElideMode.ElideMiddle

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent=parent)
        heading(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room is left for what stands beside it."""
        hint = super().sizeHint()
        return QSize(
            min(hint.width(), self.fontMetrics().averageCharWidth() * HEADING_LETTERS), hint.height()
        )
