"""Lists of facts: every line of a value that wraps is seen, whatever was shown before."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.basics import KeyValues

SHORT = [
    ("State", "Done"),
    ("Job at the service", "0bff72a3-e887-45d8-81df-88030fb543c9"),
    ("Made", "1 min ago (2026-11-26 14:39:53)"),
    ("Sent", "just now"),
    ("Ended", "just now"),
]
LONG = ("Result", "/home/ada/.local/share/Haplodesk/results/study.kauycpbcd9gm")


@pytest.mark.parametrize("rows", [[*SHORT, LONG], [LONG, *SHORT], [*SHORT, LONG, LONG]])
@pytest.mark.parametrize("width", [340, 440])
def test_no_line_is_cut_when_rows_are_added(qtbot: QtBot, rows: list[tuple[str, str]], width: int) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    column = QVBoxLayout(host)
    facts = KeyValues()
    column.addWidget(facts)
    column.addStretch(1)
    facts.show_pairs(SHORT)
    host.resize(width, 400)
    host.show()
    qtbot.waitUntil(lambda: settled(facts, len(SHORT)))
    facts.show_pairs(rows)
    qtbot.waitUntil(lambda: settled(facts, len(rows)))
    assert cut(facts) == []


def settled(facts: KeyValues, rows: int) -> bool:
    """Whether the rows have their places: the last ends where the list does."""
    found = labels(facts)
    lowest = max(each.geometry().bottom() for each in found)
    high = facts.height() == facts.heightForWidth(facts.width())
    return high and len(found) == 2 * rows and facts.height() - 3 <= lowest < facts.height()


def labels(facts: KeyValues) -> list[QLabel]:
    return facts.findChildren(QLabel)


def cut(facts: KeyValues) -> list[str]:
    """What needs more height than it has at its width."""
    return [each.text() for each in labels(facts) if each.height() < each.heightForWidth(each.width())]
