"""Panels of this computer: added with a name, build and map, removed after a question."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.views.panels.panels_view import PanelsView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> PanelsView:
    far = samples.services()
    local = far[0].model_copy(update={"id": "this-computer", "name": "This computer", "family": "local"})
    mine = samples.panels()[0].model_copy(
        update={"service_id": "this-computer", "app_id": "impute", "id": "mine", "name": "Mine"}
    )
    library.all_services = [*far, local]
    library.all_panels = [*samples.panels(), mine]
    made = PanelsView(context)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.known is not None and bool(made.known.services))
    return made


def test_a_panel_is_added(view: PanelsView, operations: FakeOperations, qtbot: QtBot) -> None:
    paths = [Path("EUR.chr20.vcf.gz"), Path("EUR.chr22.vcf.gz")]
    dialog = view.add_local(paths)
    assert dialog.name.text() == "EUR"
    assert all(w.accessibleName() for w in (dialog.name, dialog.build, dialog.map))
    dialog.name.clear()
    assert not dialog.go.isEnabled()
    dialog.name.setText("EUR 2504")
    dialog.build.setCurrentText("GRCh38")
    dialog.take_maps([Path("all.map")])
    assert dialog.map.text() == "all.map"
    dialog.go.click()
    qtbot.waitUntil(lambda: operations.names() == ["add_local_panel"])
    assert operations.calls[0][1] == ("EUR 2504", tuple(paths), "GRCh38", (Path("all.map"),))


def test_the_sites_tell_the_build_by_default(
    view: PanelsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    view.add_local([Path("EUR.vcf.gz")]).go.click()
    qtbot.waitUntil(lambda: operations.names() == ["add_local_panel"])
    assert operations.calls[0][1][2:] == (None, ())


def test_only_panels_of_this_computer_can_be_removed(
    view: PanelsView, context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    assert view.is_local("this-computer/impute/mine")
    assert not view.is_local(samples.panels()[0].key)
    view.remove_local("this-computer/impute/mine")
    box = view.findChild(QMessageBox)
    assert box is not None
    assert operations.calls == []
    next(b for b in box.findChildren(QPushButton) if b.text() == "Remove panel").click()
    qtbot.waitUntil(lambda: operations.names() == ["remove_local_panel"])
    assert operations.calls[0][1] == ("mine",)
