"""The services that the program knows from the start, as dated presets; what a service tells wins."""

from __future__ import annotations

import functools
import json
from urllib.parse import urlsplit

from app.domain.resources import resource
from app.domain.service import Preset


@functools.cache
def presets() -> tuple[Preset, ...]:
    """The presets in the order in which they are offered."""
    found = json.loads(resource("catalogue.json").read_text("utf-8"))
    return tuple(Preset.model_validate_json(json.dumps(each)) for each in found["services"])


def known_hosts() -> tuple[str, ...]:
    """The hosts of the services that are known to work."""
    return tuple(
        urlsplit(each.base_url).hostname or "" for each in presets() if each.base_url and each.enabled
    )


def preset(preset_id: str) -> Preset | None:
    """A preset by its id."""
    return next((each for each in presets() if each.id == preset_id), None)
