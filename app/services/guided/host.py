"""What this family needs of the program around it; `operations` gives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.domain.dataset import DataFile

if TYPE_CHECKING:
    from app.genotypes.made_for_page import LiftWay


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

    async def reference_of(self, files: tuple[DataFile, ...], build: str) -> Path | None:
        """A genome of this build, for files that are of it or are lifted to it; None where there is none."""
        ...

    async def way_to(self, files: tuple[DataFile, ...], build: str) -> LiftWay | None:
        """From the build of these files to another; None where they are of it, or nobody knows theirs.

        ProblemError where they are of another and no chain file leads there.
        """
        ...
