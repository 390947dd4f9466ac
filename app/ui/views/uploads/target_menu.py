"""A menu of services and panels: what to make a dataset ready for, what to predict, what a file is from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.panel import Panel, Population
from app.domain.service import Service

FLAT = 8


@dataclass(frozen=True)
class Target:
    """A service and one of its panels; neither: any service. `panel_key` is the panel's `Panel.key`.

    `populations` are those that may be chosen for the panel, `population` the chosen one's id, empty: none.
    """

    service_id: str | None = None
    panel_id: str | None = None
    words: str = ""
    panel_key: str = ""
    population: str = ""
    populations: tuple[Population, ...] = ()

    def of(self, population: str) -> Target:
        """The same for one of the populations; an id that is not known is kept."""
        name = next((p.name for p in self.populations if p.id == population), population)
        words = f"{self.words} · {name}" if name else self.words
        return replace(self, population=population, populations=(), words=words)

    def each(self) -> tuple[Target, ...]:
        """One for each population, the last for none of them; itself where there is nothing to choose."""
        if len(self.populations) < 2:
            return (self.of(self.populations[0].id) if self.populations else self,)
        return (*(self.of(p.id) for p in self.populations), self.of(""))


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
        found += [Target(service.id, p.id, _words(service, p), p.key, "", p.populations) for p in mine]
        if not mine:
            found.append(Target(service.id, None, service.name))
    return tuple(found)


def _words(service: Service, panel: Panel) -> str:
    return f"{service.name} · {panel.name}"


def target_of(
    service_id: str | None,
    panel_id: str | None,
    services: Sequence[Service],
    panels: Sequence[Panel],
    population: str = "",
) -> Target:
    """A target by its ids, with its words."""
    names = {s.id: s.name for s in services}
    for each in targets(services, panels):
        if (each.service_id, each.panel_id) == (service_id, panel_id):
            return each.of(population)
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
            _add(menu, each, each.words, chosen)
        return
    for service in services:
        mine = [t for t in wanted if t.service_id == service.id]
        if len(mine) == 1:
            _add(menu, mine[0], mine[0].words, chosen)
        elif mine:
            sub = menu.addMenu(service.name)
            for each in mine:
                _add(sub, each, each.words.removeprefix(f"{service.name} · "), chosen)
    for each in wanted:
        if each.service_id is None:
            _add(menu, each, each.words, chosen)


def _add(menu: QMenu, target: Target, words: str, chosen: Callable[[Target], object]) -> None:
    """A line, or a menu of the populations of a panel."""
    wanted = target.each()
    if len(wanted) == 1:
        menu.addAction(words, partial(chosen, wanted[0]))
        return
    _add_populations(menu.addMenu(words), target, chosen)


def _add_populations(menu: QMenu, target: Target, chosen: Callable[[Target], object]) -> None:
    for population, each in zip((*target.populations, None), target.each(), strict=True):
        if population is None:
            menu.addSeparator()
        words = population.name if population is not None else _t("Population not stated")
        menu.addAction(words, partial(chosen, each))


def ask_target(
    parent: QWidget,
    wanted: Sequence[Target],
    services: Sequence[Service],
    chosen: Callable[[Target], object],
) -> QMenu | None:
    """One without a choice of populations: chosen at once; else a menu at the pointer."""
    only = wanted[0].each() if len(wanted) == 1 else ()
    if len(only) == 1:
        chosen(only[0])
        return None
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if only:
        _add_populations(menu, wanted[0], chosen)
    else:
        fill_targets(menu, wanted, services, chosen)
    menu.popup(QCursor.pos())
    return menu
