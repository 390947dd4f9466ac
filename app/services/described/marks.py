"""Bodies and paths filled with the values of a job. Only whole texts are replaced, never parts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.services.described.call import Call

LEFT_OUT = object()
"""Stands for a value that the job does not have; its field is left out."""


@dataclass(frozen=True)
class Values:
    """What marks stand for."""

    name: str = ""
    app: str = ""
    panel: str = ""
    options: Mapping[str, str | bool] = field(default_factory=dict)
    files: Sequence[object] = ()
    file_name: str = ""
    file_size: int = 0
    remote_id: str = ""

    def of(self, mark: str) -> object:
        """The value of a mark, LEFT_OUT where the job has none."""
        if mark.startswith("$option."):
            return self.options.get(mark.removeprefix("$option."), LEFT_OUT)
        known: dict[str, object] = {
            "$name": self.name,
            "$app": self.app,
            "$panel": self.panel,
            "$options": dict(self.options),
            "$files": list(self.files),
            "$file.name": self.file_name,
            "$file.size": self.file_size,
            "$id": self.remote_id,
        }
        return known.get(mark, mark)


def filled(data: object, values: Values) -> Any:
    """A copy with all marks replaced; fields and entries that are left out are not in it."""
    if isinstance(data, dict):
        pairs = ((key, filled(value, values)) for key, value in data.items())
        return {key: value for key, value in pairs if value is not LEFT_OUT}
    if isinstance(data, list):
        return [value for value in (filled(each, values) for each in data) if value is not LEFT_OUT]
    return values.of(data) if isinstance(data, str) and data.startswith("$") else data


def path_of(call: Call, **places: str) -> str:
    """The path with its places filled in, each as one part of it, and the query behind it."""
    path = call.path
    for name, value in places.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    whole = {"{" + name + "}": value for name, value in places.items()}
    pairs = ((name, whole.get(value, value)) for name, value in call.query.items())
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs)
    return f"{path}?{query}" if query else path
