"""A page that scrolls, with its content in a column of readable width."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.ui.theme import GRID

READABLE = GRID * 112


class ScrollPage(QScrollArea):
    """Put blocks into `column`; they start at the top."""

    def __init__(self, width: int = READABLE, margin: int = GRID * 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setObjectName("page")
        row = QHBoxLayout(inside)
        row.setContentsMargins(margin, margin, margin, margin)
        self.content = QWidget()
        self.content.setMaximumWidth(width)
        outer = QVBoxLayout(self.content)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.column = QVBoxLayout()
        self.column.setSpacing(GRID * 2)
        outer.addLayout(self.column)
        outer.addStretch(1)
        row.addWidget(self.content, 1)
        row.addStretch(0)
        self.setWidget(inside)


class Pages(QStackedWidget):
    """The pages of the window; only the one that is shown says how much room is needed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(self.updateGeometry)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Of the page that is shown."""
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else super().minimumSizeHint()


def scrolling(inside: QWidget) -> QScrollArea:
    """Let a small screen or large letters scroll what would be cut."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area
