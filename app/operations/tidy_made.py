"""Keep short what is remembered of which files were made of which; no rule is forgotten by that.

A file that is gone for long is known by its content from then on, not by the place where it lay.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import date, timedelta

from app.domain.made_files import MadeEntry, tidied
from app.operations.desk import Desk
from app.operations.residency_memory import MADE, made_files
from app.store import settings
from app.store.store import Connection as StoreConnection

GONE = "residency_gone"
LONG_GONE = timedelta(days=180)
"""A disk that is away for the summer is not gone."""
SMALL = 256 * 1024
"""Characters of the list below which nobody looks: some thousand files."""


async def tidy_made_files(desk: Desk) -> int:
    """Shorten the list where it is long; by how many characters."""
    text = await desk.store.read(lambda c: settings.state(c, MADE)) or ""
    if len(text) < SMALL:
        return 0
    missing = await asyncio.to_thread(_missing, json.loads(text))
    today = desk.clock.now().date()

    def write(c: StoreConnection) -> int:
        since = _since(c, missing, today)
        long_gone = {path for path, day in since.items() if date.fromisoformat(day) <= today - LONG_GONE}
        short = json.dumps(tidied(made_files(c, to_change=True), long_gone))
        settings.set_state(c, MADE, short)
        settings.set_state(c, GONE, json.dumps({p: d for p, d in since.items() if p not in long_gone}))
        return len(text) - len(short)

    return await desk.store.write(write)


def _missing(entries: Iterable[MadeEntry]) -> set[str]:
    paths = {file["path"] for each in entries for file in each["files"] if file["path"]}
    return {path for path in paths if not os.path.lexists(path)}


def _since(c: StoreConnection, missing: Iterable[str], today: date) -> dict[str, str]:
    """The days since which these are missing; what came back meanwhile begins anew."""
    known: dict[str, str] = json.loads(settings.state(c, GONE) or "{}")
    return {path: known.get(path, today.isoformat()) for path in sorted(missing)}
