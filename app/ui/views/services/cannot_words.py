"""What a family of services cannot do, in the words of a person."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

SAID_ELSEWHERE = frozenset({"token", "token_needed", "names_in_list"})
"""Said of the token, or of no use to a person."""


def cannot_pairs(widget: QWidget, cannot: Mapping[str, str]) -> list[tuple[str, str | QWidget]]:
    """What and why; `cannot` are reasons by the names in `Capabilities`.

    A new capability is called by its name here: nothing that cannot be done is left out for want of words.
    """
    words = {
        "panels": widget.tr("Tell its panels"),
        "cancel": widget.tr("Stop a job"),
        "restart": widget.tr("Start a job again"),
        "delete": widget.tr("Delete a job there"),
        "downloads": widget.tr("Hand out results"),
        "passwords": widget.tr("Lock results with a password"),
        "several_files": widget.tr("Take several files"),
        "network": widget.tr("Be asked over a network"),
    }
    order = [*words, *sorted(cannot)]
    told = [name for name in dict.fromkeys(order) if name in cannot and name not in SAID_ELSEWHERE]
    pairs: list[tuple[str, str | QWidget]] = []
    pairs += [(words.get(name, name.replace("_", " ").capitalize()), cannot[name]) for name in told]
    return pairs or [("", widget.tr("Nothing that another service can."))]
