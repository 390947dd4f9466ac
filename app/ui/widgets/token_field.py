"""A field for a secret: what is pasted is never shown, only that something came in."""

from __future__ import annotations

from pydantic import SecretStr
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Text


class TokenField(QWidget):
    """Dots instead of letters; the line below says how many came."""

    changed = Signal()
    entered = Signal()

    def __init__(self, parent: QWidget | None = None, *, kept: bool = True) -> None:
        """`kept` False: it is used once, so nothing is said of where it is kept."""
        super().__init__(parent)
        self._kept = kept
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.box = QLineEdit()
        self.box.setEchoMode(QLineEdit.EchoMode.Password)
        self.box.setAccessibleName(self.tr("Token"))
        self.box.setPlaceholderText(self.tr("Paste the token"))
        self.box.textChanged.connect(self._said)
        self.box.returnPressed.connect(self.entered)
        self.note = Text(muted=True, minor=True)
        column.addWidget(self.box)
        column.addWidget(self.note)
        self._said()
        self.setFocusProxy(self.box)

    def value(self) -> SecretStr | None:
        """The secret without the white space that comes along when pasting; None for an empty field."""
        text = "".join(self.box.text().split())
        return SecretStr(text) if text else None

    def clear(self) -> None:
        """Forget it."""
        self.box.clear()

    def _said(self) -> None:
        count = len("".join(self.box.text().split()))
        if not self._kept:
            self.note.setText(
                plural(self.tr("%Ln character(s). Used once.", "", count), count) if count else ""
            )
            self.changed.emit()
            return
        said = plural(
            self.tr("%Ln character(s). Kept in the keyring of this computer only.", "", count), count
        )
        self.note.setText(said if count else self.tr("Kept in the keyring of this computer only."))
        self.changed.emit()
