"""The navigation rail: icon and word, badges only for what needs a person."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QToolButton, QVBoxLayout, QWidget

from app.ui.layout import Layout
from app.ui.text import number, plural
from app.ui.theme import GRID, Theme
from app.ui.views.view import ViewSpec

WIDE, NARROW = GRID * 21, GRID * 7


class RailButton(QAbstractButton):
    """One page."""

    def __init__(self, theme: Theme, spec: ViewSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon = spec.icon
        self.setText(spec.title())
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(GRID * 9 // 2)
        self.badge = 0
        self.narrow = False
        self._ring = False
        self._describe()
        theme.changed.connect(self.update)

    def set_badge(self, count: int) -> None:
        """How many things there need a person."""
        if count != self.badge:
            self.badge = count
            self._describe()
            self.update()

    def _describe(self) -> None:
        need = plural(self.tr("%Ln thing(s) need you", "", self.badge), self.badge)
        self.setAccessibleName(f"{self.text()}, {need}" if self.badge else self.text())
        self.setToolTip(self.accessibleName() if self.narrow or self.badge else "")

    def sizeHint(self) -> QSize:  # noqa: N802
        """A row."""
        return QSize(NARROW if self.narrow else WIDE, GRID * 9 // 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """The rail itself knows what Up and Down do."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The ring is for the keyboard only."""
        keys = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._ring = event.reason() in keys
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """No ring."""
        self._ring = False
        super().focusOutEvent(event)

    def enterEvent(self, event: object) -> None:  # noqa: N802
        """Show that it can be pressed."""
        self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """As before."""
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Ground, mark, icon, word, badge."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(GRID, 1, -GRID, -1)
        self._paint_ground(painter, box)
        colour = colours.accent if self.isChecked() else colours.muted
        icon_x = int(box.x()) + (box.width() - 20) / 2 if self.narrow else box.x() + 10
        self._theme.icon(self._icon, colour).paint(painter, int(icon_x), (self.height() - 20) // 2, 20, 20)
        if not self.narrow:
            font = QFont(self.font())
            if self.isChecked():
                font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(colours.text))
            painter.drawText(box.adjusted(42, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.badge:
            self._paint_badge(painter, box)

    def _paint_ground(self, painter: QPainter, box: QRectF) -> None:
        colours = self._theme.colours
        if self.isChecked():
            painter.setBrush(QColor(colours.selection))
        elif self.underMouse():
            painter.setBrush(QColor(colours.hover))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.accent), 1) if self._ring else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, 5, 5)

    def _paint_badge(self, painter: QPainter, box: QRectF) -> None:
        colours = self._theme.colours
        if self.narrow:
            painter.setBrush(QColor(colours.accent))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(QRectF(box.right() - 13, box.y() + 5, 8, 8))
            return
        word = number(self.badge)
        width = max(20, painter.fontMetrics().horizontalAdvance(word) + 12)
        pill = QRectF(box.right() - width - 6, box.center().y() - 9, width, 18)
        painter.setBrush(QColor(colours.accent))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(pill, 9, 9)
        painter.setPen(QColor(colours.on_accent))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, word)


class Rail(QFrame):
    """All pages; collapses to icons, and remembers it."""

    chosen = Signal(str)

    def __init__(
        self, theme: Theme, layout: Layout, specs: tuple[ViewSpec, ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self._remember = layout
        self.buttons: dict[str, RailButton] = {}
        self._theme = theme
        self.narrow = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(2)
        for spec in specs:
            column.addWidget(self._add(spec))
        column.addStretch(1)
        self.fold = QToolButton()
        self.fold.clicked.connect(lambda: self.set_narrow(not self.narrow))
        column.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignHCenter)
        self.set_narrow(bool(layout.value("rail/narrow", False)))
        theme.changed.connect(self._give_fold_icon)

    def _add(self, spec: ViewSpec) -> RailButton:
        button = RailButton(self._theme, spec, self)
        button.clicked.connect(lambda: self._clicked(spec.id))
        self.buttons[spec.id] = button
        return button

    def _clicked(self, view_id: str) -> None:
        self.buttons[view_id].setChecked(True)
        self.chosen.emit(view_id)

    def select(self, view_id: str) -> None:
        """Mark the page that is shown; none for a page that is not in the rail."""
        tabbed = view_id if view_id in self.buttons else next(iter(self.buttons), "")
        for each, button in self.buttons.items():
            button.setChecked(each == view_id)
            # One stop for Tab; the arrow keys go on from there.
            policy = Qt.FocusPolicy.TabFocus if each == tabbed else Qt.FocusPolicy.NoFocus
            button.setFocusPolicy(policy)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and Down go to the next page."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        ids = list(self.buttons)
        here = next((n for n, each in enumerate(ids) if self.buttons[each].hasFocus()), None)
        if step is None or here is None:
            super().keyPressEvent(event)
            return
        there = ids[(here + step) % len(ids)]
        self.chosen.emit(there)
        self.buttons[there].setFocus(Qt.FocusReason.TabFocusReason)

    def set_narrow(self, narrow: bool) -> None:
        """Icons only, or icons and words."""
        self.narrow = narrow
        self._remember.set("rail/narrow", narrow)
        self.setFixedWidth(NARROW if narrow else WIDE)
        for button in self.buttons.values():
            button.narrow = narrow
            button._describe()
            button.update()
        name = self.tr("Show words") if narrow else self.tr("Show icons only")
        self.fold.setAccessibleName(name)
        self.fold.setToolTip(name)
        self._give_fold_icon()

    def _give_fold_icon(self) -> None:
        self.fold.setIcon(self._theme.icon("expand" if self.narrow else "collapse"))
