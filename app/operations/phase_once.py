"""Phase a dataset on this computer, so that several services impute from the same haplotypes."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile, Dataset
from app.domain.job import Event
from app.domain.names import new_id
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.genotypes.repair.staging import Stage
from app.imputation.contract import WHOLE, EngineName, PhasingName, Tools
from app.imputation.engines import find_engine
from app.imputation.panel_part import PanelPart
from app.imputation.phase_only import PhasedFile, PhaseTask, phase_files
from app.operations.add_dataset import data_files
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk
from app.operations.local_host import memory_of, threads_of, tools_of
from app.operations.local_panel_files import PanelParts, read_parts
from app.operations.repair_stage import published, repair_stage
from app.operations.residency import inherit_residency, rule_for
from app.operations.tasks import TaskKind
from app.services.local.layout import LocalPanel, panels_folder, read_panels
from app.store import datasets


async def phased_once(desk: Desk, dataset_id: str, panel_id: str, by: str = "") -> str:
    """The id of a dataset with the same people and phased genotypes, made with a panel of this computer.

    `by` is a `PhasingName`, empty for the built-in one.

    Data that are phased already are taken as they are; what was phased with this panel before is taken again.
    The new dataset is under the rules of the old one, and checked. ProblemError, and nothing stays, when the
    panel does not fit the data or a site could not be accounted for.
    """
    dataset = await dataset_of(desk, dataset_id)
    if dataset.report is not None and dataset.report.phased:
        return dataset.id
    panel, method = _panel(desk, panel_id), PhasingName(by or PhasingName.BUILTIN)
    _refuse_other_build(dataset, panel)
    known = await _made_before(desk, dataset, _name(dataset, panel, method), panel.added)
    if known is None and method is PhasingName.BEAGLE:
        await asyncio.to_thread(_refuse_absent_beagle, tools_of((await desk.settings()).local))
    made = known or await _phase(desk, dataset, panel, method)
    if made.report is None:
        await check_dataset(desk, made.id)
    return made.id


def _panel(desk: Desk, panel_id: str) -> LocalPanel:
    found = next((each for each in read_panels(desk.home / "local") if each.id == panel_id), None)
    if found is None:
        raise problem(
            Kind.NOT_FOUND,
            "The panel is not on this computer",
            f"This computer has no panel “{panel_id}”.",
            "Add it in Panels, or choose another one to phase with.",
            subject=panel_id,
        )
    return found


def _refuse_other_build(dataset: Dataset, panel: LocalPanel) -> None:
    told = dataset.stated_build or (dataset.report.build.value if dataset.report is not None else None)
    if told != panel.build:
        raise problem(
            Kind.INPUT,
            "The panel is of another build",
            f"{dataset.name} is in {told or 'no build that is known'}, {panel.name} in {panel.build}.",
            "Phase with a panel of the build of the data, or lift the data first with “Make it ready”.",
            subject=dataset.name,
        )


def _refuse_absent_beagle(tools: Tools) -> None:
    if not find_engine(EngineName.BEAGLE, tools).present:
        raise problem(
            Kind.NOT_FOUND,
            "Beagle is not on this computer",
            "The data were to be phased by Beagle, and its program or Java was not found.",
            "Install it, name it in Settings, or phase by the built-in program.",
        )


def _name(dataset: Dataset, panel: LocalPanel, method: PhasingName) -> str:
    by = " by Beagle" if method is PhasingName.BEAGLE else ""
    return f"{dataset.name}, phased with {panel.name}{by}"


async def _made_before(desk: Desk, dataset: Dataset, name: str, since: datetime) -> Dataset | None:
    """Phased after the files were last checked and the panel was added, and not changed since.

    Files that changed have to be checked anew before they are sent, so the time of the check is what counts.
    """
    since = max(since, dataset.checked or desk.clock.now())
    for each in await desk.store.read(datasets.datasets):
        same = each.made_from == dataset.id and each.name == name
        if same and each.added >= since and await asyncio.to_thread(_is_whole, each):
            return each
    return None


def _is_whole(dataset: Dataset) -> bool:
    for file in dataset.files:
        try:
            seen = Path(file.path).stat()
        except OSError:
            return False
        if (seen.st_size, seen.st_mtime_ns) != (file.size, file.modified):
            return False
    return True


async def _phase(desk: Desk, dataset: Dataset, panel: LocalPanel, method: PhasingName) -> Dataset:
    new = new_id("data")
    folder = panels_folder(desk.home / "local") / panel.id
    kept = await asyncio.to_thread(read_parts, folder)
    title = f"Phasing {dataset.name} with {panel.name}"
    with desk.tasks.running_task(TaskKind.REPAIR, title, dataset_id=dataset.id) as task:
        rule = await rule_for(desk, dataset, dataset.files)
        async with repair_stage(desk, new, rule=rule) as stage:
            tasks = await _tasks(desk, dataset, kept, folder, stage)
            if method is PhasingName.BEAGLE:  # else the built-in one, where it is needed
                tasks = tuple(each.model_copy(update={"phasing": method}) for each in tasks)
            told = await _in_process(tasks, task.report)
            async with published(stage):
                paths = tuple(stage.out / each.path.name for each in told)
                made = await _described(desk, dataset, _name(dataset, panel, method), new, paths)
                await desk.store.write(lambda c: datasets.save_dataset(c, made))
    text = _books(panel, method, told)
    for each in (dataset.id, new):
        await desk.note(Event(at=desk.clock.now(), kind="repair", text=text, dataset_id=each))
    desk.announce(Changes.of(Noun.DATASET, new))
    return made


async def _in_process(tasks: tuple[PhaseTask, ...], report: Report) -> tuple[PhasedFile, ...]:
    from app.genotypes.worker import run_in_process

    return await run_in_process(phase_files, tasks, report=report)


async def _tasks(
    desk: Desk, dataset: Dataset, kept: PanelParts, folder: Path, stage: Stage
) -> tuple[PhaseTask, ...]:
    local = (await desk.settings()).local
    chromosomes = {facts.path: facts.chromosomes for facts in dataset.report.files} if dataset.report else {}
    build = dataset.stated_build or (dataset.report.build.value if dataset.report is not None else None)

    def parts_of(file: DataFile) -> list[tuple[PanelPart, tuple[int, int]]]:
        names = chromosomes.get(file.path, ())
        found = (part for name in names for part in _parts(kept, name, file.name))
        return [(part, part_range(part, build or "")) for part in found]

    return tuple(
        PhaseTask(
            target=Path(file.path),
            out=stage.files / (file.name.removesuffix(".gz").removesuffix(".vcf") + ".phased.vcf.gz"),
            panel_folder=folder,
            parts=tuple(part for part, _ in parts_of(file)),
            ranges=tuple(range_ for _, range_ in parts_of(file)),
            maps={name: folder / each for name, each in kept.maps.items()},
            folder=stage.work / str(number),
            memory_mb=memory_of(local),
            threads=threads_of(local),
            tools=tools_of(local),
        )
        for number, file in enumerate(dataset.files)
    )


def _parts(kept: PanelParts, name: str, file: str) -> tuple[PanelPart, ...]:
    """The parts of a panel for a chromosome of a file: three of X, for which men have one allele or two."""
    from app.genotypes.builds import plain_chromosome

    plain = plain_chromosome(name) or name
    parts = kept.of(plain)
    if parts:
        return parts
    raise problem(
        Kind.INPUT,
        "Not every chromosome can be phased here",
        f"{file} has chromosome {plain}, and the panel has no such chromosome.",
        "Leave that chromosome out of the dataset, and send it by itself.",
        subject=file,
    )


def part_range(part: PanelPart, build: str) -> tuple[int, int]:
    """The first and the last position of the data that a part of X covers; all of them elsewhere."""
    from app.genotypes.repair.regions import NON_PAR, REGIONS

    if not part.part:
        return 1, WHOLE
    first, last = NON_PAR.get(build, NON_PAR["GRCh37"])
    return ((1, first - 1), (first, last), (last + 1, WHOLE))[REGIONS.index(part.part)]


async def _described(desk: Desk, dataset: Dataset, name: str, key: str, paths: tuple[Path, ...]) -> Dataset:
    made = Dataset(
        id=key,
        name=name,
        files=await asyncio.to_thread(data_files, paths),
        added=desk.clock.now(),
        made_from=dataset.id,
        stated_build=dataset.stated_build,
    )
    return await inherit_residency(desk, made, dataset)


def _books(panel: LocalPanel, method: PhasingName, told: tuple[PhasedFile, ...]) -> str:
    """Every site that came in, phased or left out with its reason."""
    left: dict[str, int] = {}
    for each in told:
        for reason, number in each.left_out.items():
            left[reason] = left.get(reason, 0) + number
    sites_in, sites_out = sum(each.sites_in for each in told), sum(each.sites_out for each in told)
    by = " by Beagle" if method is PhasingName.BEAGLE else ""
    text = f"Phased on this computer with {panel.name}{by}: {sites_out:,} of {sites_in:,} sites."
    if left:
        text += f" Left out: {', '.join(f'{number:,} {reason}' for reason, number in left.items())}."
    filled = sum(each.filled for each in told)
    return f"{text} {filled:,} missing genotypes were filled." if filled else text
