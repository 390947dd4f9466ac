"""Taking values out of JSON that somebody else wrote: absent, null and of the wrong type are all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.services.plain_text import without_controls


def text(data: Any, name: str) -> str:
    """A text without control characters; numbers and booleans as a server writes them, else empty."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return without_controls(str(value)) if isinstance(value, str | int | float) else ""


def number(data: Any, name: str) -> int | None:
    """A whole number."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return int(value) if abs(value) < 1e18 else None


def objects(data: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    value = data.get(name) if isinstance(data, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def moment(data: Any, name: str) -> datetime | None:
    """A time in milliseconds since 1970; 0, negative and impossible ones mean that it is not set."""
    value = number(data, name)
    if value is None or value <= 0:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
