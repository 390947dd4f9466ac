"""Questions before a loss have both answers, and the safe one is the default."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.dialogs.confirm import confirm


@pytest.mark.parametrize(("word", "expected"), [("Remove 2 services", ["yes"]), ("Keep", [])])
def test_both_answers_are_there(qtbot: QtBot, word: str, expected: list[str]) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    said: list[str] = []
    box = confirm(parent, "Remove?", "They are gone then.", "Remove 2 services", lambda: said.append("yes"))
    gc.collect()
    buttons = {b.text(): b for b in box.buttons()}
    assert set(buttons) == {"Remove 2 services", "Keep"}
    assert box.defaultButton() is buttons["Keep"]
    qtbot.mouseClick(buttons[word], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not parent.findChildren(type(box)))
    assert said == expected
