"""A place for what a family has to remember over the end of the program, and that is no secret."""

from __future__ import annotations

from typing import Protocol


class Notes(Protocol):
    """Texts by name; `operations` gives the store. All calls may raise ProblemError."""

    async def get(self, name: str) -> str | None:
        """What was noted there."""
        ...

    async def keep(self, name: str, text: str | None) -> None:
        """Note it, in place of what was there before; None forgets that. It is on the disk afterwards."""
        ...


class ShortNotes:
    """Notes that end with the program, for whoever has no store."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        """See `Notes`."""
        return self._texts.get(name)

    async def keep(self, name: str, text: str | None) -> None:
        """See `Notes`."""
        if text is None:
            self._texts.pop(name, None)
        else:
            self._texts[name] = text
