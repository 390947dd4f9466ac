"""What a server says of itself and of its applications. Pure functions. Source: cloudgene.md 2."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from app.domain.panel import Panel, Population
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import ServiceApp
from app.services.cloudgene.reading import objects, text
from app.services.contract import ServerInfo
from app.services.plain_text import links, plain_block, plain_line

P = ParameterType
_TYPES = {
    **dict.fromkeys(("local_folder", "local_file", "folder", "file", "hdfs_file", "hdfs_folder"), P.FILES),
    **dict.fromkeys(("text", "string"), P.TEXT),
    **dict.fromkeys(("list", "radio"), P.CHOICE),
    **dict.fromkeys(("app_list", "dataset"), P.PANEL),
    **dict.fromkeys(("terms_checkbox", "agbcheckbox"), P.TERMS),
    **dict.fromkeys(("label", "group"), P.HEADING),
    "textarea": P.TEXTAREA,
    "number": P.NUMBER,
    "checkbox": P.CHECKBOX,
    "binded_list": P.BOUND_CHOICE,
    "info": P.INFO,
    "separator": P.SEPARATOR,
}
_NEVER_REQUIRED = frozenset({P.CHECKBOX, P.HEADING, P.INFO, P.SEPARATOR, P.UNKNOWN})
_BUILDS = (
    ("GRCh37", re.compile(r"grch37|hg19|\bb37\b", re.I)),
    ("GRCh38", re.compile(r"grch38|hg38|\bb38\b", re.I)),
)
PANEL_PARAMETER = "refpanel"


def server_info(data: dict[str, Any]) -> ServerInfo:
    """Name, dialect, applications and maintenance from `GET /api/v2/server`."""
    apps = [*objects(data, "apps"), *objects(data, "experimentalApps"), *objects(data, "deprecatedApps")]
    user = data.get("user")
    maintenance = data.get("maintenace") is True or data.get("maintenance") is True
    message = text(data, "maintenaceMessage") or text(data, "maintenanceMessage")
    return ServerInfo(
        name=plain_line(text(data, "name")),
        generation=generation(data),
        apps=tuple(_app(each) for each in apps if text(each, "id")),
        maintenance=maintenance,
        maintenance_text=plain_block(message) if maintenance else "",
        logged_in=data.get("loggedIn") is True or isinstance(user, dict),
        username=text(user, "username") or None,
    )


def looks_like_cloudgene(data: Any) -> bool:
    """Whether this can be the answer of a server of the family."""
    return isinstance(data, dict) and isinstance(data.get("name"), str) and isinstance(data.get("apps"), list)


def generation(data: dict[str, Any]) -> str:
    """The dialect by its features, never by its name."""
    versions = any("version" in each for each in objects(data, "apps"))
    return "cg3" if "loggedIn" in data or versions else "cg2"


def _app(data: dict[str, Any]) -> ServiceApp:
    app_id = text(data, "id")
    version = text(data, "version") or app_id.partition("@")[2]
    return ServiceApp(id=app_id, name=plain_line(text(data, "name")) or app_id, version=version)


def form(data: dict[str, Any], app_id: str) -> Form:
    """The form of an application; `app_id` is what it was asked by, and what it will be sent to."""
    inputs = [each for each in objects(data, "params") if _is_shown(each)]
    panel_id = _panel_parameter(inputs)
    return Form(
        app_id=app_id,
        app_name=plain_line(text(data, "name")) or app_id,
        app_version=text(data, "version") or app_id.partition("@")[2],
        description=plain_block(text(data, "description")),
        submit_label=plain_line(text(data, "submitButton")),
        parameters=tuple(_parameter(each, panel_id) for each in inputs),
    )


def _is_shown(data: dict[str, Any]) -> bool:
    return bool(text(data, "id")) and data.get("adminOnly") is not True and data.get("visible") is not False


def _panel_parameter(inputs: list[dict[str, Any]]) -> str | None:
    """Which list of installed packages is the reference panel; others (score collections) are choices."""
    lists = [text(each, "id") for each in inputs if _TYPES.get(_type(each)) is P.PANEL]
    return PANEL_PARAMETER if PANEL_PARAMETER in lists else next(iter(lists), None)


def _type(data: dict[str, Any]) -> str:
    return text(data, "type").strip().lower()


def _parameter(data: dict[str, Any], panel_id: str | None) -> Parameter:
    kind = _TYPES.get(_type(data), P.UNKNOWN)
    if kind is P.PANEL and text(data, "id") != panel_id:
        kind = P.CHOICE
    label = plain_block(text(data, "description")) or plain_block(text(data, "label"))
    all_text = " ".join(text(data, name) for name in ("description", "details", "help"))
    return Parameter(
        id=text(data, "id"),
        label=label or ("" if kind is P.SEPARATOR else text(data, "id")),
        type=kind,
        raw_type=text(data, "type"),
        required=data.get("required") is True and kind not in _NEVER_REQUIRED,
        default=_default(data, kind),
        help=plain_block(text(data, "help")),
        details=plain_block(text(data, "details")),
        pattern=text(data, "pattern"),
        accept=text(data, "accept"),
        choices=_choices(data, kind),
        bound_to=text(data, "bind") or None,
        bound_choices=_bound_choices(data) if kind is P.BOUND_CHOICE else {},
        links=links(all_text),
    )


def _default(data: dict[str, Any], kind: ParameterType) -> str:
    value = text(data, "value")
    if kind is not P.CHECKBOX:
        return value
    on = next(
        (text(each, "value") for each in objects(data, "values") if text(each, "key") == "true"), "true"
    )
    return "true" if value and value.lower() in {on.lower(), "true", "yes"} else "false"


def _choices(data: dict[str, Any], kind: ParameterType) -> tuple[Choice, ...]:
    """Only what a person chooses from; an empty entry first where the server allows none."""
    if kind not in {P.CHOICE, P.PANEL, P.UNKNOWN}:
        return ()
    found = tuple(_choice(each) for each in objects(data, "values") if text(each, "key"))
    empty = plain_line(text(data, "emptySelection"))
    return (Choice(key="", label=empty), *found) if empty else found


def _choice(data: dict[str, Any]) -> Choice:
    label = text(data, "value") or text(data, "label") or text(data, "key")
    return Choice(key=text(data, "key"), label=plain_line(label))


def _bound_choices(data: dict[str, Any]) -> dict[str, tuple[Choice, ...]]:
    return {
        text(each, "key"): tuple(_choice(inner) for inner in objects(each, "values") if text(inner, "key"))
        for each in objects(data, "values")
        if text(each, "key")
    }


def panels(service_id: str, found: Form, at: datetime) -> tuple[Panel, ...]:
    """The reference panels of a form with the populations that are bound to each."""
    source = next(iter(found.of_type(P.PANEL)), None)
    if source is None:
        return ()
    bound = [p for p in found.of_type(P.BOUND_CHOICE) if p.bound_to in {source.id, None}]
    return tuple(
        _panel(service_id, found.app_id, choice, bound, at) for choice in source.choices if choice.key
    )


def _panel(service_id: str, app_id: str, choice: Choice, bound: list[Parameter], at: datetime) -> Panel:
    people = next((each for p in bound if (each := populations_of(p, choice.key))), ())
    return Panel(
        id=choice.key,
        service_id=service_id,
        app_id=app_id,
        name=choice.label,
        build=build_of(choice.label) or build_of(choice.key),
        populations=tuple(Population(id=each.key, name=each.label) for each in people),
        version=_version(choice.key),
        as_of=at,
    )


def populations_of(parameter: Parameter, panel_key: str) -> tuple[Choice, ...]:
    """What a bound list allows for a panel; a key may stand with or without `apps@` and version."""
    exact = parameter.bound_choices.get(panel_key)
    if exact is not None:
        return exact
    wanted = _bare(panel_key)
    return next((found for key, found in parameter.bound_choices.items() if _bare(key) == wanted), ())


def _bare(key: str) -> str:
    return key.removeprefix("apps@").partition("@")[0]


def _version(key: str) -> str:
    return key.removeprefix("apps@").partition("@")[2]


def build_of(name: str) -> str | None:
    """The genome build that a name speaks of, None when it names none or two."""
    found = [build for build, pattern in _BUILDS if pattern.search(name)]
    return found[0] if len(found) == 1 else None
