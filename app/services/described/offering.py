"""The applications, forms and panels of a described service. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.panel import Panel
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import ServiceApp
from app.services.described.answers import text
from app.services.described.description import App, Description, FormField, PanelList
from app.services.plain_text import plain_line

_BUILDS = (
    ("GRCh37", re.compile(r"grch37|hg19|\bb37\b", re.I)),
    ("GRCh38", re.compile(r"grch38|hg38|\bb38\b", re.I)),
)
_TYPES = {
    "text": ParameterType.TEXT,
    "number": ParameterType.NUMBER,
    "checkbox": ParameterType.CHECKBOX,
    "choice": ParameterType.CHOICE,
    "terms": ParameterType.TERMS,
}


def apps(d: Description) -> tuple[ServiceApp, ...]:
    """What can be run."""
    return tuple(ServiceApp(id=each.id, name=each.name, version=each.version) for each in d.apps)


def form(app: App, listed: Sequence[Mapping[str, Any]] | None) -> Form:
    """The parameters; `listed` are the panels that the service told, None where the description has them."""
    panel = Parameter(
        id=app.panel_field,
        label="Reference panel",
        type=ParameterType.PANEL,
        required=True,
        choices=_told(app.panel_list, listed or ()) if app.panel_list is not None else _written(app),
    )
    files = Parameter(id="files", label="Genotypes", type=ParameterType.FILES, required=True)
    return Form(
        app_id=app.id,
        app_name=app.name,
        app_version=app.version,
        description=app.description,
        parameters=(panel, files, *map(_parameter, app.parameters)),
    )


def _written(app: App) -> tuple[Choice, ...]:
    return tuple(
        Choice(key=each.id, label=f"{each.name} ({each.build})" if each.build else each.name)
        for each in app.panels
    )


def _told(panels: PanelList, listed: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    """The build goes into the label where it is not: by it the panel is known again."""
    found = []
    for each in listed:
        key, name = text(each, panels.id), plain_line(text(each, panels.name))
        build = _build(text(each, panels.build))
        label = f"{name} ({build})" if build and _build(name) != build else name
        if key:
            found.append(Choice(key=key, label=label or key))
    return tuple(found)


def _parameter(each: FormField) -> Parameter:
    return Parameter(
        id=each.id,
        label=each.label,
        type=_TYPES[each.type],
        raw_type=each.type,
        required=each.required or each.type == "terms",
        default=each.default,
        help=each.help,
        minimum=each.minimum,
        maximum=each.maximum,
        choices=tuple(Choice(key=c.key, label=c.label or c.key) for c in each.choices),
    )


def panels(d: Description, service_id: str, form: Form, at: datetime) -> tuple[Panel, ...]:
    """The panels that a form offers, with what the description knows of them."""
    app = d.app(form.app_id)
    known = {each.id: each for each in app.panels} if app is not None else {}
    found = []
    for choice in (c for p in form.of_type(ParameterType.PANEL) for c in p.choices):
        fact = known.get(choice.key)
        found.append(
            Panel(
                id=choice.key,
                service_id=service_id,
                app_id=form.app_id,
                name=fact.name if fact is not None else choice.label,
                build=fact.build if fact is not None else _build(choice.label),
                samples=fact.samples if fact is not None else None,
                variants=fact.variants if fact is not None else None,
                chromosomes=fact.chromosomes if fact is not None else (),
                as_of=at,
                source="service" if fact is None else f"description of {d.as_of}",
            )
        )
    return tuple(found)


def _build(words: str) -> str | None:
    named = [name for name, pattern in _BUILDS if pattern.search(words)]
    return named[0] if len(named) == 1 else None
