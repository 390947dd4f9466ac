"""Descriptions from files: strictly read; a sentence names the file, the line and the field of a fault."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.resources import resource
from app.services.described.description import Description, Watched
from app.services.described.watching import as_far_as_safe

FOLDER = "described"
LARGEST = 256 * 1024
DEEPEST = 40
_SECRET_NAME = re.compile(
    r"^(token|access_?token|password|passwd|secret|client_?secret|api_?key|bearer)$", re.I
)
_SECRET_TEXT = re.compile(r"^(Bearer|Basic) \S+|^eyJ[\w-]+\.[\w-]+\.[\w-]*$|^\w+://[^/\s]*:[^/\s]*@")
_WORDS = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "literal_error": "has a value that is not allowed",
    "string_type": "must be text",
    "string_pattern_mismatch": "is not written as it has to be",
    "model_type": "must be fields in braces or on lines of their own",
    "dict_type": "must be fields in braces or on lines of their own",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
}


class Shelf:
    """The descriptions of the user's folder and those that ship with the program, in this order."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def named(self, text: str) -> Description:
        """By the path of a file, or by an id. ProblemError."""
        return read_description(self.place(text))

    def place(self, text: str) -> Path:
        """Where the description of that path or id lies, whether it is in order or not. ProblemError."""
        if text.startswith(("//", "\\\\", "\\/", "/\\")):
            raise _far(text)
        if text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
            return Path(text).expanduser()
        for path in self._paths():
            if path.stem == text or _id_of(path) == text:
                return path
        raise problem(
            Kind.NOT_FOUND,
            "There is no such description",
            f"No description is called “{text}”; there are {', '.join(self._ids()) or 'none'}",
            "Name the file, or put it into the folder “services” of the data folder",
            subject=text,
        )

    def for_address(self, address: str) -> Description | None:
        """The description that names this address; files that cannot be read are passed over."""
        path = self._that_names(address, read_description)
        return read_description(path) if path is not None else None

    def place_for(self, address: str) -> Path | None:
        """Where a description of this address lies, one that is in order before one that has to be mended."""
        found = self._that_names(address, read_description)
        return found or self._that_names(address, lambda path: read_watch(path).description)

    def _that_names(self, address: str, read: Callable[[Path], Watched]) -> Path | None:
        for path in self._paths():
            with contextlib.suppress(ProblemError):
                if address.rstrip("/") in read(path).addresses:
                    return path
        return None

    def _paths(self) -> Iterable[Path]:
        folders = [*([self._folder] if self._folder is not None else []), resource(FOLDER)]
        for folder in folders:
            yield from sorted(folder.glob("*.yaml")) if folder.is_dir() else ()

    def _ids(self) -> list[str]:
        return [each for each in map(_id_of, self._paths()) if each]


def _far(text: str) -> ProblemError:
    """Windows would sign in at any computer that a name such as \\\\computer\\share speaks of."""
    return problem(
        Kind.INPUT,
        "The description lies on another computer",
        f"“{text[:80]}” is a place in the network",
        "Put the file into the folder “services” of the data folder, and name it there",
        subject=text[:80],
    )


def _id_of(path: Path) -> str:
    """The id that a file says, whether it is in order or not; empty where it has none."""
    with contextlib.suppress(ProblemError, OSError):
        return _looked(path).told_id
    return ""


class Watch(NamedTuple):
    """A description as far as it may be used. With a `fault` nothing new is sent until that is mended."""

    description: Watched
    fault: Problem | None


def read_description(path: Path) -> Description:
    """A description from a file. ProblemError; read again only when the file has changed."""
    found = _outcome(path)
    if found.fault is not None:
        raise ProblemError(found.fault)
    assert isinstance(found.description, Description)
    return found.description


def read_watch(path: Path) -> Watch:
    """What a file says of looking after jobs, also where the rest has a fault. ProblemError.

    A description that was in order for an earlier version of the program goes on to be of use for the jobs
    that were made with it. No check on which safety hangs is left out: see `watching`.
    """
    found = _outcome(path)
    if found.description is None:
        assert found.fault is not None
        raise ProblemError(found.fault)
    return Watch(found.description, found.fault)


class _Outcome(NamedTuple):
    """What reading a file came to; `told_id` also of one that has a fault."""

    description: Watched | None
    fault: Problem | None
    told_id: str


def _outcome(path: Path) -> _Outcome:
    try:
        return _looked(path)
    except OSError as error:
        raise problem(
            Kind.NOT_FOUND,
            "The description of the service cannot be read",
            f"{path}: {error.strerror or error}",
            "Put the file back, or add the service again with the place where it is now",
            subject=str(path),
        ) from error


def _looked(path: Path) -> _Outcome:
    seen = path.stat()
    if seen.st_size > LARGEST:
        what = f"it has {seen.st_size:,} bytes, and no description needs more than {LARGEST:,}"
        raise _bad(path, None, what)
    return _read(path, seen.st_mtime_ns, seen.st_size)


@functools.lru_cache(maxsize=64)
def _read(path: Path, modified: int, size: int) -> _Outcome:
    try:
        data = loaded(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError:
        return _Outcome(None, _bad(path, None, "it is no text in UTF-8").problem, "")
    except ProblemError as error:
        return _Outcome(None, error.problem, "")
    told = data.get("id")
    told_id = told if isinstance(told, str) else ""
    try:
        return _Outcome(validated(data, path), None, told_id)
    except ProblemError as error:
        return _Outcome(as_far_as_safe(data), error.problem, told_id)


def parsed(text: str, path: Path) -> Description:
    """A description from its text; `path` is named in faults. ProblemError."""
    return validated(loaded(text, path), path)


def validated(data: dict[str, Any], path: Path) -> Description:
    """A description from what a file holds. ProblemError."""
    try:
        return Description.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise _invalid(error, data, path) from error


def loaded(text: str, path: Path) -> dict[str, Any]:
    """What a text holds. ProblemError for what is no YAML, too deep, winding back on itself, or a secret."""
    data = _loaded(text, path)
    _refuse_secrets(data, path)
    return data


def _loaded(text: str, path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    try:
        depth = 0
        for event in YAML(typ="safe", pure=True).parse(text):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > DEEPEST:  # the reader would take hours
                raise _bad(path, event.start_mark.line + 1, "values lie too deep in one another")
            if isinstance(event, AliasEvent):
                raise _bad(path, event.start_mark.line + 1, "aliases (*name) are not allowed")
        data = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        said = str(error.problem or "not understood").partition(" with value")[0]  # it may be a secret
        raise _bad(path, line, f"it is no YAML: {said}") from error
    except YAMLError as error:
        raise _bad(path, None, f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(data, dict):
        raise _bad(path, None, "it has no fields")
    return data


def _refuse_secrets(data: Any, path: Path, place: tuple[str | int, ...] = ()) -> None:
    pairs: Iterable[tuple[str | int, Any]] = ()
    if isinstance(data, dict):
        _refuse_strange_names(data, path, place)
        pairs = data.items()
    elif isinstance(data, list):
        pairs = enumerate(data)
    for name, value in pairs:
        here = (*place, name)
        if isinstance(value, str) and _is_secret(str(name), value):
            raise _bad(
                path,
                _line(data, (name,)),
                f"“{_shown(here)}” looks like a secret",
                "Take it out: tokens and passwords are kept in the keyring, and set with the service.",
            )
        _refuse_secrets(value, path, here)


def _refuse_strange_names(data: dict[Any, Any], path: Path, place: tuple[str | int, ...]) -> None:
    """YAML takes lists and days for names, and JSON does not."""
    for name in data:
        if not isinstance(name, str | int | float | bool | None):
            where = f" in “{_shown(place)}”" if place else ""
            raise _bad(path, _line(data, (name,)), f"a name{where} is no text")


def _is_secret(name: str, value: str) -> bool:
    marked = value.startswith("$") or value == ""
    return bool(_SECRET_TEXT.search(value)) or (bool(_SECRET_NAME.match(name)) and not marked)


def _invalid(error: ValidationError, data: Any, path: Path) -> ProblemError:
    first = error.errors()[0]
    place = tuple(each for each in first["loc"] if not _is_branch(each, data))
    field = _shown(place) or "the whole"
    words = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    if first["type"] == "literal_error":
        words = f"{words}: {first['ctx']['expected']}"
    elif first["type"] == "string_pattern_mismatch":
        words = f"{words}: {first['ctx']['pattern']}"  # without the value, which may be a secret
    more = f" There are {error.error_count() - 1} more faults." if error.error_count() > 1 else ""
    return _bad(path, _line(data, place), f"“{field}” {words}.{more}".rstrip("."))


def _is_branch(part: str | int, data: Any) -> bool:
    """Pydantic names branches of unions in places; none of ours has such names."""
    return isinstance(part, str) and part.startswith(("function-", "literal["))


def _shown(place: Sequence[str | int]) -> str:
    return ".".join(str(each + 1 if isinstance(each, int) else each) for each in place)


def _line(data: Any, place: Sequence[str | int]) -> int | None:
    """The line of a field, or of the nearest thing around it that is there; from 1."""
    found: int | None = None
    for part in place:
        marks = getattr(data, "lc", None)
        try:
            known = marks.data[part] if marks is not None else None
            data = data[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
        found = known[0] + 1 if known else found
    return found


def _bad(path: Path, line: int | None, what: str, do: str = "") -> ProblemError:
    where = f"{path.name}, line {line}" if line is not None else path.name
    return problem(
        Kind.INPUT,
        "The description of the service has a fault",
        f"{where}: {what}",
        do or "Mend the file; `services schema described` prints what it may hold.",
        subject=str(path),
    )
