"""Write the report of a dataset: a page or JSON, without names of people unless they are wanted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.dataset import Dataset
from app.domain.problem import Kind, problem
from app.operations.cohort_folder import dataset_figures
from app.operations.desk import Desk
from app.operations.whole_file import whole_file
from app.store import datasets

if TYPE_CHECKING:
    from app.genotypes.figures import Figures


async def save_report(desk: Desk, dataset_id: str, path: Path, names: bool = False) -> None:
    """Write `path`: JSON when it ends so, a page otherwise; whole or not at all.

    `names`: with names of people. ProblemError when the dataset is gone or unchecked, the file is one of
    genotypes, or the disk refuses.
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
    """Write a report; ProblemError when the disk refuses or the file is one of genotypes."""
    from app.genotypes.report import html_report, json_report

    refuse_genotypes(path, (Path(each.path) for each in dataset.files))
    make = json_report if path.suffix.lower() == ".json" else html_report
    _write(path, make(dataset, figures, names))


def refuse_genotypes(path: Path, inputs: Iterable[Path]) -> None:
    """ProblemError where a report would replace one of its inputs, or any other file of genotypes."""
    if not path.exists() or not (any(_same(path, each) for each in inputs) or _has_genotypes(path)):
        return
    raise problem(
        Kind.INPUT,
        "The report was not saved",
        f"{path} holds genotypes, and the report would replace it.",
        "Choose another name for the report.",
        subject=path.name,
    )


def _same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)


def _has_genotypes(path: Path) -> bool:
    from app.genotypes.readers.file_sets import kind_of
    from app.genotypes.sniff import look

    try:
        found = look(path)
    except OSError:
        return False
    return found.vcf or found.readable or bool(kind_of(path))


def _write(path: Path, words: str) -> None:
    with told_of_the_disk(path), whole_file(path) as file:
        file.write(words)


@contextlib.contextmanager
def told_of_the_disk(path: Path) -> Iterator[None]:
    """ProblemError where the disk refuses to take a report."""
    try:
        yield
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The report was not saved",
            error.strerror or str(error),
            "Choose another folder.",
            subject=path.name,
        ) from error
