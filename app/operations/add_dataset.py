"""Bring files into the program as one dataset. Nothing is copied; nothing leaves the computer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.clock import SystemClock
from app.domain.dataset import DataFile, Dataset, DatasetState
from app.domain.finding import CheckReport
from app.domain.job import OPEN_STATES
from app.domain.names import new_id
from app.domain.problem import Kind, problem
from app.domain.verdict import Verdict
from app.operations.cohort_folder import forget_cohort
from app.operations.desk import Desk
from app.operations.folder_rules import remember_folder_rules
from app.operations.ordinary_file import files_inside, readable_stat
from app.operations.repair_stage import give_up_prepared
from app.operations.residency_memory import family_of, known_files, note_made, prints_of_files
from app.store import datasets, jobs
from app.store.store import Connection as StoreConnection

# Only after a separator or the word: the last letters of "cohort" and "target" are no chromosomes.
CHROMOSOME_AT_THE_END = r"([._-]+(chr|chrom|chromosome)?|(chr|chrom|chromosome))(\d{1,2}|X|Y|MT?)?$"
ENDING = re.compile(
    r"(\.(vcf|bed|bim|fam|bcf|pgen|pvar|psam|bgen|sample|gen|haps|ped|map|tped|tfam|txt|csv|zip))?(\.(b?gz|zst))?$",
    re.I,
)


async def add_dataset(desk: Desk, paths: tuple[Path, ...], name: str | None = None) -> Changes:
    """Add files, or the genotype files of folders, as one dataset; its id is in the changes.

    What is in the files is not looked at here: that is `check_dataset`.
    """
    files = await asyncio.to_thread(data_files, paths)
    dataset = Dataset(
        id=new_id("data"),
        name=(name or "").strip() or common_name(files),
        files=files,
        added=desk.clock.now(),
        prints=await asyncio.to_thread(prints_of_files, files),
    )
    await desk.store.write(lambda c: datasets.save_dataset(c, dataset))
    await remember_folder_rules(desk, files)
    return desk.announce(Changes.of(Noun.DATASET, dataset.id))


def data_files(paths: tuple[Path, ...]) -> tuple[DataFile, ...]:
    """The files as they are now: folders stand for the genotype files in them, a bed for its bim and fam."""
    found: dict[Path, DataFile] = {}
    for path in paths:
        for each in _files_of(path):
            absolute = each.absolute()
            found[absolute] = data_file(absolute)
    if not found:
        raise problem(Kind.INPUT, "No files", "No file was named.", "Drop genotype files on the window.")
    return tuple(sorted(found.values(), key=lambda f: natural_order(f.name)))


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return files_inside(path)
    data_file(path)  # one that cannot be read is told here, by its name
    return [path, *_its_set(path)]


def _its_set(path: Path) -> tuple[Path, ...]:
    """The other files of a set such as bed, bim and fam; those that are missing are told by the check."""
    from app.genotypes.readers.file_sets import file_set

    with contextlib.suppress(OSError):
        return file_set(path)
    return ()


def dataset_for_report(
    paths: tuple[Path, ...], report: CheckReport, verdicts: tuple[Verdict, ...]
) -> Dataset:
    """A dataset that is in no store, for the report of files checked from the command line."""
    files = data_files(paths)
    now = SystemClock().now()
    return Dataset(
        id="files",
        name=common_name(files),
        files=files,
        state=DatasetState.CHECKED,
        report=report,
        added=now,
        checked=now,
        verdicts=verdicts,
    )


def data_file(path: Path) -> DataFile:
    """A file as it is now."""
    stat = readable_stat(path)
    return DataFile(path=str(path), name=path.name, size=stat.st_size, modified=stat.st_mtime_ns)


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which chr2 comes before chr10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p.casefold()) for p in parts)


def common_name(files: tuple[DataFile, ...]) -> str:
    """What the names of the files have in common, without the chromosome and the ending."""
    names = [ENDING.sub("", f.name) for f in files]
    prefix = os.path.commonprefix(names).rstrip("._- ")
    return re.sub(CHROMOSOME_AT_THE_END, "", prefix, flags=re.I) or names[0] or "dataset"


async def rename_dataset(desk: Desk, dataset_id: str, name: str) -> Changes:
    """Give a dataset another name."""

    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is not None and name.strip():
            datasets.save_dataset(c, found.model_copy(update={"name": name.strip()}))

    await desk.store.write(write)
    return desk.announce(Changes.of(Noun.DATASET, dataset_id))


async def remove_dataset(desk: Desk, dataset_id: str) -> Changes:
    """Take a dataset from the list; the files stay where they are. Refused while a job still sends it.

    Files that a repair wrote into the program's own folder go at the next start of the program.
    """
    open_jobs = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES)))
    sending = [j for j in open_jobs if j.dataset_id == dataset_id and j.remote_id is None]
    if sending:
        raise problem(
            Kind.INPUT,
            "The dataset is being sent",
            f"{sending[0].name} still needs its files.",
            "Wait until it is at the service, or cancel the job.",
        )
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    await _remember_family(desk, dataset_id)
    await desk.store.write(lambda c: datasets.remove_dataset(c, dataset_id))
    await forget_cohort(desk, dataset_id)
    if found is not None:
        await give_up_prepared(desk, found)
    return desk.announce(Changes.of(Noun.DATASET, dataset_id))


async def _remember_family(desk: Desk, dataset_id: str) -> None:
    """Of what files were made is known without the dataset: a rule may be stated of the others later."""
    family = await desk.store.read(lambda c: family_of(c, dataset_id))
    pairs = await asyncio.to_thread(
        lambda: [(known_files(m.files, m.prints), known_files(of.files, of.prints)) for m, of in family]
    )
    await desk.store.write(lambda c: note_made(c, *pairs))
