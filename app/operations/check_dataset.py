"""Check the files of a dataset as the chosen service would, on this computer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import CheckReport
from app.domain.job import Event
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.domain.service import Limits
from app.operations.add_dataset import data_files
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk
from app.operations.folder_rules import remember_folder_rules
from app.operations.private_folder import private_folder
from app.operations.reference_genomes import references
from app.operations.residency_memory import prints_of_files
from app.operations.tasks import TaskKind
from app.store import datasets, services
from app.store.store import Connection as StoreConnection

LOCK_TRIES = 50
LOCK_PAUSE_S = 0.1


class _Wanted(Model):
    """For whom a dataset is checked. `panel_sites` is the folder of the panel's site list, `references` are
    FASTA files by their builds.
    """

    limits: Limits = Limits()
    for_service: bool = False
    build: str | None = None
    phasing: bool = True
    panel_sites: str | None = None
    population: str = ""
    references: dict[str, str] = {}


async def check_dataset(
    desk: Desk,
    dataset_id: str,
    service_id: str | None = None,
    panel_id: str | None = None,
    build: str | None = None,
    phasing: bool = True,
    population: str = "",
) -> Changes:
    """Read every file once, in a process of its own, and keep what was found.

    With a service its limits count, and what it would say is predicted for the panel's `population`. `build`
    is stated by the person; None: what they stated before (`state_build`), if anything.
    Findings are no Problem; a file that is gone is. One check of a dataset runs at a time, whoever starts it.
    """
    dataset = await dataset_of(desk, dataset_id)
    wanted = _Wanted(
        build=build or dataset.stated_build or None, phasing=phasing, references=await references(desk)
    )
    if service_id:
        sites = await _sites(desk, service_id, panel_id)
        service = await desk.service(service_id)
        known = {
            "limits": service.limits,
            "for_service": True,
            "panel_sites": sites,
            "population": population,
        }
        wanted = wanted.model_copy(update=known)
    for _ in range(LOCK_TRIES):  # a check that was stopped just now takes a moment to end
        async with desk.only_one(dataset_id) as mine:
            if mine:
                changes = await _checked(desk, dataset, wanted)
                break
        await asyncio.sleep(LOCK_PAUSE_S)
    else:
        raise _busy(dataset)
    if service_id:
        from app.operations.predict import predict

        changes |= await predict(desk, dataset_id, service_id, panel_id, population, build)
    return changes


def _busy(dataset: Dataset) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The dataset is being checked already",
        f"Another check of {dataset.name} is running.",
        "Wait for it, or stop it.",
        subject=dataset.name,
    )


async def _sites(desk: Desk, service_id: str, panel_id: str | None) -> str | None:
    """The site list that was bound to a panel, None without one."""
    if panel_id is None:
        return None
    from app.operations.panel_sites import sites_for

    panel = await desk.store.read(lambda c: services.panel(c, service_id, panel_id))
    folder = await sites_for(desk, panel.key) if panel is not None else None
    return str(folder) if folder is not None else None


async def _checked(desk: Desk, dataset: Dataset, wanted: _Wanted) -> Changes:
    dataset_id = dataset.id
    await _update(desk, dataset_id, state=DatasetState.CHECKING, problem="", report=None)
    try:
        paths = tuple(Path(f.path) for f in dataset.files)
        files = await asyncio.to_thread(data_files, paths)
        with desk.tasks.running_task(
            TaskKind.CHECK, f"Checking {dataset.name}", dataset_id=dataset_id
        ) as task:
            tell = _FirstLook(desk, dataset_id, task.report)
            await asyncio.to_thread(private_folder, cohort_folder(desk, dataset_id).parent)
            report = await run_check(paths, wanted, cohort_folder(desk, dataset_id), tell)
            await tell.shown()
    except asyncio.CancelledError:
        stopped = {"state": _before(dataset), "report": dataset.report, "problem": "The check was stopped."}
        await asyncio.shield(_update(desk, dataset_id, **stopped))
        raise
    except ProblemError as error:
        await _update(desk, dataset_id, state=DatasetState.FAILED, problem=error.problem.sentence())
        raise
    prints = await asyncio.to_thread(prints_of_files, files)
    checked = {
        "files": files,
        "prints": prints,
        "state": DatasetState.CHECKED,
        "report": report,
        "checked": desk.clock.now(),
    }
    if files != dataset.files:
        checked["verdicts"] = ()  # they were given on other content
    await remember_folder_rules(desk, files)
    await _update(desk, dataset_id, **checked)
    text = "Checked: a service would take it." if report.accepted else f"Checked: {report.error}"
    await desk.note(Event(at=desk.clock.now(), kind="check", text=text, dataset_id=dataset_id))
    return Changes.of(Noun.DATASET, dataset_id)


class _FirstLook:
    """Keeps what the beginning of the files says as the report of a dataset that is still being read."""

    def __init__(self, desk: Desk, dataset_id: str, report: Report) -> None:
        self._desk = desk
        self._dataset_id = dataset_id
        self._report = report
        self._task: asyncio.Task[None] | None = None

    def __call__(self, progress: Progress) -> None:
        early = progress.first_look
        if early is not None and self._task is None:
            self._task = asyncio.ensure_future(_update(self._desk, self._dataset_id, report=early))
        self._report(replace(progress, first_look=None))

    async def shown(self) -> None:
        """Wait until it is written, so that it cannot overwrite what comes later."""
        if self._task is not None:
            await self._task


async def keep_check_ready(desk: Desk) -> None:
    """Let a process that has loaded what a check needs wait for the next one, until the program ends.

    What a file says at first then comes a second earlier. For a program with a window only: it holds 75 MB.
    """
    from app.genotypes.check_errand import check_errand, warm
    from app.genotypes.worker import keep_process_ready

    if not desk.closing:
        await asyncio.to_thread(keep_process_ready, check_errand, warm)


async def run_check(paths: tuple[Path, ...], wanted: _Wanted, folder: Path, report: Report) -> CheckReport:
    """`check_files` in a process of its own; the process alone imports NumPy."""
    from app.genotypes.check_errand import check_errand
    from app.genotypes.worker import run_in_process

    options = {name: getattr(wanted, name) for name in _Wanted.model_fields}
    return await run_in_process(check_errand, tuple(map(str, paths)), options, folder, report=report)


def _before(dataset: Dataset) -> DatasetState:
    return dataset.state if dataset.state is not DatasetState.CHECKING else DatasetState.NEW


async def dataset_of(desk: Desk, dataset_id: str) -> Dataset:
    """The dataset of an id; ProblemError when there is none."""
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
            if mine and (await dataset_of(desk, dataset.id)).state is DatasetState.CHECKING:
                await _update(desk, dataset.id, state=DatasetState.NEW, problem="The check was cut short.")
                changes |= Changes.of(Noun.DATASET, dataset.id)
    return changes
