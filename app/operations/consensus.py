"""Take the best of several results of one cohort, variant by variant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.domain.batch_merge import ConsensusSummary
from app.domain.progress import Report, silent
from app.operations.disk_trouble import disk_trouble
from app.operations.unfinished import ADVICE, unfinished


async def consensus_of_results(
    sources: Sequence[str],
    out_dir: Path,
    names: Sequence[str | None] = (),
    report: Report = silent,
) -> ConsensusSummary:
    """Write the result with the highest R2 at each variant into `out_dir`.

    In a process of its own; cancelling ends it and leaves nothing. ProblemError as of
    `app.results.meta.consensus.consensus`.
    """
    from app.genotypes.worker import run_in_process

    async with unfinished(out_dir) as staging:
        given = tuple(names) or (None,) * len(sources)
        return await run_in_process(_choose, tuple(sources), given, out_dir, staging, report=report)


def _choose(
    sources: tuple[str, ...], names: tuple[str | None, ...], out_dir: Path, staging: Path, report: Report
) -> ConsensusSummary:
    """In the process, which alone imports NumPy."""
    from app.results.merging.files import result_files
    from app.results.meta.consensus import ConsensusRequest, consensus

    with disk_trouble(out_dir, ADVICE):
        results = tuple(result_files(*each) for each in zip(sources, names, strict=True))
        return consensus(ConsensusRequest(results, out_dir, staging), report)
