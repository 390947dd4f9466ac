"""The services that the program knows from the start, and the signed catalogues of institutions.

What a service tells of itself wins over all of it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from app.domain.panel import Panel
from app.domain.preset import Catalogue, Preset, PresetPanel
from app.domain.problem import Kind, ProblemError, problem
from app.domain.resources import resource
from app.domain.service import Limits

if TYPE_CHECKING:
    from app.services.guides import Guide, GuidePanel


@functools.cache
def presets() -> tuple[Preset, ...]:
    """The presets as they are offered: with a way in for programs, web pages, computers of one's own."""
    hosted = [each for each in _of_file() if not each.own]
    return (*hosted, *_of_guides(), *(each for each in _of_file() if each.own))


@functools.cache
def _of_file() -> tuple[Preset, ...]:
    """The presets with a way in for programs; quick to read, unlike the guides."""
    return read_catalogue(resource("catalogue.json").read_bytes(), "the catalogue of the program").services


def read_catalogue(content: bytes, name: str) -> Catalogue:
    """A catalogue in JSON; ProblemError (input) names the first place that is wrong."""
    try:
        return Catalogue.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _bad(name, f"At {_place(first['loc'])}: {first['msg']}.") from None


def _place(steps: Iterable[int | str]) -> str:
    """`services.3.limits` as people count: “service 4, limits”."""
    words = [f"entry {each + 1}" if isinstance(each, int) else str(each) for each in steps]
    return ", ".join(words) or "its start"


def _bad(name: str, what: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The catalogue cannot be used",
        what,
        "Compare it with what “haplodesk catalogue schema” prints.",
        subject=name,
    )


def catalogue_schema() -> dict[str, object]:
    """The JSON schema of a catalogue."""
    return Catalogue.model_json_schema()


def catalogue_json(services: Iterable[Preset], as_of: str, institution: str = "") -> str:
    """Presets as a catalogue that can be read again, signed and shared."""
    found = Catalogue(schema=1, as_of=as_of, institution=institution, services=tuple(services))
    told = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps({"schema": 1, **told}, indent=1, ensure_ascii=False) + "\n"


def with_institutions(own: tuple[Preset, ...], added: Iterable[Catalogue]) -> tuple[Preset, ...]:
    """The presets with what institutions add, replace and hide; theirs come first."""
    theirs: dict[str, Preset] = {}
    hidden: set[str] = set()
    for each in added:
        theirs |= {p.id: p.model_copy(update={"of": each.institution}) for p in each.services}
        hidden |= set(each.hide)
    kept = (p for p in own if p.id not in theirs and p.id not in hidden)
    return (*theirs.values(), *kept)


@functools.cache
def _of_guides() -> tuple[Preset, ...]:
    """A preset for each guide to a web page."""
    from app.services.guides import guides

    return tuple(
        Preset(
            id=each.id,
            name=each.name,
            operator=each.operator,
            country=each.country,
            jurisdictions=(each.country,),
            base_url=(each.page or "").rstrip("/"),
            family="guided",
            setup={"guide": each.id},
            limits=_limits_of(each),
            token_help="No token is needed: you sign in on the page yourself.",
            note=" ".join(filter(None, (each.account, each.caution))),
            enabled=each.enabled,
            off_reason=each.off_reason,
            successor=each.successor,
            panels=tuple(_panel_of(panel) for panel in each.panels),
            sources=each.sources,
            main_source=each.main_source,
        )
        for each in guides()
    )


def _limits_of(guide: Guide) -> Limits:
    wanted = guide.wanted
    return Limits(
        min_samples=wanted.min_samples.value if wanted.min_samples else None,
        max_samples=wanted.max_samples.value if wanted.max_samples else None,
        max_file_mb=wanted.max_file_mb.value if wanted.max_file_mb else None,
        chromosomes=wanted.chromosomes.value if wanted.chromosomes else (),
        retention_days=guide.retention.days.value if guide.retention else None,
    )


def _panel_of(panel: GuidePanel) -> PresetPanel:
    return PresetPanel.model_validate(panel.model_dump())


def known_hosts() -> tuple[str, ...]:
    """The hosts of the services that are known to work; asked for at each start of the program."""
    return tuple(
        urlsplit(each.base_url).hostname or "" for each in _of_file() if each.base_url and each.enabled
    )


def preset(preset_id: str) -> Preset | None:
    """A preset by its id."""
    return next((each for each in presets() if each.id == preset_id), None)


def with_documented(panel: Panel, known: Preset | None) -> Panel:
    """A panel as its service tells it, with what is documented where the service says nothing.

    Where both say something and it is not the same, the service wins and `differs` keeps what was documented.
    """
    there = known.panels if known is not None else ()
    found = next((each for each in there if each.is_panel(panel.id)), None)
    if found is None or known is None:
        return panel
    source = known.sources[found.by]
    update: dict[str, object] = {}
    differs = []
    for name in ("samples", "variants", "build", "chromosomes", "ancestry", "access", "citation"):
        told, documented = getattr(panel, name), getattr(found, name)
        if not documented or told == documented:
            continue
        if not told:
            update[name] = documented
        else:
            differs.append(f"{name}: {_words(documented)} by {source.text} ({source.as_of})")
    return panel.model_copy(update={**update, "differs": tuple(differs)})


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
