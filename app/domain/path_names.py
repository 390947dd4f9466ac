"""Names of files that are not UTF-8, without pydantic; see `path_text`."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

_SURROGATE = re.compile("[\ud800-\udfff]")
_MARK = "not-utf-8:"


def shown(text: str) -> str:
    """A text that can be shown, written and sent."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def kept(path: str) -> str:
    """A path as JSON takes it; `opened` gives it back."""
    if path.isascii() or not _SURROGATE.search(path):
        return path
    return _MARK + quote(path.encode("utf-8", "surrogatepass"))


def opened(path: str) -> str:
    """A path that opens its file, of what `kept` made."""
    if path.startswith(_MARK):
        return unquote_to_bytes(path.removeprefix(_MARK)).decode("utf-8", "surrogatepass")
    return path
