"""From the suspects of a result to a dataset without them, and to the job that sends it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.problem import Kind, problem
from app.domain.repair import NamedSites, RepairCode
from app.domain.result import Result
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.repair_dataset import repair_dataset
from app.store import jobs, results, services
from app.store.store import Connection as StoreConnection

Site = tuple[str, int]
"""Chromosome as the result writes it, and position."""


async def leave_out_suspects(desk: Desk, result_id: str, sites: Sequence[Site]) -> Changes:
    """Write the dataset of a result anew without these sites, and check it; nothing is sent.

    The new dataset is in the changes (one for each group of people). Sites are found by position; files of
    another build than the result are lifted with a kept chain file. ProblemError when no site is found, when
    nobody knows which dataset the result is of, or when its files are gone; then nothing is written.
    """
    result, job, panel = await desk.store.read(lambda c: _known(c, result_id))
    dataset = await dataset_of(desk, _dataset_id(result, job))
    changes = await repair_dataset(
        desk,
        dataset.id,
        job.service_id if job is not None and panel is not None else None,
        panel.id if panel is not None else None,
        (RepairCode.DROP_SITES, RepairCode.LIFTOVER),
        chain=await _chain(desk, dataset, panel),
        leave_out=_named(sites, (panel.build if panel is not None else None) or ""),
    )
    made = (each for each in changes.ids(Noun.DATASET) if each != dataset.id)
    return Changes.of(Noun.DATASET, *made)


async def draft_like(desk: Desk, dataset_id: str, job_id: str) -> JobDraft:
    """A draft that sends a dataset as another one was sent: same service, panel and options.

    The terms are to be ticked anew. ProblemError when the job is no longer known.
    """
    job = await desk.store.read(lambda c: jobs.job(c, job_id))
    if job is None:
        raise problem(Kind.NOT_FOUND, "No such job", f"There is no job '{job_id}'.", subject=job_id)
    return JobDraft(
        dataset_id=dataset_id,
        service_id=job.service_id,
        app_id=job.app_id,
        panel_id=job.panel_id,
        name=f"{job.name}, without suspects",
        options=dict(job.options),
    )


def _known(c: StoreConnection, result_id: str) -> tuple[Result, Job | None, Panel | None]:
    result = results.result(c, result_id)
    if result is None:
        raise problem(Kind.NOT_FOUND, "No such result", f"There is no result '{result_id}'.")
    job = jobs.job(c, result.job_id) if result.job_id else None
    return (
        result,
        job,
        services.panel(c, job.service_id, job.panel_id, job.app_id) if job is not None else None,
    )


def _dataset_id(result: Result, job: Job | None) -> str:
    found = result.dataset_id or (job.dataset_id if job is not None else None)
    if not found:
        raise problem(
            Kind.NOT_FOUND,
            "Nobody knows what was sent",
            "The result does not say which dataset it was made of.",
            "Save the list of suspects, and leave the sites out with the program that made the files.",
        )
    return found


def _named(sites: Sequence[Site], build: str) -> NamedSites:
    from app.genotypes.builds import plain_chromosome

    positions: dict[str, set[int]] = {}
    for chromosome, position in sites:
        positions.setdefault(plain_chromosome(chromosome) or chromosome, set()).add(position)
    return NamedSites(positions={name: tuple(sorted(each)) for name, each in positions.items()}, build=build)


async def _chain(desk: Desk, dataset: Dataset, panel: Panel | None) -> Path | None:
    """A kept chain file from the build of the files to that of the panel, where they differ."""
    from app.operations.chains import list_chains

    here = dataset.stated_build or (dataset.report.build.value if dataset.report is not None else None)
    there = panel.build if panel is not None else None
    if not here or not there or here == there:
        return None
    found = (each for each in await list_chains(desk) if (each.from_build, each.to_build) == (here, there))
    return next((Path(each.path) for each in found), None)
