"""Write the report of a comparison of results."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from app.domain.progress import Progress, Report, silent
from app.domain.result_comparison import ResultComparison
from app.operations.report_result import refuse_reports, write_whole_reports


async def save_comparison_report(
    told: ResultComparison, files: Mapping[Path, str], made: datetime, *, overwrite: bool = False
) -> None:
    """Write a comparison to files by their forms (`html`, `pdf`); whole or not at all.

    Results are called by their names, not by their folders. ProblemError when a file is there already and
    not to be overwritten, holds genotypes, or the disk refuses.
    """
    from app.genotypes.worker import run_in_process

    inputs = [Path(each.dir) for each in told.results]
    await asyncio.to_thread(refuse_reports, files, inputs, overwrite=overwrite)
    pages = await run_in_process(_pages, told, tuple(dict.fromkeys(files.values())), made, report=silent)
    await asyncio.to_thread(write_whole_reports, {path: pages[form] for path, form in files.items()})


def _pages(
    told: ResultComparison, forms: tuple[str, ...], made: datetime, report: Report
) -> dict[str, bytes]:
    """In the process, which alone imports NumPy."""
    from app.results.reporting.comparison import comparison_reports

    report(Progress(step="Writing the report"))
    return comparison_reports(told, forms, made)
