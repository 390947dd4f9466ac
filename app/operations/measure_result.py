"""Measure how good a result is, once; later calls read what was kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.progress import Report, silent

if TYPE_CHECKING:  # NumPy takes a while; the start of the program does without it
    from app.results.figures.measuring import Measured


def figures_folder(home: Path, result_id: str) -> Path:
    """Where the figures of a result are kept: in the data folder, never among the files of the result."""
    return home / "figures" / result_id


async def measure_result(
    source: Path | Sequence[Path],
    keep_in: Path,
    report: Report = silent,
    *,
    panel: Sequence[Path] = (),
    population: str = "",
) -> Measured:
    """Everything that the view and the report show of a result: figures, and tables for plots.

    `source`: a folder or the files of one result. `panel`: VCFs, BCFs or site tables with the ALT frequencies
    to compare with, `population` one of theirs. In a process of its own, which cancelling ends. ProblemError
    when there is nothing to measure or a file cannot be read.
    """
    from app.genotypes.worker import run_in_process

    sources = source if isinstance(source, Path) else tuple(source)
    held = await asyncio.to_thread(_kept, sources, keep_in, tuple(panel), population)
    if held is not None:
        return held
    return await run_in_process(_measure, sources, keep_in, tuple(panel), population, report=report)


def _kept(
    source: Path | tuple[Path, ...], keep_in: Path, panel: tuple[Path, ...], population: str
) -> Measured | None:
    from app.results.figures.keeping import kept_figures

    return kept_figures(source, keep_in, panel=panel, population=population)


def _measure(
    source: Path | tuple[Path, ...],
    keep_in: Path,
    panel: tuple[Path, ...],
    population: str,
    report: Report,
) -> Measured:
    """In the process."""
    from app.results.figures.keeping import measured

    return measured(source, keep_in, report, panel=panel, population=population)
