"""The line above the pages: title, search, scheme, settings."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Heading, Text


class Header(QFrame):
    """See the module."""

    search_asked = Signal()
    settings_asked = Signal()
    scheme_chosen = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._theme = context.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, GRID, GRID * 3 // 2, GRID)
        row.setSpacing(GRID)
        self.title = Heading()
        self.search = QPushButton(self.tr("Search or command"))
        self.search.setObjectName("search")
        keys = Text("Ctrl+K", muted=True, minor=True, wrap=False)
        keys.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inside = QHBoxLayout(self.search)
        inside.setContentsMargins(0, 0, GRID * 3 // 2, 0)
        inside.addStretch(1)
        inside.addWidget(keys)
        self.search.setMinimumWidth(GRID * 32)
        self.search.clicked.connect(self.search_asked)
        context.theme.bind_icon(self.search, "search")
        self.scheme = self._tool("scheme", self.tr("Colour scheme"))
        self.scheme.setMenu(self._scheme_menu())
        self.scheme.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.settings = self._tool("settings", self.tr("Settings"))
        self.settings.clicked.connect(self.settings_asked)
        row.addWidget(self.title, 1)
        for widget in (self.search, self.scheme, self.settings):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self.setFixedHeight(GRID * 7)

    def _tool(self, icon: str, name: str) -> QToolButton:
        button = QToolButton()
        self._theme.bind_icon(button, icon)
        button.setAccessibleName(name)
        button.setToolTip(name)
        return button

    def _scheme_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        words = {"system": self.tr("Like the system"), "light": self.tr("Light"), "dark": self.tr("Dark")}
        self.scheme_actions = {}
        for choice, word in words.items():
            # Made here: Python loses those that QMenu makes, although they are there.
            action = QAction(word, menu)
            menu.addAction(action)
            action.setCheckable(True)
            action.setChecked(choice == self._theme.choice)
            group.addAction(action)
            action.triggered.connect(lambda _=False, chosen=choice: self.scheme_chosen.emit(chosen))
            self.scheme_actions[choice] = action
        menu.aboutToShow.connect(lambda: self.scheme_actions[self._theme.choice].setChecked(True))
        return menu
