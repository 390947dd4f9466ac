"""Shortcuts of commands on things work while the keyboard is in a table of such things."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.ui.commands import Command, Commands


def bind_noun_keys(
    commands: Commands, wanted: Iterable[Command], widget: QWidget, ids: Callable[[], tuple[str, ...]]
) -> None:
    """Run each command by its shortcut on `ids()` while `widget` or something in it has the keyboard."""
    for command in wanted:
        if not command.shortcut:
            continue
        shortcut = QShortcut(QKeySequence(command.shortcut), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(lambda name=command.id: commands.run(name, ids()))
