"""`panels add-local` and `remove-local`, and the runner of local jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.check import readable
from app.cli.work.desk import with_desk
from app.cli.work.packed_panel import counted
from app.cli.work.panels import HEADS
from app.cli.work.shapes import panel_row
from app.domain.panel import Panel
from app.operations.desk import Desk
from app.operations.local_panels import (
    add_local_panel,
    local_panel,
    remove_local_panel,
    this_computer,
)
from app.store import services


def add(session: Session, name: str, files: Sequence[Path], build: str | None, maps: Sequence[Path]) -> None:
    """Take a panel in and show what this computer offers now."""
    sources, charts = readable(tuple(files)), readable(tuple(maps)) if maps else ()

    async def work(desk: Desk) -> tuple[Panel, ...]:
        session.out.note(f"Reading {len(sources)} files; each genotype is looked at once.")
        await add_local_panel(desk, name, tuple(sources), build, tuple(charts))
        if (made := await local_panel(desk, name)) is not None:
            for line in counted(made.several_alts, made.duplicates, made.without_alt):
                session.out.note(line + ".")
        return await _offered(desk)

    _answer(session, with_desk(session, work))


def remove(session: Session, panel_id: str) -> None:
    """Remove a panel's files."""

    async def work(desk: Desk) -> tuple[Panel, ...]:
        await remove_local_panel(desk, panel_id)
        return await _offered(desk)

    _answer(session, with_desk(session, work))


async def _offered(desk: Desk) -> tuple[Panel, ...]:
    service = await this_computer(desk)
    if service is None:
        return ()
    return await desk.store.read(lambda c: services.panels(c, service.id))


def _answer(session: Session, found: Sequence[Panel]) -> None:
    rows = [(p.service_id, p.id, p.name, p.build, "", p.samples, p.as_of) for p in found]
    lines = table(HEADS, rows, "This computer has no panels.")
    session.out.answer({"panels": [panel_row(p) for p in found]}, lines)


def run_jobs(session: Session) -> None:
    """Work on the queue of this computer until it is empty."""
    from app.operations.local_runner import run_local_jobs

    done = with_desk(session, run_local_jobs)
    session.out.answer({"done": done}, [f"{done} jobs done."])
