"""A result is under the rule of the data that were sent for it, and so is what is written of it.

Imputed on this computer or fetched from where it was allowed to be made, it holds the genotypes of the same
people: added as a dataset it may go no further than they.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.dataset import DataFile, Dataset
from app.domain.job import Job
from app.domain.residency import Residency, combined
from app.domain.result import Result
from app.operations.add_dataset import data_file
from app.operations.desk import Desk
from app.operations.residency import keep_rule, rule_for
from app.operations.rule_files import RULE_FILE, needed_text
from app.store import datasets, jobs, results
from app.store.store import Connection as StoreConnection

_GENOTYPES = (".vcf.gz", ".vcf", ".vcf.bgz", ".bcf")


async def keep_rule_of_result(
    desk: Desk, result_id: str, of: Sequence[str] = (), copied: Sequence[Path] = ()
) -> Residency | None:
    """Remember of what a result was made, and under which rule it is; the rule.

    `of` are ids of other results that it was made of, `copied` are files that it was taken from.
    """
    mine = await desk.store.read(lambda c: _known(c, result_id))
    others = [await desk.store.read(partial(_known, result_id=each)) for each in of]
    made = await asyncio.to_thread(_files_of, mine.result)
    sources = [file for each in (mine, *others) for file in each.sent]
    for each in others:
        sources += await asyncio.to_thread(_files_of, each.result)
    sources += [await asyncio.to_thread(data_file, each.absolute()) for each in copied]
    rules = [await rule_for(desk, each.dataset, (), each.stated) for each in (mine, *others)]
    rule = combined([*rules, await rule_for(desk, None, (*made, *sources))])
    await keep_rule(desk, rule, made, sources)
    return rule


async def refuse_wider_folder(rule: Residency | None, out: Path) -> None:
    """ProblemError where the file of a folder allows more than a rule."""
    await asyncio.to_thread(needed_text, rule, out)


async def keep_rule_of_export(
    desk: Desk, result_id: str, rule: Residency | None, out: Path, files: Iterable[str]
) -> None:
    """Put the rule of a result beside what was written of it, and remember it."""
    text = await asyncio.to_thread(needed_text, rule, out)
    if text:
        await asyncio.to_thread((out / RULE_FILE).write_text, text, "utf-8")
    known = await desk.store.read(lambda c: _known(c, result_id))
    written = await asyncio.to_thread(lambda: [data_file(Path(each).absolute()) for each in files])
    await keep_rule(desk, rule, written, await asyncio.to_thread(_files_of, known.result))


@dataclass(frozen=True)
class _Known:
    """A result and what was sent for it, as far as it is known."""

    result: Result | None = None
    job: Job | None = None
    dataset: Dataset | None = None

    @property
    def sent(self) -> tuple[DataFile, ...]:
        """The files of the job, also when the dataset is gone; else those of the dataset."""
        if self.job is not None:
            return self.job.files
        return self.dataset.files if self.dataset is not None else ()

    @property
    def stated(self) -> Residency | None:
        """The rule that the job was made under."""
        return self.job.residency if self.job is not None else None


def _known(c: StoreConnection, result_id: str) -> _Known:
    result = results.result(c, result_id)
    if result is None:
        return _Known()
    job = jobs.job(c, result.job_id) if result.job_id else None
    sent = result.dataset_id or (job.dataset_id if job is not None else None)
    return _Known(result, job, datasets.dataset(c, sent) if sent else None)


def _files_of(result: Result | None) -> list[DataFile]:
    """The files with genotypes that are where they were."""
    if result is None:
        return []
    paths = [Path(result.folder) / each.path for each in result.files]
    return [data_file(each) for each in paths if each.name.endswith(_GENOTYPES) and each.is_file()]
