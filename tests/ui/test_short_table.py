"""Short tables: columns fill the room or give way, so that nothing has to be scrolled sideways."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.views.uploads.verdict_details import VerdictDetails
from app.ui.views.uploads.verdict_words import reason_columns, reason_rows
from app.ui.widgets.short_table import ShortTable, fitted
from tests.ui import cohorts


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (500, [120, 300, 80]),
        (400, [120, 200, 80]),
        (300, [90, 130, 80]),
        (230, [70, 80, 80]),
        (150, [64, 64, 60]),
    ],
    ids=["room over", "as wished", "words give way", "words at their end", "too narrow"],
)
def test_columns_share_the_room(room: int, expected: list[int]) -> None:
    assert fitted([120, 200, 80], [64, 64, 60], [True, True, False], room) == expected


def test_columns_of_numbers_alone_stay() -> None:
    assert fitted([80, 80], [40, 40], [False, False], 400) == [80, 80]


@pytest.mark.parametrize("width", [640, 1240])
def test_reasons_need_no_bar_below(context: Context, qtbot: QtBot, width: int) -> None:
    table = ShortTable(context.theme, "Reasons", reason_columns())
    qtbot.addWidget(table)
    table.show_rows(reason_rows(cohorts.refusal().reasons))
    table.resize(width, 200)
    table.show()
    qtbot.waitUntil(lambda: table.horizontalHeader().length() == table.viewport().width())
    assert table.horizontalScrollBar().maximum() == 0


def test_widths_chosen_by_hand_are_kept(context: Context, qtbot: QtBot) -> None:
    columns = (Column("a", "A", 100), Column("b", "B", 60, numeric=True))
    table = ShortTable(context.theme, "Two", columns)
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.show()
    qtbot.waitUntil(lambda: table.columnWidth(0) > 200)
    table.horizontalHeader().resizeSection(0, 90)
    table.resize(500, 200)
    qtbot.wait(20)
    assert table.columnWidth(0) == 90


def test_the_details_are_as_high_as_what_they_show(context: Context, qtbot: QtBot) -> None:
    details = VerdictDetails(context, lambda: None, lambda _: None)
    qtbot.addWidget(details)
    details.resize(800, 600)
    details.show_verdict(cohorts.refusal())
    details.show()
    rows = details.reasons.verticalHeader().defaultSectionSize()
    low = details.parts.stack.height()
    assert low < 4 * rows + details.reasons.horizontalHeader().sizeHint().height()
    details.parts.show_number(2)
    assert details.parts.stack.height() > low
    qtbot.keyClick(details, Qt.Key.Key_Tab)
