"""Panels that the person marked; a new version of a panel or of its application keeps the mark."""

from __future__ import annotations

import json
import re

from app.domain.changes import Changes, Noun
from app.operations.desk import Desk
from app.store import settings
from app.store.store import Connection as StoreConnection

_STATE = "favourite_panels"
_VERSION = re.compile(r"@v?\d+(\.\w+)*(?=/|$)")


def without_versions(key: str) -> str:
    """The key of a panel without the versions in it: `michigan/imputationserver2/apps@hrc-r1.1`."""
    return _VERSION.sub("", key)


async def favourite_panels(desk: Desk) -> frozenset[str]:
    """Keys of the marked panels, without versions."""
    return await desk.store.read(_marked)


async def mark_panels(desk: Desk, keys: tuple[str, ...], *, favourite: bool) -> Changes:
    """Mark panels (`Panel.key`), or take their marks away."""
    names = {without_versions(key) for key in keys}

    def write(c: StoreConnection) -> None:
        marked = _marked(c) | names if favourite else _marked(c) - names
        settings.set_state(c, _STATE, json.dumps(sorted(marked)) if marked else None)

    await desk.store.write(write)
    return desk.announce(Changes.of(Noun.PANEL, *keys))


def _marked(c: StoreConnection) -> frozenset[str]:
    text = settings.state(c, _STATE)
    return frozenset(json.loads(text)) if text else frozenset()
