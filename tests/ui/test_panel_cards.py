"""Panels as cards: places are counted, so that ten thousand cost what those cost that are seen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractItemView
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.models.listed import Listed
from app.ui.models.table import Column, TableModel
from app.ui.views.panels.cards import WIDTH, PanelCards
from app.ui.widgets.table_view import TableView

KEYS = ("name", "favourite", "service", "country", "added", "fit", "overlap", "build")
KEYS += ("samples", "variants", "ancestry", "access", "populations")
ROWS = 5_000


@pytest.fixture
def cards(qtbot: QtBot, context: Context) -> PanelCards:
    """Three cards in a line, and room for two lines and a half."""
    source = Listed(("id", *KEYS))
    source.set_rows([(f"p{n}", f"panel {n}", *[""] * (len(KEYS) - 1)) for n in range(ROWS)])
    model = TableModel(context.bridge, source, [Column(key, key) for key in KEYS])
    table = TableView(context, model, "panel")
    qtbot.addWidget(table)
    made = PanelCards(context.theme, table)
    table.show_rows_in(made)
    table.refresh()
    qtbot.waitUntil(lambda: model.ready)
    made.setParent(None)
    qtbot.addWidget(made)
    made.show()
    made.resize(3 * WIDTH + 40, made.cards.size.height() * 5 // 2)
    qtbot.waitUntil(lambda: made.cards.size.width() > WIDTH)
    return made


def _press(cards: PanelCards, qtbot: QtBot, key: Qt.Key) -> int:
    qtbot.keyClick(cards, key)
    return cards.currentIndex().row()


def _click(cards: PanelCards, qtbot: QtBot, row: int, keys: Qt.KeyboardModifier) -> None:
    place = cards.visualRect(cards.model().index(row, 0)).center()
    qtbot.mouseClick(cards.viewport(), Qt.MouseButton.LeftButton, keys, place)


def _chosen(cards: PanelCards) -> list[int]:
    return sorted({index.row() for index in cards.selectionModel().selectedIndexes()})


def test_each_card_is_where_it_is_found(cards: PanelCards) -> None:
    model = cards.model()
    for row in (0, 1, 2, 3, 7):
        assert cards.indexAt(cards.visualRect(model.index(row, 0)).center()).row() == row
    assert cards.visualRect(model.index(3, 0)).x() == 0
    assert not cards.indexAt(QPoint(cards.viewport().width() - 1, 5)).isValid()
    lines = -(-ROWS // 3)
    height = cards.cards.size.height()
    assert cards.verticalScrollBar().maximum() == lines * height - cards.viewport().height()


def test_keys_walk_over_the_cards(cards: PanelCards, qtbot: QtBot) -> None:
    cards.setCurrentIndex(cards.model().index(0, 0))
    key = Qt.Key
    walk = (key.Key_Right, key.Key_Down, key.Key_Up, key.Key_Up, key.Key_PageDown, key.Key_Left)
    assert [_press(cards, qtbot, each) for each in walk] == [1, 4, 1, 1, 4, 3]
    assert _press(cards, qtbot, key.Key_End) == ROWS - 1
    assert _press(cards, qtbot, key.Key_Down) == ROWS - 1
    shown = cards.viewport().rect()
    assert shown.contains(cards.visualRect(cards.currentIndex()))
    assert _press(cards, qtbot, key.Key_Home) == 0
    assert cards.verticalScrollBar().value() == 0


def test_shift_selects_what_lies_between_and_control_adds(cards: PanelCards, qtbot: QtBot) -> None:
    held = Qt.KeyboardModifier
    _click(cards, qtbot, 1, held.NoModifier)
    _click(cards, qtbot, 5, held.ShiftModifier)
    assert _chosen(cards) == [1, 2, 3, 4, 5]
    _click(cards, qtbot, 3, held.ControlModifier)
    assert _chosen(cards) == [1, 2, 4, 5]


def test_a_drawn_box_selects_the_cards_that_it_touches(
    cards: PanelCards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "state", lambda: QAbstractItemView.State.DragSelectingState)
    flags = cards.selectionModel().SelectionFlag.ClearAndSelect
    first = cards.visualRect(cards.model().index(1, 0)).center()
    last = cards.visualRect(cards.model().index(5, 0)).center()
    cards.setSelection(QRect(first, last), flags)
    assert _chosen(cards) == [1, 2, 4, 5]
    region = cards.visualRegionForSelection(cards.selectionModel().selection())
    assert region.contains(first)
    assert not region.contains(cards.visualRect(cards.model().index(0, 0)).center())


def test_other_widths_keep_the_uppermost_card_and_look_at_few_rows(
    cards: PanelCards, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards.scrollTo(cards.model().index(3000, 0), QAbstractItemView.ScrollHint.PositionAtTop)
    asked: list[int] = []
    plain = TableModel.rowCount
    monkeypatch.setattr(TableModel, "rowCount", lambda *more: asked.append(1) or plain(*more))
    cards.resize(2 * WIDTH + 40, cards.height())
    qtbot.waitUntil(lambda: cards.visualRect(cards.model().index(2, 0)).x() == 0)
    cards.viewport().repaint()
    assert cards.indexAt(QPoint(5, 5)).row() == 3000
    assert len(asked) < 500
