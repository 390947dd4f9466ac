"""Phase a dataset on this computer, so that several services impute from the same haplotypes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import Event
from app.domain.names import new_id
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.imputation.panel_part import PanelPart
from app.imputation.phase_only import PhasedFile, PhaseTask, phase_files
from app.operations.add_dataset import data_files
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk
from app.operations.local_host import memory_of, threads_of, tools_of
from app.operations.local_panel_files import PanelParts, read_parts
from app.operations.repair_stage import published, repair_stage
from app.operations.residency import inherit_residency
from app.operations.tasks import TaskKind
from app.services.local.layout import LocalPanel, panels_folder, read_panels
from app.store import datasets


async def phased_once(desk: Desk, dataset_id: str, panel_id: str) -> str:
    """The id of a dataset with the same people and phased genotypes, made with a panel of this computer.

    Data that are phased already are taken as they are; what was phased with this panel before is taken again.
    The new dataset is under the rules of the old one, and checked. ProblemError, and nothing stays, when the
    panel does not fit the data or a site could not be accounted for.
    """
    dataset = await dataset_of(desk, dataset_id)
    if dataset.report is not None and dataset.report.phased:
        return dataset.id
    panel = _panel(desk, panel_id)
    _refuse_other_build(dataset, panel)
    known = await _made_before(desk, dataset, panel)
    made = known or await _phase(desk, dataset, panel)
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


def _name(dataset: Dataset, panel: LocalPanel) -> str:
    return f"{dataset.name}, phased with {panel.name}"


async def _made_before(desk: Desk, dataset: Dataset, panel: LocalPanel) -> Dataset | None:
    """Phased after the files were last checked and the panel was added, and not changed since.

    Files that changed have to be checked anew before they are sent, so the time of the check is what counts.
    """
    since = max(panel.added, dataset.checked or desk.clock.now())
    for each in await desk.store.read(datasets.datasets):
        same = each.made_from == dataset.id and each.name == _name(dataset, panel)
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


async def _phase(desk: Desk, dataset: Dataset, panel: LocalPanel) -> Dataset:
    new = new_id("data")
    folder = panels_folder(desk.home / "local") / panel.id
    kept = await asyncio.to_thread(read_parts, folder)
    title = f"Phasing {dataset.name} with {panel.name}"
    with desk.tasks.running_task(TaskKind.REPAIR, title, dataset_id=dataset.id) as task:
        async with repair_stage(desk, new) as stage:
            tasks = await _tasks(desk, dataset, kept, folder, stage.files, stage.work)
            told = await _in_process(tasks, task.report)
            async with published(stage):
                paths = tuple(stage.out / each.path.name for each in told)
                made = await _described(desk, dataset, panel, new, paths)
                await desk.store.write(lambda c: datasets.save_dataset(c, made))
    text = _books(panel, told)
    for each in (dataset.id, new):
        await desk.note(Event(at=desk.clock.now(), kind="repair", text=text, dataset_id=each))
    desk.announce(Changes.of(Noun.DATASET, new))
    return made


async def _in_process(tasks: tuple[PhaseTask, ...], report: Report) -> tuple[PhasedFile, ...]:
    from app.genotypes.worker import run_in_process

    return await run_in_process(phase_files, tasks, report=report)


async def _tasks(
    desk: Desk, dataset: Dataset, kept: PanelParts, folder: Path, files: Path, work: Path
) -> tuple[PhaseTask, ...]:
    local = (await desk.settings()).local
    chromosomes = {facts.path: facts.chromosomes for facts in dataset.report.files} if dataset.report else {}
    return tuple(
        PhaseTask(
            target=Path(file.path),
            out=files / (file.name.removesuffix(".gz").removesuffix(".vcf") + ".phased.vcf.gz"),
            panel_folder=folder,
            parts=tuple(_part(kept, name, file.name) for name in chromosomes.get(file.path, ())),
            maps={name: folder / each for name, each in kept.maps.items()},
            folder=work / str(number),
            memory_mb=memory_of(local),
            threads=threads_of(local),
            tools=tools_of(local),
        )
        for number, file in enumerate(dataset.files)
    )


def _part(kept: PanelParts, name: str, file: str) -> PanelPart:
    from app.genotypes.builds import plain_chromosome

    plain = plain_chromosome(name) or name
    parts = kept.of(plain)
    if len(parts) == 1 and not parts[0].part:
        return parts[0]
    what = f"{file} has chromosome {plain}, and the panel "
    what += "has it in parts, which men have once." if parts else "has no such chromosome."
    raise problem(
        Kind.INPUT,
        "Not every chromosome can be phased here",
        what,
        "Leave that chromosome out of the dataset, and send it by itself.",
        subject=file,
    )


async def _described(
    desk: Desk, dataset: Dataset, panel: LocalPanel, key: str, paths: tuple[Path, ...]
) -> Dataset:
    made = Dataset(
        id=key,
        name=_name(dataset, panel),
        files=await asyncio.to_thread(data_files, paths),
        added=desk.clock.now(),
        made_from=dataset.id,
        stated_build=dataset.stated_build,
    )
    return await inherit_residency(desk, made, dataset)


def _books(panel: LocalPanel, told: tuple[PhasedFile, ...]) -> str:
    """Every site that came in, phased or left out with its reason."""
    left: dict[str, int] = {}
    for each in told:
        for reason, number in each.left_out.items():
            left[reason] = left.get(reason, 0) + number
    sites_in, sites_out = sum(each.sites_in for each in told), sum(each.sites_out for each in told)
    text = f"Phased on this computer with {panel.name}: {sites_out:,} of {sites_in:,} sites."
    if left:
        text += f" Left out: {', '.join(f'{number:,} {reason}' for reason, number in left.items())}."
    filled = sum(each.filled for each in told)
    return f"{text} {filled:,} missing genotypes were filled." if filled else text
