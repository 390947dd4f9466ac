"""Where the packed genotypes and the figures of a dataset lie: they are made anew by every check."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from app.operations.desk import Desk
from app.store import datasets

if TYPE_CHECKING:
    from app.genotypes.figures import Figures

FOLDER = "cohorts"


def cohort_folder(desk: Desk, dataset_id: str) -> Path:
    """The folder of a dataset; it need not exist."""
    return desk.home / FOLDER / dataset_id


async def dataset_figures(desk: Desk, dataset_id: str) -> Figures | None:
    """What the plots of a dataset are drawn from, None when it was not checked or they cannot be read."""
    from app.genotypes.figures import FILE, load_figures

    path = cohort_folder(desk, dataset_id) / FILE
    with contextlib.suppress(OSError, ValueError):
        return await asyncio.to_thread(load_figures, path)
    return None


async def forget_cohort(desk: Desk, dataset_id: str) -> None:
    """Remove the packed genotypes of a dataset; the user's files stay."""
    await asyncio.to_thread(shutil.rmtree, cohort_folder(desk, dataset_id), True)


async def tidy_cohorts(desk: Desk) -> None:
    """Remove packed genotypes whose dataset is gone."""
    known = {each.id for each in await desk.store.read(datasets.datasets)}
    root = desk.home / FOLDER
    inside = await asyncio.to_thread(lambda: list(root.iterdir()) if root.is_dir() else [])
    for each in inside:
        if each.name not in known:
            await asyncio.to_thread(shutil.rmtree, each, True)
