"""Join several results of one cohort into one that is better than each: meta-imputation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.meta_imputation import MetaSummary
from app.domain.progress import Report, silent
from app.operations.disk_trouble import disk_trouble
from app.operations.unfinished import ADVICE, unfinished

UNIFORM = "uniform"


async def meta_impute_results(
    sources: Sequence[str],
    out_dir: Path,
    names: Sequence[str | None] = (),
    start: str = UNIFORM,
    report: Report = silent,
) -> MetaSummary:
    """Join results, each a folder, a dose file or `DOSE,EMPIRICAL`, into files in `out_dir`.

    `names` are what the results are called, by default as their folders. In a process of its own; cancelling
    ends it and leaves nothing. ProblemError as of `app.results.meta.run.meta_impute`.
    """
    from app.genotypes.worker import run_in_process

    async with unfinished(out_dir) as staging:
        given = tuple(names) or (None,) * len(sources)
        return await run_in_process(_join, tuple(sources), given, out_dir, staging, start, report=report)


def _join(
    sources: tuple[str, ...],
    names: tuple[str | None, ...],
    out_dir: Path,
    staging: Path,
    start: str,
    report: Report,
) -> MetaSummary:
    """In the process, which alone imports NumPy."""
    from app.results.merging.files import result_files
    from app.results.meta.run import MetaRequest, meta_impute
    from app.results.meta.weights import Start

    with disk_trouble(out_dir, ADVICE):
        results = tuple(result_files(*each) for each in zip(sources, names, strict=True))
        return meta_impute(MetaRequest(results, out_dir, Start(start), staging), report)
