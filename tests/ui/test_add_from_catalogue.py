"""Choosing a service of the catalogue: groups, search, documented facts, what is off and what follows it."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.preset import Certainty, Preset, PresetPanel, Source
from app.domain.service import Limits
from app.services.catalogue import presets as real_presets
from app.ui.context import Context
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.dialogs.preset_words import preset_pairs
from app.ui.widgets.basics import Text
from tests.ui.fakes import FakeLibrary


def a_preset(preset_id: str, **more: Any) -> Preset:
    made: dict[str, Any] = {
        "id": preset_id,
        "name": preset_id.title(),
        "operator": "Somebody",
        "country": "DE",
        "base_url": f"https://{preset_id}.example",
        "family": "cloudgene",
        "sources": {"docs": Source(text="docs", as_of="2026-01", certainty=Certainty.B)},
        "main_source": "docs",
    }
    return Preset.model_validate({**made, **more})


def some() -> list[Preset]:
    panel = PresetPanel(id="p", name="Han panel", build="GRCh38", ancestry=("Han Chinese",), by="docs")
    return [
        a_preset("ours", of="Our institute"),
        a_preset("alpha", limits=Limits(max_samples=500, retention_days=7)),
        a_preset("old", enabled=False, off_reason="It is retired.", successor="alpha"),
        a_preset("unnamed", base_url="", country="TW", panels=(panel,)),
        a_preset("page", family="guided"),
        a_preset("mine", own=True, country="", base_url=""),
    ]


@pytest.fixture
def dialog(context: Context, library: FakeLibrary, qtbot: QtBot) -> AddServiceDialog:
    library.all_presets = some()
    made = AddServiceDialog(context)
    made.show()
    qtbot.waitUntil(lambda: made.name.text() == "Ours")
    return made


def lines(dialog: AddServiceDialog) -> list[str]:
    rows = (dialog.choice.list.item(row) for row in range(dialog.choice.list.count()))
    return [row.text() for row in rows if not row.isHidden()]


def test_services_stand_in_groups_and_another_address_comes_last(dialog: AddServiceDialog) -> None:
    assert lines(dialog) == [
        "From Our institute",
        "Ours · DE",
        "With a way in for programs",
        "Alpha · DE",
        "Old · DE · off",
        "Unnamed · TW",
        "Web pages",
        "Page · DE",
        "Your own computers",
        "Mine",
        "Another address",
    ]
    dialog.reject()


def test_services_are_searched_also_by_country_and_panel(dialog: AddServiceDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.choice.search, "han chinese")
    assert lines(dialog) == ["With a way in for programs", "Unnamed · TW", "Another address"]
    assert dialog.name.text() == "Unnamed"
    assert "ask the operator" in dialog.note.text()
    assert not dialog.add_button.isEnabled()  # it has no address yet
    qtbot.keyClick(dialog.choice.search, Qt.Key.Key_Down)
    assert dialog.chosen() is None
    dialog.choice.choose("alpha")
    assert dialog.choice.search.text() == ""
    dialog.choice.search.setText("germany")
    assert "Alpha · DE" in lines(dialog)
    dialog.reject()


def test_one_that_is_off_says_why_and_leads_to_its_successor(dialog: AddServiceDialog) -> None:
    dialog.choice.choose("old")
    assert dialog.off.text() == "It cannot be added: It is retired."
    assert not dialog.add_button.isEnabled()
    assert not dialog.token.isEnabled()
    assert dialog.successor.text() == "Choose Alpha instead"
    dialog.successor.click()
    assert dialog.name.text() == "Alpha"
    assert dialog.add_button.isEnabled()
    assert dialog.off.isHidden()
    dialog.reject()


def test_what_is_documented_is_told_with_source_date_and_certainty(dialog: AddServiceDialog) -> None:
    dialog.choice.choose("alpha")
    said = [label.text() for label in dialog.facts.findChildren(Text)]
    assert "Germany\ndocs (2026-01), from the operator or a paper, older" in said
    assert "7 days\ndocs (2026-01), from the operator or a paper, older" in said
    dialog.choice.choose(None)
    assert not dialog.documented.isVisibleTo(dialog)
    dialog.reject()


def test_what_the_service_says_stands_beside_what_is_documented(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    preset = a_preset("alpha", limits=Limits(max_samples=500, retention_days=7))
    pairs = dict(preset_pairs(widget, preset, Limits(max_samples=800, retention_days=7)))
    assert str(pairs["People at most"]).startswith("The service says 800; the catalogue says 500\n")
    assert str(pairs["Results kept"]).startswith("7 days\n")


def test_all_services_of_the_catalogue_can_be_read_about(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_presets = list(real_presets())
    made = AddServiceDialog(context)
    made.show()
    qtbot.waitUntil(lambda: bool(made.presets))
    for each in made.presets:
        made.choice.choose(each.id)
        assert made.name.text() == each.name
        assert made.off.isHidden() is each.enabled
    made.reject()
