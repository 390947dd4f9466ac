"""The words of a description: expressions, paths, marks and calls.

Expressions are JMESPath. Bodies are JSON in which a text that is exactly a mark, such as `$name`, stands for
a value of the job; nothing is ever put together from parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, model_validator

from app.domain.model import Model

MARKS = ("$name", "$app", "$panel", "$options", "$files", "$id")
FILE_MARKS = ("$file.name", "$file.size")
MOST_FLATTENED = 4
"""Each one can double a list, and a few dozen would fill any memory."""
MOST_COPIES = 64
"""A text of all that stands in `{a: @, b: @}` of itself, twenty times, would have a million parts."""
_OPTION = re.compile(r"\$option\.[A-Za-z0-9_.-]+")
_PLACES = re.compile(r"\{([^{}]*)\}")
_SAFE_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/{}-]*")


def _expression(text: str) -> str:
    try:
        tree = jmespath.compile(text).parsed
    except JMESPathError as error:
        raise ValueError(f"is no JMESPath expression: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ValueError("lies too deep in itself") from None
    if text.count("[]") > MOST_FLATTENED:
        raise ValueError(f"flattens lists ([]) more than {MOST_FLATTENED} times")
    if _copies(tree) > MOST_COPIES:
        raise ValueError(f"would write the answer down more than {MOST_COPIES} times")
    return text


def _copies(tree: Mapping[str, Any]) -> int:
    """How often a value can stand in what is picked, at the most: `[@, @]` doubles it each time."""
    found = 1
    left: list[Any] = [tree]
    while left and found <= MOST_COPIES:
        node = left.pop()
        if node["type"] in {"multi_select_list", "multi_select_dict"}:
            found *= max(1, len(node["children"]))
        left += node["children"]
    return found


def _path(text: str) -> str:
    if not _SAFE_PATH.fullmatch(text) or text.startswith("//"):
        raise ValueError("must be a path that begins with one slash; queries belong in `query`")
    strange = set(_PLACES.findall(text)) - {"id", "name", "file"}
    if strange:
        raise ValueError(f"may hold {{id}}, {{name}} and {{file}}, not {{{min(strange)}}}")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", text):
        raise ValueError("must be an address such as https://imputation.example.org")
    return text.rstrip("/")


def _host(text: str) -> str:
    bare = text.removeprefix("*.").lower()
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", bare):
        raise ValueError("must be a host such as store.example.org, or *.example.org for those below it")
    return text.lower()


Expression = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_expression)]
Path = Annotated[str, Field(max_length=500), AfterValidator(_path)]
Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Host = Annotated[str, Field(max_length=255), AfterValidator(_host)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]


class Call(Model):
    """A request: exactly one of the methods, with a path below the address of the service.

    The places {id}, {name} and {file} are filled in in the path, and in the query where one is a whole value.
    """

    get: Path | None = None
    post: Path | None = None
    put: Path | None = None
    delete: Path | None = None
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_method(self) -> Call:
        named = [each for each in (self.get, self.post, self.put, self.delete) if each is not None]
        if len(named) != 1:
            raise ValueError("needs exactly one of get, post, put and delete")
        if self.body is not None and self.get is not None:
            raise ValueError("a get has no body")
        refuse_strange_marks(self.body)
        return self

    @property
    def method(self) -> str:
        """In capitals."""
        pairs = (("GET", self.get), ("POST", self.post), ("PUT", self.put), ("DELETE", self.delete))
        return next(method for method, path in pairs if path is not None)

    @property
    def path(self) -> str:
        """With its places."""
        return self.get or self.post or self.put or self.delete or ""

    def holds(self, place: str) -> bool:
        """Whether a place, such as `id`, is filled in anywhere."""
        told = f"{{{place}}}" in self.path or f"{{{place}}}" in self.query.values()
        return told or f"${place}" in marks_in(self.body)


def marks_in(data: object) -> set[str]:
    """All marks of a body."""
    if isinstance(data, dict):
        return {mark for value in data.values() for mark in marks_in(value)}
    if isinstance(data, list):
        return {mark for value in data for mark in marks_in(value)}
    return {data} if isinstance(data, str) and data.startswith("$") else set()


def refuse_strange_marks(data: object) -> None:
    """Raise ValueError for a text that looks like a mark and is none."""
    if isinstance(data, dict):
        for value in data.values():
            refuse_strange_marks(value)
    elif isinstance(data, list):
        for value in data:
            refuse_strange_marks(value)
    elif isinstance(data, str) and data.startswith("$") and not _is_mark(data):
        known = ", ".join((*MARKS, "$option.NAME", *FILE_MARKS))
        raise ValueError(f"“{data[:40]}” is none of {known}")


def _is_mark(text: str) -> bool:
    return text in (*MARKS, *FILE_MARKS) or _OPTION.fullmatch(text) is not None
