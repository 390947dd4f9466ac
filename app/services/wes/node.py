"""What a server says of itself in service-info, read with tolerance. Source: ga4gh.md 1.2, 1.6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.model import Model
from app.domain.service import ServiceFact
from app.services.plain_text import plain_line
from app.services.wes.dialect import DIALECTS, Dialect, dialect_of

_SAME_TYPE = {"nextflow": "nfl", "snakemake": "smk"}
_LONGEST_LIST = 20


class Node(Model):
    """A server: where it answers, its dialect, and what it runs. `types` and `engines` map to versions."""

    base: str
    dialect_key: str
    name: str = ""
    wes_versions: tuple[str, ...] = ()
    types: dict[str, tuple[str, ...]] = {}
    engines: dict[str, tuple[str, ...]] = {}
    protocols: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    auth_page: str = ""
    crypt4gh_key: str = ""
    facts: tuple[ServiceFact, ...] = ()

    @property
    def dialect(self) -> Dialect:
        """What this kind of server takes and does."""
        return DIALECTS[self.dialect_key]

    def type_named(self, wanted: str) -> str | None:
        """The server's own spelling of a type of workflow."""
        bare = _same(wanted)
        return next((each for each in self.types if _same(each) == bare), None)


def _same(name: str) -> str:
    low = name.strip().lower()
    return _SAME_TYPE.get(low, low)


def read_node(base: str, told: Mapping[str, Any]) -> Node:
    """The server behind a service-info."""
    dialect = dialect_of(told)
    types = _versions(told.get("workflow_type_versions", told.get("workflow_type_version")))
    node = Node(
        base=base,
        dialect_key=dialect.key,
        name=plain_line(_text(told, "name"), 120),
        wes_versions=_texts(told.get("supported_wes_versions")),
        types=types,
        engines=_versions(told.get("workflow_engine_versions")),
        protocols=tuple(each.lower() for each in _texts(told.get("supported_filesystem_protocols"))),
        parameters=_parameter_names(told.get("default_workflow_engine_parameters")),
        counts=_counts(told.get("system_state_counts")),
        auth_page=plain_line(_text(told, "auth_instructions_url"), 300),
        crypt4gh_key=_public_key(told.get("tags")),
    )
    return node.model_copy(update={"facts": tuple(_facts(node, told))})


def _facts(node: Node, told: Mapping[str, Any]) -> Iterator[ServiceFact]:
    yield ServiceFact(label="Kind of server", value=node.dialect.title)
    version = plain_line(_text(told, "version"), 80)
    pairs = (
        ("Version", version),
        ("WES versions", ", ".join(node.wes_versions)),
        ("Workflow types", _shown(node.types)),
        ("Engines", _shown(node.engines)),
        ("File protocols", ", ".join(node.protocols)),
        ("Engine parameters", ", ".join(node.parameters[:_LONGEST_LIST])),
        (
            "Runs by state",
            ", ".join(f"{name.lower()} {count:,}" for name, count in node.counts.items() if count),
        ),
        ("Organisation", plain_line(_text(told.get("organization"), "name"), 120)),
        ("Contact", plain_line(_text(told, "contactUrl") or _text(told, "contact_info_url"), 200)),
        ("How to sign in", node.auth_page),
    )
    for label, value in pairs:
        if value:
            yield ServiceFact(label=label, value=value)


def _shown(versions: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{name} {', '.join(each)}".strip() for name, each in versions.items())


def _versions(told: Any) -> dict[str, tuple[str, ...]]:
    """A name and its versions: an object, a list, a text with commas, or nothing that can be read."""
    if not isinstance(told, dict):
        return {}
    return {
        plain_line(str(name), 60): _version_list(each) for name, each in list(told.items())[:_LONGEST_LIST]
    }


def _version_list(told: Any) -> tuple[str, ...]:
    if isinstance(told, dict):
        inner = next((each for each in told.values() if isinstance(each, list | str)), ())
        return _version_list(inner)
    if isinstance(told, list | tuple):
        return _texts(list(told))
    if isinstance(told, str | int | float) and not isinstance(told, bool):
        # wes-service writes the text of Python's bytes
        bare = str(told).removeprefix("b'").removesuffix("'")
        return tuple(part.strip() for part in plain_line(bare, 300).split(",") if part.strip())
    return ()


def _texts(told: Any) -> tuple[str, ...]:
    listed = told if isinstance(told, list) else []
    kept = (
        plain_line(str(each), 80)
        for each in listed
        if isinstance(each, str | int | float) and not isinstance(each, bool)
    )
    return tuple(each for each in kept if each)[:_LONGEST_LIST]


def _parameter_names(told: Any) -> tuple[str, ...]:
    """The bare names: a list, or lists by engine; of `ENGINE|VERSION|name` only the last part is sent."""
    listed = told if isinstance(told, list) else []
    if isinstance(told, dict):
        listed = [each for part in told.values() if isinstance(part, list) for each in part]
    names = (each.get("name") for each in listed if isinstance(each, dict))
    bare = (plain_line(name.rpartition("|")[2], 80) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(each for each in bare if each))


def _counts(told: Any) -> dict[str, int]:
    if not isinstance(told, dict):
        return {}
    kept = {plain_line(str(name), 40): each for name, each in told.items()}
    return {name: each for name, each in kept.items() if type(each) is int and each >= 0}


def _public_key(tags: Any) -> str:
    for name in ("crypt4gh_public_key", "crypt4gh-public-key"):
        value = _text(tags, name)
        if value:
            return value[:4096]
    return ""


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
