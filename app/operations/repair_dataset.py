"""Repair a dataset: show the plan, write the files, and add what was written as a new dataset."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.finding import BuildGuess
from app.domain.job import Event
from app.domain.names import new_id
from app.domain.panel import Panel
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.domain.repair import NamedSites, RepairCode, RepairOutcome, RepairPlan
from app.genotypes.repair.staging import Stage, moved_outcome
from app.operations.add_dataset import data_files
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.packed_folders import packed_folders
from app.operations.predict import learned_file
from app.operations.reference_genomes import references
from app.operations.repair_stage import published, repair_stage
from app.operations.residency import inherit_residency, rule_for
from app.operations.tasks import TaskKind
from app.store import datasets, services
from app.store.store import Connection as StoreConnection

if TYPE_CHECKING:
    from app.genotypes.repair.errand import Repaired, RepairErrand


async def plan_repair(
    desk: Desk,
    dataset_id: str,
    service_id: str | None = None,
    panel_id: str | None = None,
    population: str = "",
    chain: Path | None = None,
    drop_samples: tuple[str, ...] = (),
    chosen: tuple[RepairCode, ...] | None = None,
    reference: Path | None = None,
) -> RepairPlan:
    """What would be repaired to make a dataset ready for a service; nothing is written.

    `chosen` None: what the repairs propose. `reference` is a FASTA file of the genome, None: the one
    that is remembered for the build. Shown as a task, which can be cancelled.
    """
    dataset = await _dataset(desk, dataset_id)
    errand = await _errand(desk, dataset, service_id, panel_id, population, chain, drop_samples, chosen)
    build, errand = await _with_reference(desk, dataset, service_id, panel_id, errand, reference)
    title = f"Planning repairs of {dataset.name}"
    with desk.tasks.running_task(TaskKind.REPAIR, title, dataset_id=dataset_id) as task:
        async with repair_stage(desk, new_id("plan")) as stage:
            plan = await _in_process_plan(replace(errand, work=str(stage.work)), task.report)
    before = next((v.headline for v in dataset.verdicts if v.service_id == service_id), "")
    told = {"before": before, "reference": errand.reference or "", "reference_build": build}
    return plan.model_copy(update=told)


async def _with_reference(
    desk: Desk,
    dataset: Dataset,
    service_id: str | None,
    panel_id: str | None,
    errand: RepairErrand,
    reference: Path | None,
) -> tuple[str, RepairErrand]:
    """The build that a genome has to be of (files are lifted to the panel's first), and the errand with it.

    Without a file that of the build is taken which was shown before.
    """
    panel = await _panel(desk, service_id, panel_id)
    guess = dataset.report.build.value if dataset.report is not None else None
    build = (panel.build if panel is not None else None) or guess or dataset.stated_build
    path = str(reference) if reference is not None else (await references(desk)).get(build)
    return build, replace(errand, reference=path)


async def repair_dataset(
    desk: Desk,
    dataset_id: str,
    service_id: str | None = None,
    panel_id: str | None = None,
    chosen: tuple[RepairCode, ...] | None = None,
    folder: Path | None = None,
    population: str = "",
    chain: Path | None = None,
    drop_samples: tuple[str, ...] = (),
    reference: Path | None = None,
    leave_out: NamedSites | None = None,
) -> Changes:
    """Make the chosen repairs and add the outcome as a new dataset, checked and judged.

    Of files of several groups of people each becomes a dataset of its own, which can be sent. Files go to
    `folder`, or to the data folder of the program, those of a group to one inside it. The files of the
    dataset are never touched, and nothing is overwritten; when the repair fails or is cancelled nothing of it
    stays. `leave_out` are sites to leave out whatever the repairs propose.
    """
    dataset = await _dataset(desk, dataset_id)
    errand = await _errand(desk, dataset, service_id, panel_id, population, chain, drop_samples, chosen)
    _, errand = await _with_reference(desk, dataset, service_id, panel_id, errand, reference)
    errand = _without(errand, leave_out)
    new = new_id("data")
    with desk.tasks.running_task(TaskKind.REPAIR, f"Repairing {dataset.name}", dataset_id=dataset_id) as task:
        rule = await rule_for(desk, dataset, dataset.files)
        async with repair_stage(desk, new, folder, rule) as stage:
            parts = await _in_process_repair(errand, stage, task.report)
            async with published(stage):
                panel = await _panel(desk, service_id, panel_id)
                made = await _keep(desk, dataset, new, parts, stage, panel)
    for each in made:
        await check_dataset(desk, each, service_id, panel_id, population=population)
    return Changes.of(Noun.DATASET, *made, dataset_id)


def _without(errand: RepairErrand, named: NamedSites | None) -> RepairErrand:
    if named is None:
        return errand
    sites = {name: frozenset(positions) for name, positions in named.positions.items()}
    return replace(errand, choices=replace(errand.choices, drop_sites=sites, drop_build=named.build))


async def _keep(
    desk: Desk, dataset: Dataset, new: str, parts: tuple[Repaired, ...], stage: Stage, panel: Panel | None
) -> tuple[str, ...]:
    """Add a dataset for each group of people that was repaired, all or none; gives their ids."""
    from app.genotypes.repair.errand import outcome_of

    written = [each for each in parts if each.outcome.files]
    left = tuple(f"{e.outcome.group}: {e.outcome.refused}" for e in parts if not e.outcome.files)
    ids = (new, *(new_id("data") for _ in written[1:]))
    made = [
        await _repaired(desk, dataset, key, _with_left_out(part, left), stage, panel)
        for key, part in zip(ids, written, strict=True)
    ]
    made = [await inherit_residency(desk, each, dataset) for each in made]

    def write(c: StoreConnection) -> None:
        for each in made:
            datasets.save_dataset(c, each)

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.DATASET, *ids))
    text = _books(outcome_of(parts))
    await desk.note(Event(at=desk.clock.now(), kind="repair", text=text, dataset_id=dataset.id))
    return ids


def _with_left_out(part: Repaired, left: tuple[str, ...]) -> Repaired:
    return replace(part, outcome=part.outcome.model_copy(update={"left_out": left}))


async def _repaired(
    desk: Desk, dataset: Dataset, key: str, part: Repaired, stage: Stage, panel: Panel | None
) -> Dataset:
    outcome = moved_outcome(part.outcome, stage)
    group = f", {outcome.group}" if outcome.group else ""
    return Dataset(
        id=key,
        name=f"{dataset.name}{group}, repaired",
        files=await asyncio.to_thread(data_files, tuple(Path(each.path) for each in outcome.files)),
        added=desk.clock.now(),
        verdicts=(part.verdict,) if part.verdict is not None else (),
        made_from=dataset.id,
        outcome=outcome,
        stated_build=_stated_after(dataset, outcome, panel),
    )


def _stated_after(dataset: Dataset, outcome: RepairOutcome, panel: Panel | None) -> str:
    """The build that was stated of the files holds for what was made of them; lifted ones are the panel's."""
    if not dataset.stated_build or not any(each.code is RepairCode.LIFTOVER for each in outcome.applied):
        return dataset.stated_build
    return (panel.build if panel is not None else None) or ""


def _books(outcome: RepairOutcome) -> str:
    """What went in and came out: in all, and of each group of people."""
    text = f"Repaired: {_in_and_out(outcome)}."
    text += f" Not possible: {outcome.refused}" if outcome.refused else ""
    parts = [f"{each.group}: {_in_and_out(each)}" for each in outcome.groups]
    return f"{text} Of these {'; '.join(parts)}." if parts else text


def _in_and_out(outcome: RepairOutcome) -> str:
    books = outcome.ledger
    sites = f"{books.sites_out:,} of {books.sites_in:,} sites"
    return f"{sites}, {books.samples_out:,} of {books.samples_in:,} samples"


async def _dataset(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if found is None:
        raise problem(
            Kind.NOT_FOUND, "No such dataset", f"There is no dataset '{dataset_id}'.", subject=dataset_id
        )
    return found


async def _errand(
    desk: Desk,
    dataset: Dataset,
    service_id: str | None,
    panel_id: str | None,
    population: str,
    chain: Path | None,
    drop_samples: tuple[str, ...],
    chosen: tuple[RepairCode, ...] | None,
) -> RepairErrand:
    from app.genotypes.repair.errand import RepairErrand
    from app.genotypes.repair.target import RepairChoices
    from app.genotypes.rules import rules_for

    panel = await _panel(desk, service_id, panel_id)
    sites = await _sites(desk, panel)
    build = dataset.report.build if dataset.report is not None else None
    rules = None
    if service_id is not None:
        service = await desk.service(service_id)
        rules = rules_for(
            service, panel, population=population, build=build.value if build is not None else None
        )
    return RepairErrand(
        paths=tuple(each.path for each in dataset.files),
        cohorts=await asyncio.to_thread(packed_folders, desk, dataset),
        rules=rules,
        panel=sites,
        learned=_learned(desk, panel, build, over_sites=sites is not None),
        study_build=build if build is not None and build.value else None,
        stated_build=dataset.stated_build,
        chain=str(chain) if chain is not None else None,
        kept_chains=await _kept_chains(desk, panel),
        choices=RepairChoices(
            chosen=None if chosen is None else frozenset(chosen), drop_samples=frozenset(drop_samples)
        ),
    )


async def _kept_chains(desk: Desk, panel: Panel | None) -> tuple[str, ...]:
    """The kept chain files that lead to the panel's build: files of several groups may need several."""
    from app.operations.chains import list_chains

    if panel is None or panel.build is None:
        return ()
    return tuple(each.path for each in await list_chains(desk) if each.to_build == panel.build)


async def _panel(desk: Desk, service_id: str | None, panel_id: str | None) -> Panel | None:
    if service_id is None or panel_id is None:
        return None
    found = await desk.store.read(lambda c: services.panel(c, service_id, panel_id))
    if found is None:
        raise problem(
            Kind.NOT_FOUND, "No such panel", f"The service has no panel '{panel_id}'.", subject=panel_id
        )
    return found


async def _sites(desk: Desk, panel: Panel | None) -> str | None:
    """The kept site list of a panel."""
    from app.operations.panel_sites import sites_for

    if panel is None:
        return None
    found = await sites_for(desk, panel.key)
    return str(found) if found is not None else None


def _learned(desk: Desk, panel: Panel | None, build: BuildGuess | None, *, over_sites: bool) -> str | None:
    """The alleles that lists of real jobs told of a panel, in its build.

    Without a site list only where that is surely the build of the files: what is known of so few sites could
    not be compared after a lift-over.
    """
    from app.genotypes.builds import SURE

    if panel is None:
        return None
    sure = build is not None and build.confidence >= SURE and panel.build in (None, build.value)
    return str(learned_file(desk, panel)) if sure or (over_sites and panel.build is not None) else None


async def _in_process_plan(errand: RepairErrand, report: Report) -> RepairPlan:
    from app.genotypes.repair.errand import plan_errand
    from app.genotypes.worker import run_in_process

    return await run_in_process(plan_errand, errand, report=report)


async def _in_process_repair(
    errand: RepairErrand, stage: Stage, report: Report = silent
) -> tuple[Repaired, ...]:
    from app.genotypes.repair.errand import repair_errand
    from app.genotypes.worker import run_in_process

    errand = replace(errand, work=str(stage.work))
    return await run_in_process(repair_errand, errand, str(stage.files), str(stage.out), report=report)
