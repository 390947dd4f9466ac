"""What a person says of a service, in the window."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.domain.problem import Kind, Problem
from app.domain.service import Service
from app.services.wes.settings import SETUP_FIELDS
from app.ui.context import Context
from app.ui.dialogs.service_setup import ServiceSetupDialog
from tests.ui.fakes import FakeOperations
from tests.ui.samples import NOW


def test_fields_are_filled_and_saved(context: Context, operations: FakeOperations, qtbot: QtBot) -> None:
    service = Service(
        id="node",
        name="Node",
        family="wes",
        base_url="https://node.example",
        added=NOW,
        setup={"paths": "/srv=/mnt", "signed_results": "yes"},
    )
    dialog = ServiceSetupDialog(context, service, SETUP_FIELDS)
    dialog.show()
    assert dialog.values() == {
        "auth": "",
        "paths": "/srv=/mnt",
        "signed_results": "yes",
        "storage": "",
        "storage_read": "",
        "storage_region": "",
        "storage_country": "",
        "crypt4gh_key": "",
        "plain_http_hosts": "",
        "workflows": "",
    }
    operations.answers["change_setup"] = Problem(kind=Kind.INPUT, title="Not so", what_happened="No.")
    dialog.save_button.click()
    qtbot.waitUntil(lambda: dialog.problem.title.text() == "Not so")
    operations.answers.clear()
    with qtbot.waitSignal(dialog.accepted):
        dialog.save_button.click()
    assert [name for name, _, _ in operations.calls] == ["change_setup", "change_setup"]
    assert operations.calls[-1][1][0] == "node"


def test_a_secret_is_typed_taken_back_or_left_and_never_shown(context: Context, qtbot: QtBot) -> None:
    service = Service(
        id="node",
        name="Node",
        family="wes",
        base_url="https://node.example",
        added=NOW,
        secret_setup=("storage_secret",),
    )
    dialog = ServiceSetupDialog(context, service, SETUP_FIELDS)
    dialog.show()
    line = dialog.fields["storage_secret"]
    assert isinstance(line, QLineEdit)
    assert line.echoMode() is QLineEdit.EchoMode.Password
    assert "keyring" in line.placeholderText()
    assert "storage_secret" not in dialog.values()
    line.setText("sig=new")
    assert dialog.values()["storage_secret"] == "sig=new"
    (forget,) = line.actions()
    forget.trigger()
    assert dialog.values()["storage_secret"] == ""
    dialog.reject()


def test_on_a_small_screen_the_buttons_stay_in_sight(context: Context, qtbot: QtBot) -> None:
    service = Service(id="node", name="Node", family="wes", base_url="https://node.example", added=NOW)
    dialog = ServiceSetupDialog(context, service, SETUP_FIELDS)
    dialog.show()
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.height() <= dialog.screen().availableGeometry().height()
    inner = dialog.area.widget()
    assert inner is not None
    assert set(dialog.fields) == {each.id for each in SETUP_FIELDS}
    assert all(inner.isAncestorOf(each) for each in dialog.fields.values())
    assert not inner.isAncestorOf(dialog.save_button)
    dialog.reject()
