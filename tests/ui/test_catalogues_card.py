"""The catalogues of institutions in the settings: shown, added by file and key, removed, exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.domain.preset import Catalogue
from app.domain.problem import Kind, Problem
from app.operations.catalogues import Installed
from app.ui.context import Context
from app.ui.views.settings.settings_view import SettingsView
from app.ui.widgets.basics import StatusBadge, Text
from tests.ui.fakes import FakeLibrary, FakeOperations

REFUSED = Problem(kind=Kind.REFUSED, title="Not signed as it should be", what_happened="It was changed.")


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> SettingsView:
    ours = Catalogue(schema=1, as_of="2026-05-01", institution="Our institute", hide=("michigan",))
    library.all_catalogues = [
        Installed(key="AAAA", catalogue=ours, comment="signed in May"),
        Installed(key="BBBB", problem=REFUSED),
    ]
    made = SettingsView(context)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.catalogues.rows.count() == 2)
    return made


def said(view: SettingsView) -> list[str]:
    return [label.text() for label in view.catalogues.findChildren(Text)]


def test_one_in_use_and_a_broken_one_are_told(view: SettingsView) -> None:
    badges = [badge.accessibleName() for badge in view.catalogues.findChildren(StatusBadge)]
    assert badges == ["In use", "Not used"]
    assert "0 services · 1 hidden · of 2026-05-01 · key AAAA · signed in May" in said(view)
    assert REFUSED.sentence() in said(view)


def test_a_catalogue_is_added_by_file_and_key(
    view: SettingsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    card = view.catalogues
    card.take_file(Path("ours.json"))
    assert card.typing.isVisibleTo(view)
    assert not card.keep.isEnabled()
    card.key.setText("RWbad")
    operations.answers["install_catalogue"] = REFUSED
    card.keep.click()
    qtbot.waitUntil(lambda: card.problem.isVisibleTo(view))
    assert card.typing.isVisibleTo(view)  # the key can be mended
    del operations.answers["install_catalogue"]
    card.key.setText("RWgood")
    card.keep.click()
    qtbot.waitUntil(lambda: not card.typing.isVisibleTo(view))
    assert operations.calls[-1] == ("install_catalogue", (Path("ours.json"), "RWgood"), {})
    assert not card.problem.isVisibleTo(view)


def test_a_catalogue_is_removed_after_a_question(
    view: SettingsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    buttons = view.catalogues.findChildren(QPushButton)
    next(each for each in buttons if each.accessibleName() == "Remove: Our institute").click()
    box = view.catalogues.findChild(QMessageBox)
    assert box is not None
    next(each for each in box.buttons() if each.text() == "Remove catalogue").click()
    qtbot.waitUntil(lambda: "remove_catalogue" in operations.names())
    assert operations.calls[-1][1] == ("AAAA",)


def test_all_presets_are_exported(
    view: SettingsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    operations.answers["export_catalogue"] = 27
    view.catalogues.export_to(Path("all.json"))
    qtbot.waitUntil(lambda: len(context.notices.boxes()) == 1)
    assert operations.calls[-1][1] == (Path("all.json"),)


def test_the_search_of_the_settings_finds_them(view: SettingsView) -> None:
    view.search.setText("institution signed")
    assert view.institutions.isVisibleTo(view)
    assert not view.nothing.isVisibleTo(view)
    view.search.setText("colour")
    assert not view.institutions.isVisibleTo(view)
