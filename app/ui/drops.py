"""Files dropped anywhere: the window first says what it will do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMimeData, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.ui.drop_kinds import drop_sentence, is_excluded_list, is_result_file
from app.ui.theme import Theme, heading


def local_paths(data: QMimeData) -> list[Path]:
    """The files and folders of this computer in a drop."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def drop_words(paths: Sequence[Path]) -> str:
    """What the window will do with them, unless the page under the pointer knows better."""
    if len(paths) == 1 and is_excluded_list(paths[0]):
        return _t("{0}: compare with what Haplodesk predicted").format(paths[0].name)
    if any(is_result_file(path) for path in paths):
        return _t("Take in as a result of imputation: {0}").format(_names(paths))
    return drop_sentence(paths)


def _names(paths: Sequence[Path]) -> str:
    first = paths[0].name
    return first if len(paths) == 1 else _t("{0} and {1} more").format(first, len(paths) - 1)


class DropVeil(QWidget):
    """Lies over the window while files hang above it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.words = ""
        heading(self)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_words(self, words: str) -> None:
        """Cover the parent and say it."""
        self.words = words
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A veil, a frame, a sentence."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colours.window)
        veil.setAlphaF(0.92)
        painter.fillRect(self.rect(), veil)
        pen = QPen(QColor(colours.accent), 2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(16, 16, -16, -16), 8, 8)
        middle = self.rect().center()
        picture = self._theme.picture("uploads", colours.accent, 48)
        painter.drawPixmap(middle.x() - 24, middle.y() - 72, picture)
        painter.setPen(QColor(colours.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.words)


def _t(text: str) -> str:
    return QCoreApplication.translate("Drop", text)
