"""Check the files of a dataset as the chosen service would, on this computer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import CheckReport
from app.domain.job import Event
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Limits
from app.operations.add_dataset import data_files
from app.operations.desk import Desk
from app.operations.tasks import TaskKind
from app.store import datasets
from app.store.store import Connection as StoreConnection

LOCK_TRIES = 50
LOCK_PAUSE_S = 0.1


async def check_dataset(
    desk: Desk,
    dataset_id: str,
    service_id: str | None = None,
    panel_id: str | None = None,
    build: str | None = None,
    phasing: bool = True,
) -> Changes:
    """Read every file once, in a process of its own, and keep what was found.

    With a service its limits count. Findings are no Problem; a file that is gone is. One check of a dataset
    runs at a time, whoever starts it.
    """
    dataset = await _dataset(desk, dataset_id)
    limits = (await desk.service(service_id)).limits if service_id else Limits()
    for _ in range(LOCK_TRIES):  # a check that was stopped just now takes a moment to end
        async with desk.only_one(dataset_id) as mine:
            if mine:
                return await _checked(desk, dataset, limits, service_id, build, phasing)
        await asyncio.sleep(LOCK_PAUSE_S)
    raise problem(
        Kind.INPUT,
        "The dataset is being checked already",
        f"Another check of {dataset.name} is running.",
        "Wait for it, or stop it.",
        subject=dataset.name,
    )


async def _checked(
    desk: Desk, dataset: Dataset, limits: Limits, service_id: str | None, build: str | None, phasing: bool
) -> Changes:
    dataset_id = dataset.id
    await _update(desk, dataset_id, state=DatasetState.CHECKING, problem="")
    try:
        paths = tuple(Path(f.path) for f in dataset.files)
        files = await asyncio.to_thread(data_files, paths)
        with desk.tasks.running_task(
            TaskKind.CHECK, f"Checking {dataset.name}", dataset_id=dataset_id
        ) as task:
            report = await run_check(paths, limits, bool(service_id), build, phasing, task.report)
    except asyncio.CancelledError:
        await asyncio.shield(
            _update(desk, dataset_id, state=_before(dataset), problem="The check was stopped.")
        )
        raise
    except ProblemError as error:
        await _update(desk, dataset_id, state=DatasetState.FAILED, problem=error.problem.sentence())
        raise
    checked = {"files": files, "state": DatasetState.CHECKED, "report": report, "checked": desk.clock.now()}
    await _update(desk, dataset_id, **checked)
    text = "Checked: a service would take it." if report.accepted else f"Checked: {report.error}"
    await desk.note(Event(at=desk.clock.now(), kind="check", text=text, dataset_id=dataset_id))
    return Changes.of(Noun.DATASET, dataset_id)


async def run_check(
    paths: tuple[Path, ...],
    limits: Limits,
    for_service: bool,
    build: str | None,
    phasing: bool,
    report: Report,
) -> CheckReport:
    """`check_files` in a process of its own; the process alone imports NumPy."""
    from app.genotypes.worker import run_in_process

    return await run_in_process(
        _check, tuple(map(str, paths)), limits, for_service, build, phasing, report=report
    )


def _check(
    paths: tuple[str, ...],
    limits: Limits,
    for_service: bool,
    build: str | None,
    phasing: bool,
    report: Report,
) -> CheckReport:
    from app.genotypes.check import CheckOptions, check_files

    options = CheckOptions(limits=limits, for_service=for_service, build=build, phasing=phasing)
    return check_files(paths, options, report)


def _before(dataset: Dataset) -> DatasetState:
    return dataset.state if dataset.state is not DatasetState.CHECKING else DatasetState.NEW


async def _dataset(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if found is None:
        raise problem(
            Kind.NOT_FOUND, "No such dataset", f"There is no dataset '{dataset_id}'.", subject=dataset_id
        )
    return found


async def _update(desk: Desk, dataset_id: str, **fields: object) -> None:
    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is not None:
            datasets.save_dataset(c, found.model_copy(update=fields))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.DATASET, dataset_id))


async def adopt_checks(desk: Desk) -> Changes:
    """Datasets whose check was cut by the end of the program are unchecked again.

    One that another program on the same data folder checks at this moment is left alone.
    """
    known = await desk.store.read(datasets.datasets)
    changes = Changes()
    for dataset in known:
        if dataset.state is not DatasetState.CHECKING:
            continue
        async with desk.only_one(dataset.id) as mine:
            if mine and (await _dataset(desk, dataset.id)).state is DatasetState.CHECKING:
                await _update(desk, dataset.id, state=DatasetState.NEW, problem="The check was cut short.")
                changes |= Changes.of(Noun.DATASET, dataset.id)
    return changes
