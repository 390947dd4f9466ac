"""Compare and join results of this program; what is made becomes a result like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from app.domain.accuracy import TruthScore
from app.domain.batch_merge import Keep
from app.domain.changes import Changes, Noun
from app.domain.job import Job
from app.domain.names import new_id, remote_job_name
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.domain.result import Result
from app.domain.result_comparison import ComparedSource, ResultComparison
from app.operations.compare_results import compare_results, source_of_job
from app.operations.consensus import consensus_of_results
from app.operations.desk import Desk
from app.operations.import_result import import_result
from app.operations.merge_batches import merge_result_batches
from app.operations.meta_impute import meta_impute_results
from app.operations.result_folder import save_result
from app.operations.result_rule import keep_rule_of_result, rule_of_result, rule_stands
from app.operations.tasks import TaskKind
from app.operations.told_apart import job_names
from app.store import jobs, results
from app.store.store import Connection as StoreConnection

Known = tuple[Result, Job | None]


class Joining(StrEnum):
    """How several results become one."""

    META = "meta-imputation"
    CONSENSUS = "consensus"
    MERGE = "merge"
    MERGE_UNION = "merge, all variants"


async def compare_known(desk: Desk, result_ids: Sequence[str], truth: Path | None = None) -> ResultComparison:
    """Compare results, against a truth file where there is one, as a task that can be stopped."""
    known = await _known(desk, result_ids)
    names = await _names(desk, known)
    sources = tuple(
        (
            source_of_job(job, result)
            if job is not None
            else ComparedSource(source=result.folder, price=result.price or None)
        ).model_copy(update={"name": name})
        for name, (result, job) in zip(names, known, strict=True)
    )
    with desk.tasks.running_task(TaskKind.CHECK, f"Comparing {len(known)} results") as task:
        return await compare_results(sources, truth, task.report)


async def score_by_ancestry(
    desk: Desk, result_ids: Sequence[str], truth: Path, people: Path | None = None
) -> tuple[TruthScore, ...]:
    """Score each result against a truth file by groups of people, in the order of the ids, as a task.

    `people` is a table with the group of each person; without one people are projected, and where they
    cannot be the scores have no groups. ProblemError as of `score_result`.
    """
    from app.operations.score_result import ScoreRequest, score_files

    known = await _known(desk, result_ids)
    names = await _names(desk, known)
    found = []
    with desk.tasks.running_task(TaskKind.SCORE, f"Comparing {len(known)} results by ancestry") as task:
        for name, (result, _) in zip(names, known, strict=True):
            request = ScoreRequest(
                source=result.folder,
                truth=(str(truth),),
                name=name,
                people=str(people) if people is not None else None,
            )
            found.append(await score_files(request, task.report))
    return tuple(found)


async def join_known(desk: Desk, result_ids: Sequence[str], how: Joining, name: str) -> Changes:
    """Join results into a new one called `name`, in a folder of its own among the results.

    Its id is in the changes. ProblemError as of the way of joining; then nothing stays.
    """
    known = await _known(desk, result_ids)
    sent = {result.dataset_id or (job.dataset_id if job is not None else None) for result, job in known}
    out = desk.results_folder(await desk.settings()) / remote_job_name(name, new_id("result"))
    await asyncio.to_thread(out.parent.mkdir, 0o700, True, True)
    sources = tuple(result.folder for result, _ in known)
    names = await _names(desk, known)
    rule = await rule_of_result(desk, result_ids[0], result_ids[1:])
    with desk.tasks.running_task(TaskKind.EXPORT, f"Making {name}") as task:
        async with rule_stands(rule, out):
            await _join(how, sources, out, names, task.report)
    one = sent.pop() if len(sent) == 1 and how not in (Joining.MERGE, Joining.MERGE_UNION) else None
    changes = await import_result(desk, (out,), name, dataset_id=one)
    for each in changes.ids(Noun.RESULT):
        await keep_rule_of_result(desk, each, of=result_ids)
        await save_result(desk, each, in_place=False)  # the files are the program's own
    return changes


async def _join(
    how: Joining, sources: tuple[str, ...], out: Path, names: tuple[str, ...], report: Report
) -> None:
    if how is Joining.META:
        await meta_impute_results(sources, out, names, report=report)
    elif how is Joining.CONSENSUS:
        await consensus_of_results(sources, out, names, report)
    else:
        keep = Keep.UNION if how is Joining.MERGE_UNION else Keep.INTERSECT
        await merge_result_batches(sources, out, keep, names, report)


def name_of(result: Result, job: Job | None) -> str:
    """The name of its job, else its own, else that of its folder."""
    return (job.name if job is not None else result.name) or Path(result.folder).name


async def _names(desk: Desk, known: Sequence[Known]) -> tuple[str, ...]:
    """Names that can be told apart."""
    return await job_names(desk, [(name_of(result, job), job) for result, job in known])


async def _known(desk: Desk, result_ids: Sequence[str]) -> tuple[Known, ...]:
    def read(c: StoreConnection) -> list[tuple[Result | None, Job | None]]:
        found = [results.result(c, each) for each in result_ids]
        return [(r, jobs.job(c, r.job_id) if r is not None and r.job_id else None) for r in found]

    found = await desk.store.read(read)
    known = tuple((result, job) for result, job in found if result is not None)
    if len(known) < 2 or len(known) != len(found):
        raise problem(
            Kind.NOT_FOUND,
            "There is nothing to put side by side",
            f"{len(known)} of {len(found)} results are still there; two are needed.",
            "Choose two or more results in the list.",
        )
    return known
