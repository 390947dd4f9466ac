"""Numbers that are being worked out anew: shown in grey until the new ones are there."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def set_stale(widget: QWidget, stale: bool) -> None:
    """Grey, or as always; the style sheet is asked again only when it changes."""
    if bool(widget.property("stale")) != stale:
        widget.setProperty("stale", stale)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()
