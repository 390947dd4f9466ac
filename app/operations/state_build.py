"""State the genome build of a dataset where its files do not tell it for certain, or take that back."""

from __future__ import annotations

import asyncio

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.finding import BuildGuess
from app.domain.job import Event
from app.domain.problem import Kind, problem
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk
from app.operations.packed_folders import packed_folders
from app.operations.predict import predict
from app.operations.tasks import TaskKind
from app.store import datasets
from app.store.store import Connection as StoreConnection


async def state_build(desk: Desk, dataset_id: str, build: str) -> Changes:
    """Keep what the person states, check the files by it, and predict anew all that was predicted.

    `build` in any of the usual spellings; empty takes the statement back. ProblemError, and nothing is
    changed, for an unknown name and where known positions, contig lengths or the ends of chromosomes
    contradict.
    """
    dataset = await dataset_of(desk, dataset_id)
    name = _name(build)
    settled = await _settled(desk, dataset, name) if name else None
    await _keep(desk, dataset_id, name, settled)
    await desk.note(Event(at=desk.clock.now(), kind="check", text=_said(name), dataset_id=dataset_id))
    changes = await check_dataset(desk, dataset_id)
    for each in dataset.verdicts:
        changes |= await predict(desk, dataset_id, each.service_id, each.panel_id, each.population)
    return changes


def _name(build: str) -> str:
    from app.genotypes.builds import BUILDS, build_name

    found = build_name(build)
    if build and found is None:
        raise problem(
            Kind.INPUT,
            "The build is not known",
            f"“{build}” is no genome build that the program knows.",
            f"Name one of {', '.join(BUILDS)}.",
        )
    return found or ""


def _said(name: str) -> str:
    return f"{name} was stated as the build." if name else "The build is as found; no other is stated."


async def _settled(desk: Desk, dataset: Dataset, name: str) -> BuildGuess:
    """What the packed genotypes of the last check say to it; reads their positions, so in a process."""
    from app.genotypes.stated_build import settle_errand
    from app.genotypes.worker import run_in_process

    folders = await asyncio.to_thread(packed_folders, desk, dataset)
    if not folders:
        raise problem(
            Kind.INPUT,
            "The files have to be checked first",
            "They were not read to their end yet, or they have changed since.",
            "Check them, then state the build.",
            subject=dataset.name,
        )
    title = f"Comparing the positions of {dataset.name} with {name}"
    with desk.tasks.running_task(TaskKind.CHECK, title, dataset_id=dataset.id) as task:
        return await run_in_process(settle_errand, folders, name, report=task.report)


async def _keep(desk: Desk, dataset_id: str, name: str, settled: BuildGuess | None) -> None:
    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is None:
            return
        fields: dict[str, object] = {"stated_build": name}
        if settled is not None and found.report is not None:
            fields["report"] = found.report.model_copy(update={"build": settled})
        datasets.save_dataset(c, found.model_copy(update=fields))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.DATASET, dataset_id))
