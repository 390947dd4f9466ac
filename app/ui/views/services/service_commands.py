"""What can be done with services, in every menu over them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from app.domain.service import Service
from app.ui.commands import Command, Ids, one, some
from app.ui.dialogs.confirm import confirm
from app.ui.text import plural

if TYPE_CHECKING:
    from app.ui.views.services.services_view import ServicesView


def service_commands(view: ServicesView) -> Iterator[Command]:
    """All of them."""
    yield from _looking(view)
    yield from _token(view)
    yield from _state(view)
    yield from _page(view)


def _looking(view: ServicesView) -> Iterator[Command]:
    operations = view.context.operations
    yield Command(
        "service.check",
        view.tr("Look now"),
        "refresh",
        lambda ids: view.do(operations.check_services(ids)),
        noun="service",
        enabled=some,
        group="look",
    )
    yield Command(
        "service.sync",
        view.tr("Read panels"),
        "panels",
        lambda ids: view.do(operations.sync_panels(ids)),
        noun="service",
        enabled=some,
        group="look",
    )


def _token(view: ServicesView) -> Iterator[Command]:
    yield Command(
        "service.set_token",
        view.tr("Set token…"),
        "key",
        lambda ids: view.with_service(ids[0], view.open_set_token),
        noun="service",
        enabled=one,
        group="token",
    )
    yield Command(
        "service.setup",
        view.tr("How it works…"),
        "settings",
        lambda ids: view.with_service(ids[0], view.open_setup),
        noun="service",
        enabled=one,
        group="token",
    )
    yield Command(
        "service.country",
        view.tr("State the country…"),
        "globe",
        lambda ids: view.with_service(ids[0], view.open_country),
        noun="service",
        enabled=one,
        group="token",
    )
    yield Command(
        "service.remove_token",
        view.tr("Remove token"),
        "lock",
        lambda ids: view.do(view.context.operations.remove_token(ids[0])),
        noun="service",
        enabled=one,
        group="token",
    )


def _state(view: ServicesView) -> Iterator[Command]:
    for command_id, words, icon, enabled in (
        ("service.on", view.tr("Switch on"), "power", True),
        ("service.off", view.tr("Switch off"), "off", False),
    ):
        handler = partial(_enable, view, enabled=enabled)
        yield Command(command_id, words, icon, handler, noun="service", enabled=some, group="state")


def _page(view: ServicesView) -> Iterator[Command]:
    yield Command(
        "service.open",
        view.tr("Open its page"),
        "link",
        lambda ids: view.with_service(ids[0], partial(_open_page, view)),
        noun="service",
        enabled=one,
        group="page",
    )
    yield Command(
        "service.remove",
        view.tr("Remove…"),
        "remove",
        lambda ids: _remove(view, ids),
        noun="service",
        enabled=some,
        group="remove",
    )


def _enable(view: ServicesView, ids: Ids, enabled: bool) -> None:
    for each in ids:
        view.do(view.context.operations.enable_service(each, enabled))


def _open_page(view: ServicesView, service: Service) -> None:
    """Open it in the browser; this computer has none, and that is said."""
    if service.is_here:
        words = view.tr("This computer has no page of its own; its jobs are in the list of jobs.")
        view.context.notices.say(service.name, words)
        return
    QDesktopServices.openUrl(QUrl(service.base_url))


def _remove(view: ServicesView, ids: Ids) -> None:
    n = len(ids)

    def remove() -> None:
        for each in ids:
            view.do(view.context.operations.remove_service(each))

    confirm(
        view,
        plural(view.tr("Remove %Ln service(s)?", "", n), n),
        view.tr("Its token, its panels and its history on this computer are lost. Fetched results stay."),
        plural(view.tr("Remove %Ln service(s)", "", n), n),
        remove,
    )
