"""Panels of this computer: add one, remove one; and the service that offers them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES
from app.domain.names import new_id
from app.domain.problem import Kind, problem
from app.domain.service import Service
from app.operations.add_dataset import data_files
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.local_host import tools_of
from app.operations.local_panel_files import chromosomes_of, panels_disk, take_local_panel
from app.operations.residency import keep_rule, rule_for
from app.operations.result_rule import files_of_panel
from app.operations.rule_files import tighten_rule
from app.operations.sync_panels import sync_panels
from app.operations.tasks import TaskKind
from app.services.catalogue import preset
from app.services.local.layout import NEW, PANEL, LocalPanel, panels_folder, read_panels, write_record
from app.store import jobs, services

PRESET = "this-computer"
LOCK = "local-panels"
_HALF_TAKEN = NEW + "*"


async def this_computer(desk: Desk) -> Service | None:
    """The service that stands for this computer, None while it is not in the list."""
    known = await desk.store.read(services.services)
    return next((each for each in known if each.family == "local"), None)


async def add_this_computer(desk: Desk) -> Changes:
    """Have this computer in the list of services."""
    if await this_computer(desk) is not None:
        return Changes()
    known = preset(PRESET)
    assert known is not None
    changes = await add_service(desk, known.name, preset_id=PRESET)
    return changes | await sync_panels(desk, changes.ids(Noun.SERVICE))


async def local_panel(desk: Desk, name: str) -> LocalPanel | None:
    """The panel of this computer with a name, None when there is none."""
    known = await asyncio.to_thread(read_panels, desk.home / "local")
    return next((each for each in known if each.name.casefold() == name.strip().casefold()), None)


async def add_local_panel(
    desk: Desk, name: str, files: Sequence[Path], build: str | None = None, maps: Sequence[Path] = ()
) -> Changes:
    """Take a panel in: VCF or BCF files, one for each chromosome, with genetic maps if there are any.

    The files are read, checked, and kept in the forms that the engines want; they are not needed any more
    then. Raises ProblemError for a panel that cannot be used; nothing is kept of it.
    """
    if not name.strip() or not files:
        raise problem(Kind.INPUT, "Nothing to add", "A panel needs a name and at least one file.")
    async with desk.only_one(LOCK) as mine:
        if not mine:
            raise problem(
                Kind.BUSY,
                "Another panel is being added",
                "Panels are taken in one at a time.",
                "Wait for it.",
            )
        await _take_in(desk, name.strip(), tuple(files), tuple(maps), build)
    return await add_this_computer(desk) | await _synced(desk)


async def _take_in(
    desk: Desk, name: str, files: tuple[Path, ...], maps: tuple[Path, ...], build: str | None
) -> None:
    from app.genotypes.worker import run_in_process

    folder = panels_folder(desk.home / "local")
    known = await asyncio.to_thread(read_panels, folder.parent)
    _refuse_twin(known, name)
    panel_id = _panel_id(name, {each.id for each in known})
    tools = tools_of((await desk.settings()).local)
    draft = folder / f"{NEW}{panel_id}"
    with panels_disk(folder):
        await asyncio.to_thread(_empty, draft)
    sources = await asyncio.to_thread(data_files, files)
    rule = await rule_for(desk, None, sources)
    await asyncio.to_thread(tighten_rule, rule, draft)
    try:
        with desk.tasks.running_task(TaskKind.SITES, f"Adding the panel {name}") as task:
            facts = await run_in_process(
                take_local_panel, files, maps, draft, build, tools, report=task.report
            )
        panel = LocalPanel(
            id=panel_id,
            name=name,
            build=facts.build,
            samples=facts.samples,
            variants=facts.sites,
            chromosomes=chromosomes_of(facts),
            added=desk.clock.now(),
            several_alts=facts.several_alts,
            duplicates=facts.duplicates,
            without_alt=facts.without_alt,
        )
        with panels_disk(folder):
            await asyncio.to_thread(_publish, draft, folder / panel_id, panel)
        made = await asyncio.to_thread(files_of_panel, desk.home, panel_id)
        await keep_rule(desk, rule, made, sources)
    finally:
        await asyncio.to_thread(shutil.rmtree, draft, True)


def _refuse_twin(known: Sequence[LocalPanel], name: str) -> None:
    for each in known:
        if each.name.casefold() == name.strip().casefold():
            raise problem(
                Kind.INPUT,
                "There is a panel of that name",
                f"{each.name} has {each.variants:,} sites of {each.samples:,} people.",
                "Give the new one another name, or remove the old one first.",
                subject=each.name,
            )


def _panel_id(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or new_id("panel")
    unique, number = base, 2
    while unique in taken:
        unique, number = f"{base}-{number}", number + 1
    return unique


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _publish(draft: Path, folder: Path, panel: LocalPanel) -> None:
    write_record(draft / PANEL, panel)
    os.replace(draft, folder)


async def _synced(desk: Desk) -> Changes:
    service = await this_computer(desk)
    return await sync_panels(desk, (service.id,)) if service is not None else Changes()


async def remove_local_panel(desk: Desk, panel_id: str) -> Changes:
    """Remove a panel's files. Refused while a job needs it."""
    folder = panels_folder(desk.home / "local")
    known = await asyncio.to_thread(read_panels, folder.parent)
    panel = next((each for each in known if each.id == panel_id), None)
    if panel is None:
        names = ", ".join(each.id for each in known) or "none"
        raise problem(
            Kind.NOT_FOUND, "No such panel", f"There is no panel “{panel_id}”.", f"There are: {names}."
        )
    service = await this_computer(desk)
    if service is not None:
        open_jobs = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES)))
        using = [j.name for j in open_jobs if j.service_id == service.id and j.panel_id == panel_id]
        if using:
            raise problem(
                Kind.REFUSED,
                "The panel is in use",
                f"{using[0]} needs {panel.name}.",
                "Cancel the job, or wait until it is done.",
                subject=panel.name,
            )
    with panels_disk(folder):
        await asyncio.to_thread(_remove, folder, panel_id)
    return desk.announce(await _synced(desk))


def _remove(folder: Path, panel_id: str) -> None:
    """Out of the list first, so that a removal that is cut short leaves no half panel."""
    gone = folder / f"{NEW}gone-{panel_id}"
    os.replace(folder / panel_id, gone)
    shutil.rmtree(gone)


async def tidy_local_panels(desk: Desk) -> Changes:
    """Remove what half-taken panels and cut removals left; nothing of the sort may be going on elsewhere."""
    async with desk.only_one(LOCK) as mine:
        if mine:
            for each in panels_folder(desk.home / "local").glob(_HALF_TAKEN):
                await asyncio.to_thread(shutil.rmtree, each, True)
    return Changes()
