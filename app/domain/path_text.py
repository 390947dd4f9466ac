"""Paths and names of files in texts, also such as are not UTF-8.

Python holds a byte of a name that is no text as a lone surrogate (PEP 383). Neither JSON nor a terminal takes
one: a path is kept in a form that comes back, and what is shown has a replacement character.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from app.domain.path_names import kept, opened
from app.domain.path_names import shown as shown


def _kept(path: str | None) -> str | None:
    return None if path is None else kept(path)


def _opened(path: object) -> object:
    return opened(path) if isinstance(path, str) else path


PathText = Annotated[str, BeforeValidator(_opened), PlainSerializer(_kept, when_used="json")]
"""A path that opens its file, also after it was kept as JSON."""
ShownText = Annotated[str, AfterValidator(shown)]
"""A text that may hold the name of a file."""
