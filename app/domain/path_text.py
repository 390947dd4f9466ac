"""Paths and names of files in texts, also such as are not UTF-8.

Python holds a byte of a name that is no text as a lone surrogate (PEP 383). Neither JSON nor a terminal takes
one: a path is kept in a form that comes back, and what is shown has a replacement character.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, unquote_to_bytes

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

_SURROGATE = re.compile("[\ud800-\udfff]")
_MARK = "not-utf-8:"


def shown(text: str) -> str:
    """A text that can be shown, written and sent."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _kept(path: str | None) -> str | None:
    if path is None or path.isascii() or not _SURROGATE.search(path):
        return path
    return _MARK + quote(path.encode("utf-8", "surrogatepass"))


def _opened(path: object) -> object:
    if isinstance(path, str) and path.startswith(_MARK):
        return unquote_to_bytes(path.removeprefix(_MARK)).decode("utf-8", "surrogatepass")
    return path


PathText = Annotated[str, BeforeValidator(_opened), PlainSerializer(_kept, when_used="json")]
"""A path that opens its file, also after it was kept as JSON."""
ShownText = Annotated[str, AfterValidator(shown)]
"""A text that may hold the name of a file."""
