"""One registry of actions: menus, context menus, shortcuts and the palette are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from app.ui.theme import Theme

Ids = tuple[str, ...]


def always(_ids: Ids) -> bool:
    """The action can be used at any time."""
    return True


def some(ids: Ids) -> bool:
    """The action needs at least one selected thing."""
    return bool(ids)


def one(ids: Ids) -> bool:
    """The action needs exactly one selected thing."""
    return len(ids) == 1


@dataclass(frozen=True)
class Command:
    """Something a person can do.

    `noun` None: it works everywhere and is called with no ids. Otherwise it works on selected things of that
    noun, in every menu over such things. `enabled(ids)` says when. `group` parts menus by lines.
    """

    id: str
    text: str
    icon: str
    handler: Callable[[Ids], object]
    shortcut: str = ""
    noun: str | None = None
    enabled: Callable[[Ids], bool] = always
    group: str = ""
    words: str = ""


class Commands(QObject):
    """All commands by id. A command added again under its id replaces the former."""

    added = Signal(str)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._commands: dict[str, Command] = {}
        self._shortcuts: dict[str, QShortcut] = {}
        self._window: QWidget | None = None

    def add(self, *commands: Command) -> None:
        """Register commands; global shortcuts work at once."""
        for command in commands:
            self._commands[command.id] = command
            if self._window is not None:
                self._bind_shortcut(command)
            self.added.emit(command.id)

    def attach(self, window: QWidget) -> None:
        """Make the shortcuts of global commands work in a window."""
        self._window = window
        for command in self._commands.values():
            self._bind_shortcut(command)

    def get(self, command_id: str) -> Command:
        """The command of that id; KeyError for none."""
        return self._commands[command_id]

    def all(self) -> tuple[Command, ...]:
        """Every command, in the order of registration."""
        return tuple(self._commands.values())

    def usable(self) -> tuple[Command, ...]:
        """The global commands that can be used now; what the palette lists."""
        return tuple(c for c in self._commands.values() if c.noun is None and c.enabled(()))

    def of_noun(self, noun: str) -> tuple[Command, ...]:
        """The commands on things of a noun."""
        return tuple(c for c in self._commands.values() if c.noun == noun)

    def run(self, command_id: str, ids: Sequence[str] = ()) -> bool:
        """Do it, if there is such a command and it can be done now."""
        command = self._commands.get(command_id)
        chosen = tuple(ids)
        if command is None or not command.enabled(chosen):
            return False
        command.handler(chosen)
        return True

    def action(self, command_id: str, parent: QObject, ids: Sequence[str] = ()) -> QAction:
        """A menu entry for a command and the things it would work on."""
        command = self._commands[command_id]
        action = QAction(self._theme.icon(command.icon), command.text, parent)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(command.enabled(tuple(ids)))
        action.triggered.connect(lambda: self.run(command_id, ids))
        return action

    def fill_menu(self, menu: QMenu, noun: str, ids: Sequence[str]) -> None:
        """Put the commands of a noun into a menu, parted by group."""
        self._fill(menu, self.of_noun(noun), ids)

    def _fill(self, menu: QMenu, commands: Iterable[Command], ids: Sequence[str]) -> None:
        group: str | None = None
        for command in commands:
            if group is not None and command.group != group:
                menu.addSeparator()
            group = command.group
            menu.addAction(self.action(command.id, menu, ids))

    def _bind_shortcut(self, command: Command) -> None:
        if not command.shortcut or command.noun is not None or self._window is None:
            return
        old = self._shortcuts.pop(command.id, None)
        if old is not None:
            old.deleteLater()
        shortcut = QShortcut(QKeySequence(command.shortcut), self._window)
        shortcut.activated.connect(lambda: self.run(command.id))
        self._shortcuts[command.id] = shortcut


def fuzzy_score(wanted: str, text: str) -> int | None:
    """How well letters typed in order match a text; None when they do not; higher is better.

    Starts of words and letters in a row count more, so that `nj` finds "New job" before "Join".
    """
    haystack = text.casefold()
    score = position = 0
    run = 0
    for letter in wanted.casefold():
        if letter == " ":
            run = 0
            continue
        found = haystack.find(letter, position)
        start = _word_start(haystack, letter, position)
        if found < 0:
            return None
        if start >= 0 and found != position:
            found = start
        run = run + 1 if found == position and position else 1
        score += 3 * run + (8 if found == 0 or not haystack[found - 1].isalnum() else 0)
        position = found + 1
    return score * 4 - len(haystack) // 4


def _word_start(text: str, letter: str, position: int) -> int:
    for index in range(position, len(text)):
        if text[index] == letter and (index == 0 or not text[index - 1].isalnum()):
            return index
    return -1
