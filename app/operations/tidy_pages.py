"""Removes what a killed program left of jobs at web pages that it was preparing."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path

from app.genotypes.repair.staging import HIDDEN
from app.operations.desk import Desk
from app.services.guided.layout import drop_unfinished
from app.store import jobs

DEAD_AFTER_S = 600.0


async def tidy_pages(desk: Desk) -> int:
    """Half-made records and half-written files; those of a job that is prepared right now stay.

    Files are written into a hidden folder inside that of the job, which is empty otherwise until all are
    whole: so such a folder with nothing beside it was left by a kill.
    """
    if any(each.job_id for each in desk.tasks.running()):
        return 0
    before = desk.clock.now().timestamp() - DEAD_AFTER_S
    known = await desk.store.read(lambda c: jobs.jobs(c))
    folders = {Path(str(job.options.get("folder") or "")) for job in known if job.options.get("folder")}
    folders.add(desk.home.with_name(f"{desk.home.name} uploads"))
    return await asyncio.to_thread(_clear, desk.home / "by-hand", folders, before)


def _clear(records: Path, folders: set[Path], before: float) -> int:
    number = 0
    with contextlib.suppress(OSError):
        number += drop_unfinished(records, before)
    for folder in folders:
        with contextlib.suppress(OSError):
            number += sum(_drop(each, before) for each in folder.expanduser().iterdir() if each.is_dir())
    return number


def _drop(folder: Path, before: float) -> bool:
    """Remove a folder in which there is nothing but what was being written long ago."""
    with contextlib.suppress(OSError):
        inside = list(folder.iterdir())
        dead = bool(inside) and all(each.name.startswith(HIDDEN) and each.is_dir() for each in inside)
        if dead and all(_newest(each) < before for each in inside):
            shutil.rmtree(folder, ignore_errors=True)
            return True
    return False


def _newest(folder: Path) -> float:
    return max((each.stat().st_mtime for each in (folder, *folder.rglob("*"))), default=0.0)
