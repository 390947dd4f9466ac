"""Where a dataset may go, on its page."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.domain.problem import Kind, Problem
from app.domain.residency import residency_of
from app.ui.context import Context
from app.ui.views.uploads.residency_row import ResidencyRow
from app.ui.views.uploads.uploads_view import UploadsView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations


@pytest.fixture
def row(context: Context, qtbot: QtBot) -> ResidencyRow:
    made = ResidencyRow(context)
    qtbot.addWidget(made)
    made.show_dataset(samples.dataset(1), None)
    return made


def test_what_holds_is_said(row: ResidencyRow) -> None:
    assert row.words.text() == "No rule says where these data may go."
    rule = residency_of("EU, ZA")
    row.show_dataset(samples.dataset(1).model_copy(update={"residency": rule}), rule)
    assert row.words.text() == "These data may go only to: EU, South Africa, this computer."
    row.show_dataset(samples.dataset(1), rule)
    assert "Other rules count too" in row.words.text()


def test_a_rule_is_stated_from_the_menu(row: ResidencyRow, operations: FakeOperations, qtbot: QtBot) -> None:
    row.fill()
    marked = [each.text() for each in row.menu.actions() if each.isChecked()]
    assert marked == ["No rule of its own"]
    next(each for each in row.menu.actions() if "European Union" in each.text()).trigger()
    qtbot.waitUntil(lambda: operations.names() == ["state_residency"])
    assert operations.calls[0][1] == ("dataset-1", "EU, this computer")


def test_places_are_typed_and_a_wrong_one_stays_to_be_mended(
    row: ResidencyRow, operations: FakeOperations, qtbot: QtBot
) -> None:
    row.type_places()
    row.state_typed()
    assert not operations.calls, "nothing was typed"
    operations.answers["state_residency"] = Problem(
        kind=Kind.INPUT, title="The place is not known", what_happened="“Atlantis” is no country."
    )
    row.places.setText("EU, Atlantis")
    row.state_typed()
    qtbot.waitUntil(row.button.isEnabled)
    assert row.problem.isVisibleTo(row)
    assert row.typing.isVisibleTo(row)
    assert row.places.text() == "EU, Atlantis"
    del operations.answers["state_residency"]
    row.places.setText("EU, ZA")
    row.state_typed()
    qtbot.waitUntil(lambda: not row.typing.isVisibleTo(row))
    assert operations.calls[-1][1] == ("dataset-1", "EU, ZA")


def test_it_stands_on_the_page_of_a_dataset(context: Context, library: FakeLibrary, qtbot: QtBot) -> None:
    dataset = samples.dataset(1).model_copy(update={"residency": residency_of("ZA")})
    library.all_datasets = [dataset]
    view = UploadsView(context)
    qtbot.addWidget(view)
    view.show()
    view.reveal(dataset.id)
    qtbot.waitUntil(lambda: "South Africa" in view.detail.residency.words.text())
