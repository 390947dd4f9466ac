"""Fetch a result with another password than the one that was made for it."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import SecretStr
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary


class FetchPasswordDialog(QDialog):
    """The password goes to the operation and nowhere else."""

    def __init__(
        self,
        context: Context,
        name: str,
        fetch: Callable[[SecretStr], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._fetch = fetch
        self.setWindowTitle(self.tr("Fetch with another password"))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(Text(self.tr("Password of the result of {0}").format(name), bold=True))
        column.addWidget(
            Text(self.tr("Some services send it by e-mail. It is used once and not kept."), muted=True)
        )
        self.box = QLineEdit()
        self.box.setEchoMode(QLineEdit.EchoMode.Password)
        self.box.setAccessibleName(self.tr("Password"))
        column.addWidget(self.box)
        self.show_it = QCheckBox(self.tr("Show the password"))
        self.show_it.toggled.connect(self._toggle)
        column.addWidget(self.show_it)
        column.addStretch(1)
        self.fetch_button = primary(QPushButton(self.tr("Fetch")))
        self.fetch_button.setEnabled(False)
        cancel = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.fetch_button, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel.clicked.connect(self.reject)
        self.fetch_button.clicked.connect(self._go)
        self.box.returnPressed.connect(self._go)
        self.box.textChanged.connect(lambda words: self.fetch_button.setEnabled(bool(words)))
        column.addWidget(buttons)
        self.setMinimumWidth(GRID * 52)
        self.finished.connect(self.deleteLater)
        fit(self)
        self.box.setFocus()

    def _toggle(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        self.box.setEchoMode(mode)

    def _go(self) -> None:
        if self.box.text():
            password = SecretStr(self.box.text())
            self.box.clear()
            self.accept()
            self._fetch(password)
