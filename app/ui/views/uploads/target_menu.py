"""A menu of services and panels: what to make a dataset ready for, what to predict, what a file is from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.panel import Panel
from app.domain.service import Service

FLAT = 8


@dataclass(frozen=True)
class Target:
    """A service and one of its panels; neither: any service. `panel_key` is the panel's `Panel.key`."""

    service_id: str | None = None
    panel_id: str | None = None
    words: str = ""
    panel_key: str = ""


def _t(words: str) -> str:
    return QCoreApplication.translate("Targets", words)


def any_service() -> Target:
    """What every service wants."""
    return Target(words=_t("any service"))


def targets(services: Sequence[Service], panels: Sequence[Panel]) -> tuple[Target, ...]:
    """Every panel of every service; a service without known panels stands alone."""
    found = []
    for service in services:
        mine = [p for p in panels if p.service_id == service.id]
        found += [Target(service.id, p.id, f"{service.name} · {p.name}", p.key) for p in mine]
        if not mine:
            found.append(Target(service.id, None, service.name))
    return tuple(found)


def target_of(
    service_id: str | None, panel_id: str | None, services: Sequence[Service], panels: Sequence[Panel]
) -> Target:
    """A target by its ids, with its words."""
    names = {s.id: s.name for s in services}
    for each in targets(services, panels):
        if (each.service_id, each.panel_id) == (service_id, panel_id):
            return each
    if service_id is None:
        return any_service()
    return Target(service_id, panel_id, names.get(service_id, service_id))


def fill_targets(
    menu: QMenu, wanted: Sequence[Target], services: Sequence[Service], chosen: Callable[[Target], object]
) -> None:
    """Flat when there are few; otherwise a menu a service."""
    menu.clear()
    if len(wanted) <= FLAT:
        for each in wanted:
            menu.addAction(each.words, partial(chosen, each))
        return
    for service in services:
        mine = [t for t in wanted if t.service_id == service.id]
        if len(mine) == 1:
            menu.addAction(mine[0].words, partial(chosen, mine[0]))
        elif mine:
            sub = menu.addMenu(service.name)
            for each in mine:
                sub.addAction(each.words.removeprefix(f"{service.name} · "), partial(chosen, each))
    for each in wanted:
        if each.service_id is None:
            menu.addAction(each.words, partial(chosen, each))


def ask_target(
    parent: QWidget,
    wanted: Sequence[Target],
    services: Sequence[Service],
    chosen: Callable[[Target], object],
) -> QMenu | None:
    """One: chosen at once; several: a menu at the pointer."""
    if len(wanted) == 1:
        chosen(wanted[0])
        return None
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    fill_targets(menu, wanted, services, chosen)
    menu.popup(QCursor.pos())
    return menu
