"""Adding a service that a file describes, and one of the catalogue whose address nobody published."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.domain.preset import Certainty, Preset, Source
from app.domain.service import HealthState
from app.ui.context import Context
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.views.services.services_view import ServicesView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations


def test_a_service_is_added_with_its_description(
    context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    dialog = AddServiceDialog(context)
    dialog.show()
    dialog.described.click()
    chooser = dialog.findChild(QFileDialog)
    assert chooser is not None
    chooser.fileSelected.emit("ours.yaml")
    chooser.reject()
    assert dialog.described.text() == "Described by ours.yaml"
    dialog.name.setText("Ours")
    dialog.address.setText("https://imputation.example.org")
    with qtbot.waitSignal(dialog.accepted):
        dialog.add_button.click()
    assert operations.calls[0][2]["description"] == Path("ours.yaml")


def test_a_page_whose_address_is_typed_stays_the_one_of_the_catalogue(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    preset = Preset(
        id="gmgd",
        name="GMGD",
        operator="Guizhou",
        country="CN",
        base_url="",
        family="guided",
        setup={"guide": "gmgd"},
        sources={"paper": Source(text="a paper", as_of="2024", certainty=Certainty.B)},
        main_source="paper",
    )
    library.all_presets = [preset]
    dialog = AddServiceDialog(context)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.name.text() == "GMGD")
    dialog.address.setText("https://gmgd.example.org")
    dialog.address.textEdited.emit("https://gmgd.example.org")
    with qtbot.waitSignal(dialog.accepted):
        dialog.add_button.click()
    assert operations.calls[0][2]["preset_id"] == "gmgd"


def test_the_page_of_a_service_says_what_has_to_be_mended(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    service = samples.services()[0].model_copy(update={"preset_id": None, "state": HealthState.UP})
    library.all_services = [service]
    view = ServicesView(context)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.detail.isVisible())
    assert not view.detail.warning.isVisible()
    said = "ours.yaml, line 5: “submit” sends $name nowhere. Its jobs are not watched."
    library.all_services = [service.model_copy(update={"to_mend": said})]
    view.refresh()
    qtbot.waitUntil(lambda: view.detail.warning.isVisible())
    assert view.detail.warning_words.text() == said
    assert "Has to be mended" in view.detail.warning_badge.accessibleName()
