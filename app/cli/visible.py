"""Text of files and services as it may be written to a terminal: nothing in it steers the terminal."""

from __future__ import annotations

import re

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NOT_FOR_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")
_ALONE = re.compile(r"[\ud800-\udfff]")


def visible(text: str) -> str:
    """Control characters as blanks; bytes of file names that are no UTF-8 as question marks."""
    return _ALONE.sub("?", _STEERING.sub(" ", text))


def plain_json(text: str) -> str:
    """JSON with escapes where its letters would steer a terminal or are no UTF-8; it means the same."""
    return _NOT_FOR_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
