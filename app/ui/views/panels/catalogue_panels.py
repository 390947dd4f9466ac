"""Panels that the catalogue knows of services which are not added, or whose panels were not read yet.

They stand in the table with those of services, so that one sees what else there is; they have a service of
their own that nothing is sent to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.panel import Panel
from app.domain.preset import Preset, PresetPanel
from app.domain.service import Service
from app.store.pages import split_typed

OF_CATALOGUE = "catalogue:"
"""How the id of a service begins that stands for a preset."""
ADDED, NOT_ADDED, NOT_READ = "added", "not added", "not read"
_TEXTS = ("name", "service", "ancestry", "access", "version", "app_id", "source")
_EQUAL = frozenset({"build", "app"})


def is_of_catalogue(key: str) -> bool:
    """Whether a key is that of a panel which only the catalogue knows."""
    return key.startswith(OF_CATALOGUE)


def catalogue_panels(
    presets: Iterable[Preset], services: Mapping[str, Service], panels: Iterable[Panel]
) -> tuple[dict[str, Panel], dict[str, Service], dict[str, str]]:
    """The panels by key, their services by id, and of each service whether it is not added or not read.

    What is switched off in the catalogue, and computers of the user's own, are left out.
    """
    read = {each.service_id for each in panels}
    found: dict[str, Panel] = {}
    standing_in: dict[str, Service] = {}
    states: dict[str, str] = {}
    for preset in presets:
        mine = [each for each in services.values() if _is_of(each, preset)]
        if not preset.panels or not preset.enabled or preset.own or any(each.id in read for each in mine):
            continue
        service = _service(preset, mine[0] if mine else None)
        standing_in[service.id] = service
        states[service.id] = NOT_READ if mine else NOT_ADDED
        for each in preset.panels:
            panel = _panel(service.id, each, preset)
            found[panel.key] = panel
    return found, standing_in, states


def _is_of(service: Service, preset: Preset) -> bool:
    addresses = {each.rstrip("/") for each in (preset.base_url, *preset.alt_urls) if each}
    return service.preset_id == preset.id or service.base_url.rstrip("/") in addresses


def _service(preset: Preset, added: Service | None) -> Service:
    """The service that a preset would be; where it is added already, that one under another id."""
    known = added or Service(
        id="",
        name=preset.name,
        family=preset.family,
        base_url=preset.base_url,
        country=preset.country,
        jurisdictions=preset.jurisdictions,
        operator=preset.operator,
        preset_id=preset.id,
        limits=preset.limits,
        added=_day(preset.as_of),
    )
    return known.model_copy(update={"id": OF_CATALOGUE + preset.id, "preset_id": preset.id})


def _panel(service_id: str, documented: PresetPanel, preset: Preset) -> Panel:
    return Panel(
        id=documented.id,
        service_id=service_id,
        app_id="",
        name=documented.name,
        build=documented.build,
        samples=documented.samples,
        variants=documented.variants,
        chromosomes=documented.chromosomes,
        as_of=_day(preset.sources[documented.by].as_of),
        source="catalogue",
        ancestry=documented.ancestry,
        access=documented.access,
        citation=documented.citation,
    )


def _day(written: str) -> datetime:
    """`2025`, `2025-10` or `2025-10-03` as the first moment of it."""
    year, month, day = (int(part) for part in (*written.split("-"), "1", "1")[:3])
    return datetime(year, month, day, tzinfo=UTC)


def row_of(panel: Panel, service: Service | None) -> dict[str, Any]:
    """The cells that the store would give for a panel."""
    return {
        "id": panel.key,
        "panel_id": panel.id,
        "name": panel.name,
        "service_id": panel.service_id,
        "service": service.name if service is not None else panel.service_id,
        "app_id": panel.app_id,
        "build": panel.build,
        "populations": ", ".join(each.name for each in panel.populations),
        "samples": panel.samples,
        "variants": panel.variants,
        "version": panel.version,
        "source": panel.source,
        "ancestry": ", ".join(panel.ancestry),
        "access": panel.access,
        "as_of": panel.as_of,
    }


def matches(row: Mapping[str, Any], typed: str) -> bool:
    """Whether a row has every word and one value of each term that was typed, as the store judges rows."""
    whole = " ".join(str(row[name] or "") for name in ("name", "service", "panel_id", "ancestry", "access"))
    wanted: dict[str, list[str]] = {}
    for word in split_typed(typed):
        name, colon, value = word.partition(":")
        bare = value.strip('"').casefold()
        if colon and bare and (name.lower() in row or name.lower() == "app"):
            wanted.setdefault(name.lower(), []).append(bare)
        elif word.casefold() not in whole.casefold():
            return False
    return all(any(_has(row, name, each) for each in values) for name, values in wanted.items())


def _has(row: Mapping[str, Any], name: str, value: str) -> bool:
    if name in _EQUAL:
        return str(row["app_id" if name == "app" else name] or "").casefold() == value
    if name == "service":
        return value == str(row["service_id"]).casefold() or value in str(row["service"]).casefold()
    held = row[name]
    return value in str(held).casefold() if name in _TEXTS else str(held).casefold() == value
