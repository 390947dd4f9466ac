"""What the family `guided` needs of this program: its folders and the site lists that are kept."""

from __future__ import annotations

import asyncio
from pathlib import Path


class WebPages:
    """Records lie in the data folder, prepared files beside it, where a person finds them in a browser."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def folder(self) -> Path:
        """Where the records of jobs are."""
        return self._home / "by-hand"

    @property
    def prepared(self) -> Path:
        """Where files are prepared unless the person names another folder."""
        return self._home.with_name(f"{self._home.name} uploads")

    async def sites_of(self, service_id: str, app_id: str, panel_id: str) -> Path | None:
        """The kept site list of a panel."""
        from app.operations.panel_sites import kept_list

        return await asyncio.to_thread(kept_list, self._home, f"{service_id}/{app_id}/{panel_id}")
