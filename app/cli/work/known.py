"""The service and panel that a check names, read from the database without the keyring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.work.find import pick_panel, pick_service
from app.domain.problem import Kind, problem
from app.domain.service import Service
from app.store import services
from app.store.store import Store

if TYPE_CHECKING:
    from app.cli.work.check import Target
    from app.domain.panel import Panel


def known_target(database: Path, target: Target) -> Service:
    """The service; ProblemError when it, its panel or the population is not known."""
    if not database.exists():
        return pick_service((), target.service)
    with Store.open(database) as store:
        service = pick_service(store.read_now(services.services), target.service)
        panels = store.read_now(lambda c: services.panels(c, service.id))
    if target.panel:
        _refuse_unknown(pick_panel(panels, service, target.panel), target.population)
    return service


def _refuse_unknown(panel: Panel, population: str) -> None:
    offered = [p.id for p in panel.populations]
    if population and offered and population not in offered:
        raise problem(
            Kind.NOT_FOUND,
            "No such population",
            f"{panel.name} has no population '{population}'.",
            f"Choose one of: {', '.join(offered)}.",
            subject=population,
        )
