"""What the family `guided` needs of this program: its folders, kept site lists, and ways between builds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.dataset import DataFile, Dataset
from app.domain.problem import Kind, problem
from app.operations.chains import CHAINS, listed_chains
from app.store import datasets
from app.store.store import Store

if TYPE_CHECKING:
    from app.genotypes.made_for_page import LiftWay


class WebPages:
    """Records lie in the data folder, prepared files beside it, where a person finds them in a browser."""

    def __init__(self, home: Path, store: Store) -> None:
        self._home = home
        self._store = store

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

    async def reference_of(self, files: tuple[DataFile, ...], build: str) -> Path | None:
        """See `Host`: one that the person has shown. Files of no known build cannot be compared with it."""
        dataset = await self._dataset_of(files)
        if dataset is None or not build_of(dataset):
            return None
        from app.operations.reference_genomes import references_in

        found = (await references_in(self._store)).get(build)
        return Path(found) if found else None

    async def _dataset_of(self, files: tuple[DataFile, ...]) -> Dataset | None:
        wanted = {each.path for each in files}
        known = await self._store.read(datasets.datasets)
        return next((each for each in known if {f.path for f in each.files} == wanted), None)

    async def way_to(self, files: tuple[DataFile, ...], build: str) -> LiftWay | None:
        """See `Host`: the build of the files is what their check found, else what the person said."""
        from app.genotypes.made_for_page import LiftWay

        dataset = await self._dataset_of(files)
        here = build_of(dataset) if dataset is not None else ""
        if dataset is None or not here or here == build:
            return None
        chains = await asyncio.to_thread(listed_chains, self._home / CHAINS)
        chain = next((each for each in chains if (each.from_build, each.to_build) == (here, build)), None)
        if chain is None:
            raise problem(
                Kind.INPUT,
                "The build does not fit",
                f"The page wants {build}, and the files are {here}.",
                "Add a chain file in the settings: then the files are lifted over when they are prepared.",
            )
        return LiftWay(here=here, there=build, chain=chain.path, stated=dataset.stated_build)


def build_of(dataset: Dataset) -> str:
    """What the check found, else what the person said; empty where nobody knows."""
    found = dataset.report.build.value if dataset.report is not None else None
    return found or dataset.stated_build or ""
