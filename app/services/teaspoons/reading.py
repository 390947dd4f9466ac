"""Taking values out of JSON that somebody else wrote: absent, null and of the wrong type are all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.services.plain_text import plain_line


def text(data: Any, name: str) -> str:
    """A text in one line; numbers as a server writes them, else empty."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_line(str(value), 2000) if isinstance(value, str | int | float) else ""


def raw_text(data: Any, name: str) -> str:
    """A text exactly as it came, for what is compared or sent back; else empty."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def number(data: Any, name: str) -> float | None:
    """A number that is one."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return float(value) if abs(value) < 1e18 else None


def objects(data: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    value = data.get(name) if isinstance(data, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def inner(data: Any, name: str) -> dict[str, Any]:
    """An object within an object, empty when there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def moment(data: Any, name: str) -> datetime | None:
    """A time in ISO 8601; one without an offset is meant as UTC."""
    try:
        found = datetime.fromisoformat(raw_text(data, name))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
