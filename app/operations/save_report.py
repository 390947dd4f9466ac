"""Write the report of a dataset: a page or JSON, without names of people unless they are wanted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.dataset import Dataset
from app.domain.problem import Kind, problem
from app.operations.cohort_folder import dataset_figures
from app.operations.desk import Desk
from app.store import datasets

if TYPE_CHECKING:
    from app.genotypes.figures import Figures


async def save_report(desk: Desk, dataset_id: str, path: Path, names: bool = False) -> None:
    """Write `path`: JSON when it ends so, a page otherwise; whole or not at all.

    `names`: with names of people. ProblemError when the dataset is gone or unchecked, or the disk refuses.
    """
    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if dataset is None or dataset.report is None:
        raise problem(
            Kind.NOT_FOUND,
            "There is no report yet",
            "The dataset was not checked, or it was removed.",
            "Check it, then save the report.",
        )
    figures = await dataset_figures(desk, dataset_id)
    await asyncio.to_thread(write_report, path, dataset, figures, names)


def write_report(path: Path, dataset: Dataset, figures: Figures | None, names: bool) -> None:
    """Write a report; ProblemError when the disk refuses."""
    from app.genotypes.report import html_report, json_report

    make = json_report if path.suffix.lower() == ".json" else html_report
    _write(path, make(dataset, figures, names))


def _write(path: Path, words: str) -> None:
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(words, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise problem(
            Kind.DISK,
            "The report was not saved",
            error.strerror or str(error),
            "Choose another folder.",
            subject=path.name,
        ) from error
