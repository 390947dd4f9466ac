"""Tabs whose pages are laid out when they are first shown."""

from __future__ import annotations

import shiboken6
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget


class LateTabs(QTabWidget):
    """Pages that nobody has looked at are neither styled nor measured.

    Of the pages of a dataset or a result, with 700 widgets, that took 100 ms when the view was opened, and as
    long at each change of the colours. Pages are named by themselves, as if they stood in the tabs at once.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages: list[QWidget] = []
        self.currentChanged.connect(lambda _: self._place())
        pages = self._pages
        self.destroyed.connect(lambda: _end(pages))

    def addPage(self, page: QWidget, words: str) -> int:  # noqa: N802
        """Add a page at the end; its number."""
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self._pages.append(page)  # without a parent: a window is styled with all that is in it
        return super().addTab(holder, words)

    def indexOf(self, page: QWidget) -> int:  # noqa: N802
        """The number of a page, -1 when it is none."""
        return next((n for n, each in enumerate(self._pages) if each is page), -1)

    def widget(self, number: int) -> QWidget | None:
        """The page of a number."""
        return self._pages[number] if 0 <= number < len(self._pages) else None

    def currentWidget(self) -> QWidget | None:  # type: ignore[override]  # noqa: N802
        """The page that is shown."""
        return self.widget(self.currentIndex())

    def setCurrentWidget(self, page: QWidget) -> None:  # noqa: N802
        """Show a page."""
        self.setCurrentIndex(self.indexOf(page))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The first page is needed now."""
        self._place()
        super().showEvent(event)

    def _place(self) -> None:
        holder, page = super().currentWidget(), self.currentWidget()
        layout = holder.layout() if holder is not None and self.isVisible() else None
        if page is not None and layout is not None and not layout.count():
            layout.addWidget(page)
            page.show()


def _end(pages: list[QWidget]) -> None:
    """Pages that never found their place end with the tabs."""
    for page in pages:
        if shiboken6.isValid(page) and page.parent() is None:
            page.deleteLater()
    pages.clear()
