"""Lay several results of one cohort side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.job import Job
from app.domain.progress import Report, silent
from app.domain.result import Result
from app.domain.result_comparison import ComparedSource, ResultComparison


async def compare_results(
    sources: Sequence[ComparedSource], truth: Path | None = None, report: Report = silent
) -> ResultComparison:
    """Compare results, against a truth VCF where there is one; in a process of its own.

    ProblemError as of `app.results.comparing.compare.compare`.
    """
    from app.genotypes.worker import run_in_process

    return await run_in_process(_compare, tuple(sources), truth, report=report)


def source_of_job(job: Job, result: Result) -> ComparedSource:
    """The fetched result of a job, with the time from sending to the end and the price that was noted."""
    seconds = None
    if job.submitted is not None and job.ended is not None:
        seconds = max(0.0, (job.ended - job.submitted).total_seconds())
    return ComparedSource(source=result.folder, name=job.name, seconds=seconds, price=result.price or None)


def _compare(sources: tuple[ComparedSource, ...], truth: Path | None, report: Report) -> ResultComparison:
    """In the process, which alone imports NumPy."""
    from app.results.comparing.compare import Compared, CompareRequest, compare, run_seconds
    from app.results.merging.files import result_files

    compared = []
    for each in sources:
        path = Path(each.source)
        files = result_files(each.source, each.name)
        local = run_seconds(path if path.is_dir() else path.parent) if each.seconds is None else None
        compared.append(
            Compared(each.source, files, local if each.seconds is None else each.seconds, each.price)
        )
    return compare(CompareRequest(tuple(compared), truth), report)
