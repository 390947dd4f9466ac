"""A dataset as one file, for services that take no other: joined once, and kept as a dataset of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.job import Event
from app.domain.names import new_id
from app.domain.problem import Kind, Problem
from app.operations.add_dataset import data_files
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, Obstacle, check_dataset_state, check_file
from app.operations.repair_stage import published, repair_stage
from app.operations.residency import inherit_residency, residency_obstacle, rule_for
from app.operations.tasks import TaskKind
from app.services.contract import Capabilities
from app.store import datasets

_VCF = ".vcf.gz"


def one_file_caution(dataset: Dataset, told: Capabilities, name: str) -> tuple[Obstacle, ...]:
    """Said beforehand of a dataset whose files are joined when it is sent."""
    if not _is_to_join(dataset, told):
        return ()
    number = len(dataset.files)
    what = f"{name} takes one file for all chromosomes. The {number} files are joined before they are sent."
    do = "The joined file becomes a dataset of its own, which can be removed later."
    joined = Problem(kind=Kind.INPUT, title="The files are joined", what_happened=what, what_you_can_do=do)
    return (Obstacle(field="dataset", problem=joined),)


def _is_to_join(dataset: Dataset, told: Capabilities) -> bool:
    return not told.several_files and len(dataset.files) > 1


async def with_one_file(desk: Desk, draft: JobDraft) -> JobDraft:
    """The draft for the joined dataset, where the service takes one file only.

    What else stands in the way of the draft is left to the preflight: nothing is joined for a job that cannot
    be sent.
    """
    service = await desk.service(draft.service_id)
    dataset = await dataset_of(desk, draft.dataset_id)
    told = desk.family(service).capabilities
    if not _is_to_join(dataset, told) or not all(file.name.endswith(_VCF) for file in dataset.files):
        return draft
    wrong = [*check_dataset_state(draft, dataset, told.mends)]
    wrong += [each for file in dataset.files for each in await asyncio.to_thread(check_file, file, service)]
    if wrong or await residency_obstacle(desk, service, dataset) is not None:
        return draft
    joined = await joined_dataset(desk, dataset)
    return draft.model_copy(update={"dataset_id": joined.id, "name": draft.name or dataset.name})


async def joined_dataset(desk: Desk, dataset: Dataset) -> Dataset:
    """The dataset of the joined file; one that was made before of the very same files is taken again."""
    async with desk.only_one(f"join-{dataset.id}") as mine:
        if mine:
            known = await _made_before(desk, dataset)
            if known is not None:
                return known
    return await _join(desk, dataset)


async def _made_before(desk: Desk, dataset: Dataset) -> Dataset | None:
    """Joined after all of its files were last changed, and not changed since."""
    changed = max(file.modified for file in dataset.files) / 1e9
    for each in await desk.store.read(datasets.datasets):
        joined = each.made_from == dataset.id and each.outcome is None and len(each.files) == 1
        if joined and each.added.timestamp() > changed and await asyncio.to_thread(_is_whole, each):
            return each
    return None


def _is_whole(dataset: Dataset) -> bool:
    file = dataset.files[0]
    try:
        seen = Path(file.path).stat()
    except OSError:
        return False
    return (seen.st_size, seen.st_mtime_ns) == (file.size, file.modified)


async def _join(desk: Desk, dataset: Dataset) -> Dataset:
    from app.genotypes.one_file import join_files
    from app.genotypes.worker import run_in_process

    new = new_id("data")
    paths = tuple(file.path for file in dataset.files)
    title = f"Joining the files of {dataset.name}"
    with desk.tasks.running_task(TaskKind.REPAIR, title, dataset_id=dataset.id) as task:
        rule = await rule_for(desk, dataset, dataset.files)
        async with repair_stage(desk, new, rule=rule) as stage:
            name = _file_name(dataset.name)
            await run_in_process(join_files, paths, str(stage.files / name), report=task.report)
            async with published(stage):
                made = await _described(desk, dataset, new, stage.out / name)
                await desk.store.write(lambda c: datasets.save_dataset(c, made))
    text = f"Its {len(paths)} files were joined into one: {made.name}."
    await desk.note(Event(at=desk.clock.now(), kind="repair", text=text, dataset_id=dataset.id))
    desk.announce(Changes.of(Noun.DATASET, new))
    return made


def _file_name(name: str) -> str:
    """A name that every server keeps as it is."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "-" for each in name)
    return (plain.strip(".-")[:100] or "dataset") + _VCF


async def _described(desk: Desk, dataset: Dataset, key: str, path: Path) -> Dataset:
    """The records are the same, so what the check found of them holds."""
    made = Dataset(
        id=key,
        name=f"{dataset.name}, one file",
        files=await asyncio.to_thread(data_files, (path,)),
        state=DatasetState.CHECKED if dataset.report is not None else DatasetState.NEW,
        report=dataset.report,
        added=desk.clock.now(),
        checked=dataset.checked,
        made_from=dataset.id,
        stated_build=dataset.stated_build,
    )
    return await inherit_residency(desk, made, dataset)
