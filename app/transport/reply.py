"""What a server answered, whichever way it was asked."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SMALL_BODY = 256 * 1024
"""Bytes of an error page that are worth reading."""


@dataclass(frozen=True)
class Reply:
    """Status, headers (names in lower case) and body; `cut` when the body was longer than is read."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @functools.cached_property
    def json(self) -> Any:
        """The JSON of the body whatever its declared type, or None; read once."""
        if not self.body.lstrip().startswith((b"{", b"[")):
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")


class AnswerError(Exception):
    """A redirect or an answer that must not be acted upon; `reply` is what came."""

    def __init__(self, reply: Reply, what: str) -> None:
        super().__init__(what)
        self.reply = reply
