"""The page of a service: where it keeps data, stating it, and what the catalogue says."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.domain.preset import Certainty, Preset, Source
from app.domain.problem import Kind, Problem
from app.domain.service import Limits
from app.ui.context import Context
from app.ui.dialogs.state_country import StateCountryDialog
from app.ui.views.services.services_view import ServicesView
from app.ui.widgets.basics import KeyValues, Text
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations

NO_COUNTRY = Problem(kind=Kind.INPUT, title="This is no country", what_happened="“X” is none.")


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> ServicesView:
    service = samples.services()[0].model_copy(update={"country": "", "preset_id": "michigan"})
    library.all_services = [service]
    library.all_presets = [
        Preset(
            id="michigan",
            name="Michigan",
            operator="UM",
            country="US",
            base_url="https://m.example",
            family="cloudgene",
            limits=Limits(max_samples=110_000, retention_days=7),
            sources={"docs": Source(text="docs", as_of="2026-01", certainty=Certainty.A)},
            main_source="docs",
        )
    ]
    made = ServicesView(context)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.detail.isVisible())
    return made


def test_an_unknown_country_can_be_stated(
    view: ServicesView, operations: FakeOperations, library: FakeLibrary, qtbot: QtBot
) -> None:
    assert "is not known" in view.detail.country.text()
    view.detail.state_country.click()
    dialog = view.detail.findChild(StateCountryDialog)
    assert dialog is not None
    assert not dialog.state_button.isEnabled()
    dialog.places.setText("X")
    operations.answers["state_country"] = NO_COUNTRY
    dialog.state_button.click()
    qtbot.waitUntil(lambda: dialog.problem.isVisible())
    del operations.answers["state_country"]
    dialog.places.setText("US")
    with qtbot.waitSignal(dialog.accepted):
        dialog.state_button.click()
    assert operations.calls[-1][1] == ("michigan", "US")
    library.all_services = [library.all_services[0].model_copy(update={"jurisdictions": ("US", "GB")})]
    view.refresh()
    qtbot.waitUntil(lambda: view.detail.country.text() == "United States, United Kingdom")
    assert not view.detail.state_country.isVisibleTo(view)


def test_the_catalogue_stands_beside_what_the_service_says(view: ServicesView) -> None:
    said = [label.text() for label in view.detail.catalogue.findChildren(Text)]
    assert "7 days\ndocs (2026-01), from the operator, at most a year old" in said
    both = "The service says 50,000; the catalogue says 110,000\n"
    assert any(each.startswith(both) for each in said)


def test_what_a_family_cannot_do_is_told_with_the_reason(
    view: ServicesView, library: FakeLibrary, qtbot: QtBot
) -> None:
    """Nothing fails later; a new ability without words of its own is told by its name."""
    assert said(view.detail.cannot) == ["", "Nothing that another service can."]
    library.reasons = {
        "michigan": {
            "token": "It needs none.",
            "walks": "No legs.",
            "cancel": "It runs.",
            "panels": "No.",
        }
    }
    view.refresh()
    qtbot.waitUntil(lambda: len(said(view.detail.cannot)) > 2)
    told = said(view.detail.cannot)
    assert told == ["Tell its panels", "No.", "Stop a job", "It runs.", "Walks", "No legs."]
    assert not view.detail.token_button.isEnabled()
    assert view.detail.token_button.toolTip() == "It needs none."
    assert "It needs none." in said(view.detail.token)


def said(pairs: KeyValues) -> list[str]:
    return [label.text() for label in pairs.findChildren(QLabel)]


def test_a_service_that_an_institution_hides_says_why_it_takes_no_new_jobs(
    view: ServicesView, library: FakeLibrary, qtbot: QtBot
) -> None:
    service = library.all_services[0]
    assert not view.detail.warning.isVisible()
    why = "The catalogue of Us hides it. Its running jobs go on."
    library.all_stops[service.id] = Problem(kind=Kind.REFUSED, title="No new jobs", what_happened=why)
    view.refresh()
    qtbot.waitUntil(lambda: view.detail.warning.isVisible())
    assert "hides it" in view.detail.warning_words.text()
    assert "Takes no new jobs" in view.detail.warning_badge.accessibleName()
