"""Choosing from the menu that a widget has just opened at the pointer."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidget


def choose(parent: QWidget, *words: str) -> list[str]:
    """Choose a line, through submenus; the words of all lines of the last menu."""
    menu = next(m for m in parent.children() if isinstance(m, QMenu) and m.isVisible())
    top = menu
    for word in words:
        lines = [action for action in menu.actions() if not action.isSeparator()]
        chosen = next(action for action in lines if action.text() == word)
        below = chosen.menu()
        if isinstance(below, QMenu):
            menu = below
        else:
            chosen.trigger()
    top.close()
    return [action.text() for action in lines]
