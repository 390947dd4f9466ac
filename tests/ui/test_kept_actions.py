"""Actions of menus that are kept are made by Python.

Those that `QMenu.addAction(text)` makes were lost after a while ("Internal C++ object already deleted"), and
the menu of the colour scheme failed when it was opened, although Qt still had them.
"""

from __future__ import annotations

import shiboken6
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.header import Header
from app.ui.views.panels.filter_bar import FilterBar


def test_the_colour_schemes(qtbot: QtBot, context: Context) -> None:
    header = Header(context)
    qtbot.addWidget(header)
    assert all(shiboken6.createdByPython(each) for each in header.scheme_actions.values())
    menu = header.scheme.menu()
    menu.aboutToShow.emit()
    assert [each.isChecked() for each in menu.actions()].count(True) == 1


def test_the_favourites(qtbot: QtBot) -> None:
    bar = FilterBar(lambda: "", lambda words: None, lambda first: None)
    qtbot.addWidget(bar)
    assert shiboken6.createdByPython(bar.only)
    assert shiboken6.createdByPython(bar.first)
