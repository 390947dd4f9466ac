"""The templates that there are: those of the program, and those of the user, which win by their id."""

from __future__ import annotations

import functools
import json
import logging
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.resources import resource
from app.services.wes.template import Template

log = logging.getLogger(__name__)

FOLDER = "workflows"
_MOST_BYTES = 1024 * 1024
_EXTENDS = "extends"
_DEEPEST = 40


class Described(Model):
    """A template and the folder in which its files lie."""

    template: Template
    folder: str
    path: str


def shipped_folder() -> Path:
    """Where the program's own templates lie."""
    return resource(FOLDER)


def read_templates(own_folder: Path | None) -> tuple[tuple[Described, ...], tuple[ProblemError, ...]]:
    """All templates by id, the user's in place of the program's, and what is wrong with others.

    A template that cannot be used never hides the others.
    """
    found: dict[str, Described] = {}
    wrong: list[ProblemError] = []
    for folder in (shipped_folder(), own_folder):
        if folder is None or not folder.is_dir():
            continue
        for path in sorted(folder.glob("*.yaml")):
            try:
                described = read_template(path, tuple(found.values()))
            except ProblemError as error:
                wrong.append(error)
            else:
                found[described.template.id] = described
    return tuple(sorted(found.values(), key=lambda each: each.template.name)), tuple(wrong)


def read_template(path: Path, known: tuple[Described, ...] = ()) -> Described:
    """One template; ProblemError (input) says in a sentence what is wrong with it.

    `extends: ID` takes everything of a known one and changes only what is written; its files still lie
    beside the known one.
    """
    data = _read(path)
    folder = str(path.parent)
    base = data.pop(_EXTENDS, None)
    if base is not None:
        parent = next((each for each in known if each.template.id == base), None)
        if parent is None:
            raise _wrong(path, f"It extends “{str(base)[:60]}”, which is not there")
        data = parent.template.model_dump(mode="json") | data
        folder = parent.folder
    try:
        template = Template.model_validate(data)
    except ValidationError as error:
        raise _wrong(path, sentence_of(error)) from None
    for name in (template.workflow.main, *template.workflow.files):
        if name and not Path(folder, name).is_file():
            raise _wrong(path, f"The file {name} of the workflow does not lie beside it")
    return Described(template=template, folder=folder, path=str(path))


def schema() -> dict[str, Any]:
    """The JSON schema of a template, for editors that check as one writes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Template.model_json_schema()


def schema_text() -> str:
    """The schema as it lies in `resources/workflows/schema.json`."""
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def sentence_of(error: ValidationError) -> str:
    """The first thing that is wrong, with its place, for a person."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = " → ".join(str(part) for part in first["loc"])
    said = str(first["msg"]).removeprefix("Value error, ")
    what = {
        "missing": "is missing",
        "extra_forbidden": "is not known here; look whether it is spelt right",
    }.get(str(first["type"]))
    if what:
        return f"“{place}” {what}"
    return f"{place}: {said}" if place else said[:1].upper() + said[1:]


def _read(path: Path) -> dict[str, Any]:
    try:
        seen = path.stat()
        if seen.st_size > _MOST_BYTES:
            raise _wrong(path, "It is longer than 1 MiB")
        return dict(_parsed(path, seen.st_mtime_ns, seen.st_size))
    except OSError as error:
        raise _wrong(path, f"It cannot be read ({error.strerror})") from error


@functools.lru_cache(maxsize=64)
def _parsed(path: Path, _modified: int, _size: int) -> dict[str, Any]:
    """The named values of a file as it was then: each look at a job asks for them, and YAML is slow."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    try:
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(text):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > _DEEPEST:  # the reader would take hours
                raise _wrong(path, f"Line {event.start_mark.line + 1}: values lie too deep in one another")
            if isinstance(event, AliasEvent):  # a few lines of them make a tree of any size
                raise _wrong(path, f"Line {event.start_mark.line + 1}: aliases (*name) are not allowed")
        data = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        raise _wrong(path, f"It is no YAML{where}") from None
    if not isinstance(data, dict):
        raise _wrong(path, "It holds no named values")
    return {str(name): value for name, value in data.items()}


def _wrong(path: Path, what: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The description of a workflow cannot be used",
        f"{path.name}: {what}",
        "Mend the file; how one is written stands in the manual",
        subject=path.name,
    )
