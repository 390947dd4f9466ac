"""What this family needs of the program around it; `operations` gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Host(Protocol):
    """The folders of jobs and of prepared files, and the site lists that are kept of panels."""

    @property
    def folder(self) -> Path:
        """Where the records of jobs are; it need not be there yet."""
        ...

    @property
    def prepared(self) -> Path:
        """Where files are prepared unless the person names another folder."""
        ...

    async def sites_of(self, service_id: str, app_id: str, panel_id: str) -> Path | None:
        """The kept site list of a panel."""
        ...
