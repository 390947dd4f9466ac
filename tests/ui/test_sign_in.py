"""The dialog for signing in: the browser, the pasted code, refusals, and letting go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.preset import Certainty, Preset, Source
from app.domain.problem import Kind, Problem
from app.domain.service import Service, ServiceFact, TokenInfo
from app.ui.commands import Command
from app.ui.context import Context
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.dialogs.sign_in import SignInDialog
from app.ui.views.new_job.where_column import WhereColumn
from app.ui.views.services.service_detail import ServiceDetail, ServiceFacts, token_status
from app.ui.views.services.services_view import ServicesView
from tests.ui import samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.samples import NOW

PAGE = "https://sign-in.example.org/authorize?state=abc"
TAKEN = Problem(kind=Kind.REFUSED, title="The browser could not come back", what_happened="Port 10444.")


@dataclass
class Opened:
    """A sign-in that has begun."""

    by_pasting: bool = False
    url: str = PAGE


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that the browser was told to open."""
    seen: list[str] = []

    def open_url(url: QUrl) -> bool:
        seen.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return seen


def terra(**more: object) -> Service:
    setup = {"oidc_discovery": "https://sign-in.example.org", "oidc_client_id": "ours"}
    fields: dict[str, object] = {"id": "terra", "name": "Terra", "family": "teaspoons", "setup": setup}
    return samples.services()[0].model_copy(update=fields | more)


def waiting_operations(operations: FakeOperations) -> asyncio.Event:
    """The browser does not come back before the event."""
    came = asyncio.Event()

    async def finish(*_: object) -> Changes:
        operations.calls.append(("finish_sign_in", _, {}))
        await came.wait()
        return Changes()

    operations.finish_sign_in = finish  # type: ignore[attr-defined]
    return came


def test_the_browser(context: Context, operations: FakeOperations, pages: list[str], qtbot: QtBot) -> None:
    dialog = SignInDialog(context, terra())
    operations.answers["begin_sign_in"] = Opened()
    dialog.show()
    assert dialog.client_id.isHidden()
    with qtbot.waitSignal(dialog.accepted):
        dialog.go_button.click()
    assert pages == [PAGE]
    wanted = ["begin_sign_in", "finish_sign_in", "sync_panels"]
    qtbot.waitUntil(lambda: operations.names() == wanted)


def test_closing_it_stops_waiting(
    context: Context, operations: FakeOperations, pages: list[str], qtbot: QtBot
) -> None:
    waiting_operations(operations)
    operations.answers["begin_sign_in"] = Opened()
    dialog = SignInDialog(context, terra())
    dialog.show()
    dialog.go_button.click()
    qtbot.waitUntil(lambda: dialog.copy.isVisible())
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == PAGE
    dialog.go_button.click()
    assert pages == [PAGE, PAGE]
    waiting = dialog._waiting
    assert waiting is not None
    dialog.cancel_button.click()
    assert waiting.finished


def test_a_pasted_code(context: Context, operations: FakeOperations, pages: list[str], qtbot: QtBot) -> None:
    operations.answers["begin_sign_in"] = Opened(by_pasting=True)
    dialog = SignInDialog(context, terra())
    dialog.show()
    dialog.paste.click()
    qtbot.waitUntil(lambda: dialog.code.isVisible())
    assert pages == [PAGE]
    assert not dialog.go_button.isEnabled()
    dialog.code.box.setText(" co\nde ")
    with qtbot.waitSignal(dialog.accepted):
        dialog.go_button.click()
    assert operations.calls[0][2]["paste"] is True
    pasted = next(args for name, args, _ in operations.calls if name == "finish_sign_in")[1]
    assert pasted.get_secret_value() == "code"


def test_a_refusal_can_be_tried_again(
    context: Context, operations: FakeOperations, pages: list[str], qtbot: QtBot
) -> None:
    operations.answers["begin_sign_in"] = TAKEN
    dialog = SignInDialog(context, terra())
    dialog.show()
    dialog.go_button.click()
    qtbot.waitUntil(lambda: dialog.problem.isVisible())
    assert pages == []
    assert dialog.go_button.isEnabled()
    operations.answers["begin_sign_in"] = Opened()
    with qtbot.waitSignal(dialog.accepted):
        dialog.go_button.click()


def test_a_client_id_that_nobody_told(context: Context, operations: FakeOperations, qtbot: QtBot) -> None:
    dialog = SignInDialog(context, terra(setup={"oidc_discovery": "https://sign-in.example.org"}))
    dialog.show()
    assert not dialog.go_button.isEnabled()
    assert not dialog.paste.isEnabled()
    dialog.client_id.setText(" ours ")
    operations.answers["begin_sign_in"] = TAKEN
    dialog.go_button.click()
    qtbot.waitUntil(lambda: bool(operations.calls))
    assert operations.calls[0][2]["client_id"] == "ours"
    qtbot.waitUntil(lambda: dialog.problem.isVisible())
    assert not dialog.client_id.isHidden()
    dialog._show_paste()
    assert dialog.client_id.isHidden()  # the page is open: another one would change nothing
    dialog.code.box.setText("code")
    assert "keyring" not in dialog.code.note.text()
    dialog.reject()


def test_which_dialog_fits(context: Context, qtbot: QtBot) -> None:
    view = ServicesView(context)
    qtbot.addWidget(view)
    first = view.open_set_token(terra())
    second = view.open_set_token(samples.services()[0])
    assert (type(first), type(second)) == (SignInDialog, SetTokenDialog)
    first.reject()
    second.reject()


def test_the_page_of_the_service(context: Context, qtbot: QtBot) -> None:
    view = ServicesView(context)
    qtbot.addWidget(view)
    detail = view.detail
    fact = ServiceFact(label="Quota of array_imputation", value="600 of 2,500 samples used")
    detail.show_facts(ServiceFacts(terra(facts=(fact,), token=TokenInfo()), (), (), 1))
    assert detail.token_button.text() == "Sign in…"
    assert "600 of 2,500" in " ".join(w for w in words_of(detail))
    for token, word in (
        (TokenInfo(), "Not signed in"),
        (TokenInfo(present=True, valid=False), "Sign in again"),
        (TokenInfo(present=True, valid=True), "Signed in"),
    ):
        assert token_status(detail, terra(token=token), NOW).word == word
    detail.show_facts(ServiceFacts(samples.services()[0], (), (), 1))
    assert detail.token_button.text() == "Set token…"


def words_of(detail: ServiceDetail) -> list[str]:
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in detail.health.findChildren(QLabel)]


def test_the_quota_on_the_page_of_a_new_job(context: Context, qtbot: QtBot) -> None:
    facts = (
        ServiceFact(label="Version", value="7"),
        ServiceFact(label="Quota of array_imputation", value="600 of 2,500 samples used"),
    )
    column = WhereColumn(context, lambda: None, lambda: None)
    qtbot.addWidget(column)
    column.show_services((terra(facts=facts), samples.services()[1]), (), ("terra", "", ""))
    assert column.quota.text() == "Quota of array_imputation: 600 of 2,500 samples used"
    column.show_services((terra(facts=facts), samples.services()[1]), (), ("topmed", "", ""))
    assert column.quota.isHidden()
    assert isinstance(column.add, QPushButton)


def test_cautions_of_a_new_job_are_shown(context: Context, qtbot: QtBot) -> None:
    column = WhereColumn(context, lambda: None, lambda: None)
    qtbot.addWidget(column)
    told = Problem(kind=Kind.REFUSED, title="More is charged than is sent", what_happened="At least 500")
    column.show_cautions((told,))
    assert column.cautions.lines == ("More is charged than is sent. At least 500.",)
    column.show_cautions(())
    assert column.cautions.isHidden()


def test_a_service_is_added_and_then_signed_in_to(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    """There is no token to paste; the way to the page for signing in opens when the service is added."""
    library.all_presets = [
        Preset(
            id="terra",
            name="Terra",
            operator="Broad",
            country="US",
            base_url="https://terra.example.org",
            family="teaspoons",
            setup={"oidc_discovery": "https://sign-in.example.org"},
            sources={"docs": Source(text="s", as_of="2026", certainty=Certainty.A)},
            main_source="docs",
        )
    ]
    asked: list[tuple[str, ...]] = []
    context.commands.add(
        Command("service.set_token", "Set token…", "key", lambda ids: asked.append(tuple(ids)))
    )
    operations.answers["add_service"] = Changes.of(Noun.SERVICE, "terra")
    dialog = AddServiceDialog(context)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.name.text() == "Terra")
    assert dialog.token.isHidden()
    with qtbot.waitSignal(dialog.accepted):
        dialog.add_button.click()
    assert asked == [("terra",)]
