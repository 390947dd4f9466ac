"""`panels sites …`: what the commands do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.find import find_service, pick_panel
from app.domain.changes import Noun
from app.domain.panel_sites import PanelSiteList
from app.domain.problem import Kind, problem
from app.operations.desk import Desk
from app.operations.panel_sites import (
    add_panel_sites,
    bind_panel_sites,
    list_panel_sites,
    remove_panel_sites,
    verify_panel_sites,
)
from app.store import services

HEADS = ("id", "name", "build", "sites", "chromosomes", "frequency", "panels", "problem")


def add(
    session: Session, files: Sequence[Path], name: str, build: str, panels: Sequence[str], population: str
) -> None:
    """Read the files into a list and tell what is in it."""

    async def work(desk: Desk) -> PanelSiteList:
        keys = await _keys(desk, panels)
        changes = await add_panel_sites(desk, tuple(files), name, build, keys, population)
        return await _one(desk, changes.ids(Noun.PANEL_SITES)[0])

    _answer(session, with_desk(session, work))


def list_sites(session: Session) -> None:
    """All lists."""
    found = with_desk(session, list_panel_sites)
    rows = [
        (
            each.id,
            each.name,
            each.build,
            each.sites,
            " ".join(each.chromosomes),
            each.frequency,
            " ".join(each.panel_keys),
            each.problem,
        )
        for each in found
    ]
    lines = table(HEADS, rows, "No site lists yet. Add one by 'panels sites add'.")
    session.out.answer({"lists": [site_list_row(each) for each in found]}, lines)


def bind(session: Session, list_id: str, panels: Sequence[str]) -> None:
    """Bind a list to panels."""

    async def work(desk: Desk) -> PanelSiteList:
        await bind_panel_sites(desk, list_id, await _keys(desk, panels))
        return await _one(desk, list_id)

    _answer(session, with_desk(session, work))


def verify(session: Session, list_id: str) -> None:
    """Compare a list with its checksums."""

    async def work(desk: Desk) -> tuple[str, ...]:
        return await verify_panel_sites(desk, list_id)

    damaged = with_desk(session, work)
    said = f"{len(damaged)} parts differ: {', '.join(damaged[:5])}" if damaged else "All parts are whole."
    session.out.answer({"id": list_id, "whole": not damaged, "damaged": list(damaged)}, [said])
    if damaged:
        raise typer.Exit(1)


def remove(session: Session, list_id: str) -> None:
    """Remove a list."""

    async def work(desk: Desk) -> None:
        await remove_panel_sites(desk, list_id)

    with_desk(session, work)
    session.out.answer({"removed": [list_id]}, [f"Removed {list_id}."])


async def _one(desk: Desk, list_id: str) -> PanelSiteList:
    return next(each for each in await list_panel_sites(desk) if each.id == list_id)


async def _keys(desk: Desk, named: Sequence[str]) -> tuple[str, ...]:
    """The keys of panels named by key or as SERVICE/PANEL."""
    known = await desk.store.read(services.panels)
    keys = {panel.key for panel in known}
    return tuple([each if each in keys else await _key(desk, each) for each in named])


async def _key(desk: Desk, named: str) -> str:
    service_name, _, panel_name = named.partition("/")
    if not panel_name:
        raise problem(
            Kind.INPUT,
            "Which service's panel?",
            f"'{named}' does not name a service.",
            "Write SERVICE/PANEL, with the id that 'panels list' prints.",
            subject=named,
        )
    service = await find_service(desk, service_name)
    offered = await desk.store.read(lambda c: services.panels(c, service.id))
    if not offered:
        raise problem(
            Kind.NOT_FOUND,
            "The service has no panels here",
            f"The panels of {service.name} were not read yet, or it tells none: a list cannot be of any.",
            "Read them by 'panels sync'. A list may be kept without a panel until then.",
            subject=named,
        )
    return pick_panel(offered, service, panel_name).key


def _answer(session: Session, found: PanelSiteList) -> None:
    lines = pairs(
        [
            ("id", found.id),
            ("name", found.name),
            ("build", found.build),
            ("sites", found.sites),
            ("chromosomes", " ".join(found.chromosomes)),
            ("left out", f"{found.skipped:,} rows on no human chromosome" if found.skipped else ""),
            ("frequency", found.frequency),
            ("rs numbers", found.has_rs),
            ("MB", found.size / 1e6),
            ("panels", " ".join(found.panel_keys)),
        ]
    )
    session.out.answer({"list": site_list_row(found)}, lines)


def site_list_row(found: PanelSiteList) -> dict[str, object]:
    """A list as the command line writes it."""
    names = ("id", "name", "build", "sites", "skipped", "chromosomes", "has_frequency", "has_rs", "frequency")
    return {name: getattr(found, name) for name in (*names, "source", "size", "added", "problem")} | {
        "panels": list(found.panel_keys)
    }
