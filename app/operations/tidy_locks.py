"""Remove the lock files of what has ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.operations.desk import Desk
from app.operations.exclusive import remove_if_free
from app.store import jobs


async def tidy_locks(desk: Desk) -> int:
    """Lock files of jobs that are watched and those that anybody holds stay; the number of removed ones."""
    watched = await desk.store.read(jobs.watched_jobs)
    return await asyncio.to_thread(_remove, desk.locks_folder, frozenset(job.id for job in watched))


def _remove(folder: Path, kept: frozenset[str]) -> int:
    found = [path for path in folder.glob("*.lock") if path.stem not in kept]
    return sum(remove_if_free(path) for path in found)
