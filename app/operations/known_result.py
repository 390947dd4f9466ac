"""Results by the records of the store: what was sent for them, and which files on the disk are theirs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.dataset import DataFile, Dataset
from app.domain.job import Job
from app.domain.residency import Residency
from app.domain.result import Result
from app.operations.residency_memory import holds_people, with_sources
from app.operations.rule_files import folders_above
from app.store import datasets, jobs, results
from app.store.store import Connection as StoreConnection


@dataclass(frozen=True)
class KnownResult:
    """A result and what was sent for it, as far as it is known: the dataset, and what that was made from."""

    result: Result | None = None
    job: Job | None = None
    line: tuple[Dataset, ...] = ()

    @property
    def dataset(self) -> Dataset | None:
        """What was sent, where it is still in the list."""
        return self.line[0] if self.line else None

    @property
    def sent(self) -> tuple[DataFile, ...]:
        """The files of the job, also when the dataset is gone; else those of the dataset."""
        if self.job is not None:
            return self.job.files
        return self.dataset.files if self.dataset is not None else ()

    @property
    def sources(self) -> tuple[DataFile, ...]:
        """What was sent, and what that was made from."""
        return (*self.sent, *(file for each in self.line for file in each.files))

    @property
    def archives(self) -> list[str]:
        """The archives in which the service gave it out, which may have been kept."""
        named = self.job.remote_files if self.job is not None else ()
        return [each.name for each in named if each.name.endswith(".zip")]

    @property
    def stated(self) -> tuple[Residency | None, ...]:
        """The rule that the job was made under, and those of what was sent."""
        return (self.job.residency if self.job is not None else None, *(each.residency for each in self.line))


def known_result(c: StoreConnection, result_id: str) -> KnownResult:
    """A result by its id; empty for one that is gone."""
    result = results.result(c, result_id)
    return KnownResult() if result is None else _known(c, result)


def known_results(c: StoreConnection) -> list[KnownResult]:
    """All results, the oldest first: what was made of one of them comes behind it."""
    return [_known(c, each) for each in reversed(results.results(c))]


def _known(c: StoreConnection, result: Result) -> KnownResult:
    job = jobs.job(c, result.job_id) if result.job_id else None
    sent = result.dataset_id or (job.dataset_id if job is not None else None)
    return KnownResult(result, job, with_sources(c, datasets.dataset(c, sent) if sent else None))


def results_with(c: StoreConnection, folders: Collection[str], paths: Collection[str]) -> list[KnownResult]:
    """The results to which one of the files belongs, or of which it was exported.

    All that lies in the folder of a result is its own, but for the folders of people that are only read.
    """
    near = results.results_in(c, folders)
    found = {each.id: each for each in near if not each.in_place or _lists(each, paths)}
    for each in results.exported(c):
        if any(file in paths for export in each.exports for one in export.sets for file in one.files):
            found[each.id] = each
    return [_known(c, each) for each in found.values()]


def _lists(result: Result, paths: Collection[str]) -> bool:
    return any(str(Path(result.folder) / each.path) in paths for each in result.files)


def places_of_files(files: Iterable[DataFile]) -> tuple[frozenset[str], frozenset[str]]:
    """All folders above files, and the files, as they were named and as links lead. Reads the disk."""
    paths = [each.path for each in files]
    both = {one for each in paths for one in (each, str(Path(each).resolve()))}
    return frozenset(str(each) for each in folders_above(paths)), frozenset(both)


def files_of_result(result: Result | None, archives: Sequence[str] = ()) -> list[Path]:
    """The files of a result with people that are where they were, archives that were kept among them."""
    if result is None:
        return []
    folder = Path(result.folder)
    names = dict.fromkeys((*(file.path for file in result.files), *archives))
    inside = [
        folder / each for each in names if ".." not in Path(each).parts and not Path(each).is_absolute()
    ]
    return [each for each in inside if holds_people(each.name) and os.path.isfile(each)]


def exports_of(result: Result) -> dict[str, list[str]]:
    """Files that were written of a result for other programs and are still there, by their folder."""
    found: dict[str, list[str]] = {}
    for export in result.exports:
        files = [file for one in export.sets for file in one.files if os.path.isfile(file)]
        if files:
            found.setdefault(export.folder, []).extend(files)
    return found
