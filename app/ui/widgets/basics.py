"""Small building blocks of all views: cards, headings, badges, labels, empty states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import text
from app.ui.status import Shown
from app.ui.theme import GRID, Theme, heading, small, strong


class Card(QFrame):
    """A quiet box with a thin border; put widgets into `body`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(GRID * 2, GRID * 3 // 2, GRID * 2, GRID * 3 // 2)
        self.body.setSpacing(GRID)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A filled rounded rectangle."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.base))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


class Text(QLabel):
    """Words that wrap and can be selected; `muted` for secondary ones, `minor` for the small size."""

    def __init__(
        self,
        words: str = "",
        *,
        muted: bool = False,
        minor: bool = False,
        bold: bool = False,
        wrap: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(words, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setProperty("muted", muted)
        if minor:
            small(self)
        elif bold:
            strong(self)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)


class ElidedText(QLabel):
    """One line that ends in an ellipsis where the room ends; whole in the tooltip."""

    def __init__(self, words: str = "", *, muted: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("muted", muted)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A few letters."""
        return QSize(min(GRID * 8, super().sizeHint().width()), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Cut only what does not fit."""
        metrics = self.fontMetrics()
        if metrics.horizontalAdvance(self.text()) <= self.width():
            self.setToolTip("")
            super().paintEvent(event)
            return
        self.setToolTip(text.tooltip(self.text()))
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        cut = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self.alignment(), cut)


class Heading(ElidedText):
    """The title of a page or of a selected thing."""

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent=parent)
        heading(self)


class SectionHeading(QWidget):
    """The title of a block, with room for buttons on the right (`add`)."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.setSpacing(GRID)
        self.label = QLabel(words)
        strong(self.label)
        row.addWidget(self.label)
        row.addStretch(1)
        self._row = row

    def add(self, widget: QWidget) -> None:
        """Put a button or a number at the right end."""
        self._row.addWidget(widget)


class StatusBadge(QWidget):
    """Word, icon and colour of a status on a pale ground."""

    def __init__(self, theme: Theme, shown: Shown | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = shown
        small(self)
        theme.changed.connect(self.update)
        self._say()

    def show_status(self, shown: Shown) -> None:
        """Show another status."""
        self._shown = shown
        self._say()
        self.updateGeometry()
        self.update()

    def _say(self) -> None:
        self.setAccessibleName(self._shown.word if self._shown else "")

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for icon and word."""
        metrics = self.fontMetrics()
        word = self._shown.word if self._shown else ""
        return QSize(metrics.horizontalAdvance(word) + 36, metrics.height() + 8)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Ground, icon, word."""
        if self._shown is None:
            return
        hint = self.sizeHint()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0, (self.height() - hint.height()) / 2, hint.width(), hint.height())
        colour = self._theme.colours.status[self._shown.status]
        painter.setBrush(QColor(self._theme.colours.tint(self._shown.status)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, 4, 4)
        icon = self._theme.icon(self._shown.icon_name, colour)
        icon.paint(painter, 8, int(box.y() + (box.height() - 14) / 2), 14, 14)
        painter.setPen(QColor(colour))
        painter.setFont(self.font())
        painter.drawText(box.adjusted(28, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._shown.word)


class TimeLabel(QLabel):
    """A relative time; the exact one is in the tooltip. Call `tick` to bring it up to date."""

    def __init__(self, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._at: datetime | None = None
        self.setProperty("muted", True)

    def show_time(self, at: datetime | None) -> None:
        """Show another time."""
        self._at = at
        self.setToolTip(text.exact(at))
        self.tick()

    def tick(self) -> None:
        """Say again how long ago it is."""
        self.setText(text.relative(self._at, self._now()))


class KeyValues(QWidget):
    """A list of facts: muted names on the left, selectable values on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: list[tuple[str, str | QWidget]] = []
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(GRID * 2)
        self._form.setVerticalSpacing(GRID // 2)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def show_pairs(self, pairs: Sequence[tuple[str, str | QWidget]]) -> None:
        """Show other facts; values may be widgets. The same words again leave a selection in place."""
        if list(pairs) == self._pairs and all(isinstance(value, str) for _, value in pairs):
            return
        self._pairs = list(pairs)
        while self._form.rowCount():
            self._form.removeRow(0)
        for name, value in pairs:
            label = Text(name, muted=True, wrap=False)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            if isinstance(value, str):
                label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self._form.addRow(label, value if isinstance(value, QWidget) else Text(value))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Lay new rows out twice: at first Qt does not know how wide they are, and cuts what wraps."""
        super().resizeEvent(event)
        self._form.invalidate()
        self._form.activate()


class EmptyState(QWidget):
    """Why there is nothing, and one button that changes it."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        sentence: str,
        button: str = "",
        on_click: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setSpacing(GRID * 2)
        column.addStretch(2)
        picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.bind(picture, lambda label: label.setPixmap(theme.picture(icon, theme.colours.muted, 40)))
        column.addWidget(picture)
        words = Text(sentence, muted=True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(words)
        self.button: QPushButton | None = None
        if button and on_click is not None:
            self.button = QPushButton(button)
            self.button.clicked.connect(lambda: on_click())
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)


def primary(button: QPushButton) -> QPushButton:
    """Mark the one button of a page that goes on."""
    button.setProperty("primary", True)
    return button


def link(words: str, on_click: Callable[[], object], parent: QWidget | None = None) -> QPushButton:
    """A button that looks like a link."""
    button = QPushButton(words, parent)
    button.setProperty("flat_link", True)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.clicked.connect(lambda: on_click())
    return button


def fit(dialog: QWidget) -> None:
    """Give a dialog the height that its wrapped words need, and not less."""
    layout = dialog.layout()
    if layout is not None:
        layout.activate()
        width = max(dialog.minimumWidth(), dialog.width() if dialog.isVisible() else 0)
        height = max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height())
        dialog.setMinimumHeight(height)
        dialog.resize(width, height)


def tab_after(first: QWidget, rows: QVBoxLayout) -> None:
    """Let Tab go from `first` through the buttons of rows that were made later."""
    for n in range(rows.count()):
        item = rows.itemAt(n)
        widget = item.widget() if item is not None else None
        for button in widget.findChildren(QPushButton) if widget is not None else ():
            QWidget.setTabOrder(first, button)
            first = button


def clear(layout: QVBoxLayout | QHBoxLayout) -> None:
    """Take everything out of a layout."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
