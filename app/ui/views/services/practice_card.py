"""The practice server: a line with its state and one button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, Text


class PracticeCard(Card):
    """Start it to learn; stop it when done."""

    def __init__(
        self, context: Context, toggle: Callable[[bool], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(context.theme, parent)
        self.body.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        self._toggle = toggle
        self.running = False
        row = QHBoxLayout()
        row.setSpacing(GRID * 3 // 2)
        picture = QLabel()
        theme = context.theme
        theme.bind(
            picture, lambda label: label.setPixmap(theme.icon("practice", theme.colours.muted).pixmap(20, 20))
        )
        row.addWidget(picture)
        row.addWidget(Text(self.tr("Practice server"), bold=True, wrap=False))
        self.words = Text(muted=True)
        row.addWidget(self.words, 1)
        self.button = QPushButton()
        self.button.clicked.connect(lambda: self._toggle(not self.running))
        row.addWidget(self.button)
        self.body.addLayout(row)
        self.show_state(None)

    def show_state(self, address: str | None) -> None:
        """Its address, None while it is stopped."""
        self.running = address is not None
        self.button.setEnabled(True)
        if address is not None:
            self.words.setText(self.tr("Runs at {0}, on this computer only.").format(address))
            self.button.setText(self.tr("Stop"))
            self.button.setAccessibleName(self.tr("Stop the practice server"))
        else:
            self.words.setText(self.tr("Learn the whole way without an account and without a network."))
            self.button.setText(self.tr("Start"))
            self.button.setAccessibleName(self.tr("Start the practice server"))

    def show_busy(self) -> None:
        """While it starts or stops."""
        self.button.setEnabled(False)
        self.button.setText(self.tr("Stopping…") if self.running else self.tr("Starting…"))
