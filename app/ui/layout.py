"""What the window remembers: geometry, splitters, columns, filters, half-filled forms."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QTimer

SAVE_AFTER_MS = 400


class Layout(QObject):
    """JSON values by key, kept in memory and saved a moment after the last change.

    `save` gets the whole document as text; the application writes it to the store under one key.
    """

    def __init__(
        self,
        text: str | None = None,
        save: Callable[[str], None] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._values = _loaded(text)
        self._save = save
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self.flush)

    def value(self, key: str, default: Any = None) -> Any:
        """The value last set; anything that JSON can hold."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a value; None forgets it."""
        if self._values.get(key) == value:
            return
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._timer.start()

    def bytes(self, key: str) -> QByteArray | None:
        """A state of Qt (geometry, splitter) that was kept by `set_bytes`."""
        text = self._values.get(key)
        return QByteArray(base64.b64decode(text)) if isinstance(text, str) else None

    def set_bytes(self, key: str, state: QByteArray) -> None:
        """Keep a state of Qt."""
        self.set(key, base64.b64encode(state.data()).decode())

    def flush(self) -> None:
        """Save now; called on quit."""
        self._timer.stop()
        if self._save is not None:
            self._save(json.dumps(self._values))


def _loaded(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
