"""Look after benchmarks: score what arrived, rank, and send everything to the winner."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from app.domain.accuracy import TruthScore
from app.domain.benchmark import Benchmark, BenchmarkEntry, EntryState
from app.domain.changes import Changes, Noun
from app.domain.job import ENDED_STATES, Job
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.result import Result, ResultState
from app.genotypes.worker import run_in_process
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.masked_benchmark import (
    FOLDER,
    benchmark_of,
    chain_to,
    change_entry,
    entry_state,
    is_r2_filter,
    jobs_of,
)
from app.operations.tasks import TaskKind
from app.store import benchmarks, jobs, results
from app.store.store import Connection as StoreConnection

log = logging.getLogger(__name__)


async def refresh_benchmarks(desk: Desk) -> Changes:
    """Look at all benchmarks that are not settled; one that cannot be scored does not hide the others."""
    changes = Changes()
    for each in await desk.store.read(benchmarks.benchmarks):
        if not each.settled:
            try:
                changes |= await refresh_benchmark(desk, each.id)
            except ProblemError as error:  # it was removed meanwhile, or its sums cannot be read
                log.info("benchmark %s: %s", each.id, error.problem.title)
    return changes


async def refresh_benchmark(desk: Desk, benchmark_id: str, *, anew: bool = False) -> Changes:
    """Bring the entries up to date with their jobs, score results that arrived, and rank all scored ones.

    No service is asked: that is the work of the scheduler. What is wrong with one result is told in its
    entry; it is scored again only when that is asked for (`anew`) or when another job took its place. One
    process at a time does it; for any other there is nothing to do.
    """
    async with desk.only_one(benchmark_id) as mine:
        if not mine:
            return Changes()
        made = await benchmark_of(desk, benchmark_id)
        newest = await jobs_of(desk, made)
        scored = False
        for entry in made.entries:
            if entry.key in newest:
                scored |= await _look_at(desk, made, entry, newest[entry.key], anew)
        if scored or any(e.state is EntryState.SCORED and e.standing is None for e in made.entries):
            await _rank(desk, benchmark_id)
    return Changes.of(Noun.BENCHMARK, benchmark_id)


async def _look_at(desk: Desk, made: Benchmark, entry: BenchmarkEntry, job: Job, anew: bool) -> bool:
    """Bring one entry up to date; whether it was scored now.

    A result that is here counts, whatever became of its job since: services forget jobs after some days.
    """
    settled = entry.state is EntryState.SCORED or (entry.unreadable and not anew)
    if settled and entry.job_id == job.id:
        return False
    fields: dict[str, object] = {"job_id": job.id, "job_state": str(job.state), "seconds": _seconds(job)}
    result = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    state = entry_state(job)
    why = job.problem.sentence() if job.problem is not None else ""
    if job.state in ENDED_STATES and result is not None and result.state is ResultState.VERIFIED:
        return await _score(desk, made, entry, result, fields)
    if state is EntryState.FAILED:
        why = why or f"The job is {job.state}."
    elif result is not None and result.state is ResultState.FAILED:
        state, why = EntryState.FAILED, result.problem or "The result could not be fetched."
    fields |= {"state": state, "problem": why}
    if any(getattr(entry, name) != value for name, value in fields.items()):
        await change_entry(desk, made.id, entry.key, **fields)
    return False


def _seconds(job: Job) -> float | None:
    if job.submitted is None or job.ended is None:
        return None
    return max(0.0, (job.ended - job.submitted).total_seconds())


async def _score(
    desk: Desk, made: Benchmark, entry: BenchmarkEntry, result: Result, fields: dict[str, object]
) -> bool:
    arrived = {**fields, "state": EntryState.ARRIVED, "problem": "", "unreadable": False}
    await change_entry(desk, made.id, entry.key, **arrived)
    title = f"Scoring {entry.panel_name} at the hidden sites"
    try:
        with desk.tasks.running_task(TaskKind.SCORE, title, job_id=result.job_id) as task:
            score = await _in_process(desk, made, entry, result, task.report)
    except ProblemError as error:
        why = error.problem.sentence()
        await change_entry(
            desk, made.id, entry.key, state=EntryState.FAILED, problem=why, unreadable=True, standing=None
        )
        return False
    await change_entry(desk, made.id, entry.key, state=EntryState.SCORED, score=score, standing=None)
    return True


async def _in_process(
    desk: Desk, made: Benchmark, entry: BenchmarkEntry, result: Result, report: Report
) -> TruthScore:
    from app.results.masking.scores import HiddenErrand, score_hidden

    chain = await chain_to(desk, entry, made.hidden.build)
    errand = HiddenErrand(
        folder=result.folder,
        name=entry.panel_name,
        truth=tuple(made.hidden.truth_files),
        sums=str(_sums(desk, made, entry)),
        people=made.hidden.people_file or None,
        chain=None if chain is None else str(chain),
    )
    return await run_in_process(score_hidden, errand, report=report)


def _sums(desk: Desk, made: Benchmark, entry: BenchmarkEntry) -> Path:
    return desk.home / FOLDER / made.id / f"{entry.key}.npz"


async def _rank(desk: Desk, benchmark_id: str) -> None:
    from app.results.masking.scores import rank_scored

    made = await benchmark_of(desk, benchmark_id)
    scored = [
        entry
        for entry in made.entries
        if entry.state is EntryState.SCORED and await asyncio.to_thread(_sums(desk, made, entry).is_file)
    ]
    if not scored:
        return
    ranked = await run_in_process(rank_scored, tuple(str(_sums(desk, made, each)) for each in scored))
    standings = {each.key: told for each, told in zip(scored, ranked.standings, strict=True)}

    def write(c: StoreConnection) -> None:
        current = benchmarks.benchmark(c, benchmark_id)
        if current is not None:
            entries = tuple(
                each.model_copy(update={"standing": standings.get(each.key)}) for each in current.entries
            )
            fields = {"entries": entries, "used": ranked.used, "warnings": ranked.warnings}
            benchmarks.save_benchmark(c, current.model_copy(update=fields))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.BENCHMARK, benchmark_id))


async def winner_draft(
    desk: Desk, benchmark_id: str, key: str | None = None, *, again: bool = False
) -> JobDraft:
    """A draft that sends the whole dataset to the winner, or to the entry of a key, with the same options.

    Terms are to be accepted anew; a filter by R2 has the default of the service. ProblemError while nothing
    was scored, and when everything was sent already, unless `again`.
    """
    made = await benchmark_of(desk, benchmark_id)
    if made.full_job_id is not None and not again:
        raise await _sent_already(desk, made.full_job_id)
    chosen = made.entry(key) if key is not None else made.winner
    if chosen is None:
        raise problem(
            Kind.NOT_FOUND,
            "There is no winner yet",
            f"Of {made.name}: {made.states()}.",
            "Wait until a result has arrived and was scored.",
            subject=made.name,
        )
    options: dict[str, str | bool] = {}
    if chosen.job_id is not None:
        job = await desk.job(chosen.job_id)
        consents = await desk.store.read(lambda c: jobs.consents(c, job.id))
        terms = {each.parameter_id for each in consents}
        options = {
            name: value
            for name, value in job.options.items()
            if name not in terms and not is_r2_filter(name) and value != chosen.panel_id
        }
    return JobDraft(
        name=made.name,
        dataset_id=made.dataset_id,
        service_id=chosen.service_id,
        app_id=chosen.app_id,
        panel_id=chosen.panel_id,
        options=options,
        group=made.whole_group,
    )


async def _sent_already(desk: Desk, job_id: str) -> ProblemError:
    job = await desk.job(job_id)
    return problem(
        Kind.REFUSED,
        "Everything was sent already",
        f"The job {job.id} sends the whole dataset; it is {job.state}.",
        "Look at that job. To send everything once more, ask for it expressly.",
        subject=job.name,
    )
