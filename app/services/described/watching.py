"""What may still be done with a description that has a fault: looking after jobs and fetching results.

A stricter check of a later version of the program must not let jobs be lost that are at the service. So what
a look can do without is left out, such as how a job is stopped, or the place in the queue. Everything else
has to be as strict as ever: where requests go, what goes along, which job is meant, how expressions work.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from app.services.described.description import Watched

_FIELDS = frozenset(field.alias or name for name, field in Watched.model_fields.items())
_TOLD_OF_A_JOB = (
    "progress", "progress_to", "step", "queue", "error", "submitted", "started", "ended", "expires", "times",
)  # fmt: skip
_MAY_LACK = frozenset(
    {("health",), ("account",), ("cancel",), ("no_cancel",), ("logs",), ("job_page",), ("files", "size")}
    | {("job", each) for each in _TOLD_OF_A_JOB}
)


def as_far_as_safe(data: dict[str, Any]) -> Watched | None:
    """What may be used of a description that has a fault; None where its jobs cannot be looked after.

    A word for a state that is not understood is left out as well: the state is unknown then, never a success.
    """
    left: dict[str, Any] = json.loads(
        json.dumps({name: value for name, value in data.items() if name in _FIELDS}, default=str)
    )
    while True:
        try:
            found = Watched.model_validate_json(json.dumps(left))
        except ValidationError as error:
            places = [_to_leave_out(each["loc"], each["type"]) for each in error.errors()]
            if not all(place is not None and _taken_out(left, place) for place in set(places)):
                return None
        else:
            return _without_vague_calls(found)


def _to_leave_out(place: tuple[str | int, ...], kind: str) -> tuple[str, ...] | None:
    """The field around a fault that a look can do without, None where there is none."""
    names = tuple(str(each) for each in place[:2])
    if names[:1] in _MAY_LACK:
        return names[:1]
    is_word = len(names) == 2 and names[0] == "states"
    unknown = len(place) == 2 and names[0] in {"job", "files"} and kind == "extra_forbidden"
    return names if names in _MAY_LACK or is_word or unknown else None


def _taken_out(data: dict[str, Any], place: tuple[str, ...]) -> bool:
    """Whether something was there to leave out; it would go round for ever otherwise."""
    for name in place[:-1]:
        data = data[name] if isinstance(data.get(name), dict) else {}
    there = place[-1] in data
    data.pop(place[-1], None)
    return there


def _without_vague_calls(found: Watched) -> Watched | None:
    vague = found.vague_calls()
    lost: dict[str, object] = {}
    for name in vague:
        if name == "cancel":
            lost["cancel"] = None
        elif name.startswith("logs, "):
            lost["logs"] = ()
        else:
            return None
    return found.model_copy(update=lost)
