"""The real window over a real data folder, and a person's hands for it: clicks, keys and looking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.application import build_window, close_window, logging_to, open_desk
from app.genotypes.worker import run_in_process
from app.practice.cohort import make_practice_data
from app.practice.host import Host
from app.store.secrets import Secrets
from app.ui.running import RunningWindow
from tests.end_to_end.conftest import SAMPLES, SITES, World
from tests.ui.conftest import flush_deleted


class SmallPractice(Host):
    """The practice server of the program, with the small panels and cohort of the tests."""

    def __init__(self, home: Path, world: World) -> None:
        super().__init__(home)
        if not (home / "panels").exists():
            shutil.copytree(world.panels, home / "panels")

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        """Write the small cohort."""
        return tuple(await run_in_process(_make_small, folder))


def _make_small(folder: Path, report: object) -> list[Path]:
    return list(make_practice_data(folder, samples=SAMPLES, sites=SITES).files)


@contextmanager
def open_window(home: Path, world: World, secrets: Secrets) -> Iterator[RunningWindow]:
    """The whole program with its window; closed as by its user."""
    with logging_to(home):
        desk = open_desk(home, practice=SmallPractice(home / "practice", world))
        desk.secrets = secrets
        running = build_window(desk)
        try:
            yield running
        finally:
            running.window._may_close = True
            running.window.close()
            close_window(running)
            flush_deleted()


def said(widget: QWidget) -> str:
    """All visible words of a widget."""
    labels = [w.text() for w in widget.findChildren(QLabel) if w.isVisible()]
    return "\n".join(labels + [b.text() for b in widget.findChildren(QPushButton) if b.isVisible()])


def press(qtbot: QtBot, parent: QWidget, words: str) -> None:
    """Click the button that says so, with the mouse."""
    found = [b for b in parent.findChildren(QPushButton) if b.isVisible() and b.text() == words]
    assert found, f"no button {words!r} among: {said(parent)}"
    assert found[0].isEnabled(), words
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def tick(qtbot: QtBot, box: QCheckBox) -> None:
    """Click into the square of a box."""
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(9, box.height() // 2))
    assert box.isChecked()


def find_row(tree: QTreeWidget, words: str) -> QTreeWidgetItem | None:
    """The row of a tree whose words hold these."""
    flags = Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive
    found = tree.findItems(words, flags)
    return found[0] if found else None


def click_row(qtbot: QtBot, tree: QTreeWidget, words: str) -> None:
    """Click a row of a tree."""
    row = find_row(tree, words)
    assert row is not None, words
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(row).center())
    assert tree.currentItem() is row or tree.currentItem() is not None


def choose(qtbot: QtBot, combo: QComboBox, words: str) -> None:
    """Choose from a list by the keyboard."""
    place = combo.findText(words, Qt.MatchFlag.MatchContains)
    assert place >= 0, [combo.itemText(n) for n in range(combo.count())]
    combo.setFocus()
    for _ in range(combo.count()):
        step = place - combo.currentIndex()
        if step == 0:
            break
        qtbot.keyClick(combo, Qt.Key.Key_Down if step > 0 else Qt.Key.Key_Up)
    assert combo.currentIndex() == place


def type_keys(widget: QWidget, keys: str) -> None:
    """Press a shortcut on whatever has the keyboard."""
    QTest.keySequence(QApplication.focusWidget() or widget, keys)
