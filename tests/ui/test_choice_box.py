"""A box to choose one of many names in."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.ui.models.choices import Choices
from app.ui.widgets.choice_box import ChoiceBox

PAIRS = [("none", ""), ("one", "id-1"), ("two", "id-2")]


def test_the_model_is_a_sound_one(qtmodeltester: ModelTester) -> None:
    model = Choices()
    model.show_pairs(PAIRS)
    qtmodeltester.check(model, force_py=True)
    assert model.index(3, 0).data() is None


@pytest.mark.parametrize(("chosen", "shown"), [("id-2", "two"), ("", "none"), ("gone", "none")])
def test_the_chosen_one_is_shown_or_else_the_first(qtbot: QtBot, chosen: str, shown: str) -> None:
    box = ChoiceBox()
    qtbot.addWidget(box)
    box.offer(PAIRS, chosen)
    assert box.currentText() == shown
    assert box.itemText(1) == "one"
    assert box.itemData(1) == "id-1"
    assert [box.findData(value) for _, value in PAIRS] == [0, 1, 2]


def test_many_names_are_not_measured_one_by_one(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    plain = Choices.data

    def data(self: Choices, index: object, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        asked.append(role)
        return plain(self, index, role)  # type: ignore[arg-type]

    monkeypatch.setattr(Choices, "data", data)
    box = ChoiceBox()
    qtbot.addWidget(box)
    box.offer([(f"cohort {n}", f"id-{n}") for n in range(5_000)], "id-4000")
    box.show()
    box.setStyleSheet("QComboBox { color: red; }")
    box.sizeHint()
    assert box.currentText() == "cohort 4000"
    assert len(asked) < 500
