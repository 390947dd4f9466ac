"""Tabs whose pages are laid out when they are first shown."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.ui.widgets.late_tabs import LateTabs


@pytest.fixture
def tabs(qtbot: QtBot) -> LateTabs:
    made = LateTabs()
    for words in ("one", "two", "three"):
        made.addPage(QLabel(words), words)
    qtbot.addWidget(made)
    return made


def _placed(tabs: LateTabs) -> list[bool]:
    """Which pages are in the window, and styled with it."""
    pages = [tabs.widget(n) for n in range(tabs.count())]
    return [page is not None and tabs.isAncestorOf(page) for page in pages]


def test_pages_are_named_by_themselves(tabs: LateTabs) -> None:
    second = tabs.widget(1)
    assert isinstance(second, QLabel)
    assert second.text() == "two"
    assert [tabs.indexOf(second), tabs.indexOf(tabs)] == [1, -1]
    assert tabs.currentWidget() is tabs.widget(0)
    tabs.setCurrentWidget(second)
    assert (tabs.currentIndex(), tabs.currentWidget()) == (1, second)
    assert tabs.widget(3) is None


def test_only_pages_that_were_looked_at_are_placed(tabs: LateTabs) -> None:
    assert _placed(tabs) == [False, False, False]
    tabs.show()
    assert _placed(tabs) == [True, False, False]
    tabs.setCurrentIndex(2)
    shown = [page.isVisible() for n in range(3) if (page := tabs.widget(n)) is not None]
    assert shown == [False, False, True]
    tabs.setCurrentIndex(0)
    assert _placed(tabs) == [True, False, True]
    first = tabs.widget(0)
    assert first is not None
    assert first.isVisible()


def test_what_was_chosen_while_hidden_is_there_when_shown(tabs: LateTabs) -> None:
    tabs.setCurrentIndex(1)
    tabs.setTabVisible(0, False)
    assert _placed(tabs) == [False, False, False]
    tabs.show()
    page = tabs.widget(1)
    assert page is not None
    assert page.isVisible()
    assert page.window() is tabs


def test_pages_that_were_never_placed_end_with_the_tabs(qtbot: QtBot) -> None:
    tabs, page = LateTabs(), QLabel("one")
    tabs.addPage(page, "one")
    with qtbot.waitSignal(page.destroyed):
        tabs.deleteLater()
