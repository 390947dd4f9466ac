"""Make batches of one cohort, imputed apart, one result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.batch_merge import Keep, MergeSummary
from app.domain.progress import Report, silent
from app.operations.disk_trouble import disk_trouble
from app.operations.unfinished import ADVICE, unfinished


async def merge_result_batches(
    sources: Sequence[str],
    out_dir: Path,
    keep: Keep = Keep.INTERSECT,
    names: Sequence[str | None] = (),
    report: Report = silent,
) -> MergeSummary:
    """Merge batches of different people into files in `out_dir`, with R2 and frequencies of all people.

    In a process of its own; cancelling ends it and leaves nothing. ProblemError as of
    `app.results.merging.batches.merge_batches`.
    """
    from app.genotypes.worker import run_in_process

    async with unfinished(out_dir) as staging:
        given = tuple(names) or (None,) * len(sources)
        return await run_in_process(_merge, tuple(sources), given, out_dir, staging, keep, report=report)


def _merge(
    sources: tuple[str, ...],
    names: tuple[str | None, ...],
    out_dir: Path,
    staging: Path,
    keep: Keep,
    report: Report,
) -> MergeSummary:
    """In the process, which alone imports NumPy."""
    from app.results.merging.batches import MergeRequest, merge_batches
    from app.results.merging.files import result_files

    with disk_trouble(out_dir, ADVICE):
        batches = tuple(result_files(*each) for each in zip(sources, names, strict=True))
        return merge_batches(MergeRequest(batches, out_dir, keep, staging), report)
