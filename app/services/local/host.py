"""What this family needs of the program around it; `operations` gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from app.domain.model import Model


class FoundEngine(Model):
    """An engine on this computer: `name` is sent, `title` is shown."""

    name: str
    title: str
    version: str = ""


class Host(Protocol):
    """The folder of panels and jobs, the engines, and who works on the queue."""

    @property
    def folder(self) -> Path:
        """Where panels and jobs are; it need not be there yet."""
        ...

    async def engines(self) -> tuple[FoundEngine, ...]:
        """The engines that can be used now, the one to offer first in front."""
        ...

    def wake(self) -> None:
        """See to it that somebody works on the queue. Returns at once; raises nothing."""
        ...
