"""Say how good a fetched result is, in a line and in figures."""

from __future__ import annotations

import logging
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report
from app.domain.result import NOT_WHOLE, Quality, ResultFile
from app.genotypes.worker import run_in_process
from app.results.indexing.kinds import FileKind, kind_of

log = logging.getLogger(__name__)

FIGURES = (FileKind.DOSE, FileKind.INFO)


def figure_paths(folder: Path, files: tuple[ResultFile, ...]) -> tuple[Path, ...]:
    """The files that tell of the quality, however they are called."""
    return tuple(folder / f.path for f in files if FileKind(f.kind or kind_of(f.path)) in FIGURES)


async def judge(folder: Path, files: tuple[ResultFile, ...]) -> tuple[Quality | None, str]:
    """R2 by chromosome and frequency, and the line above the result.

    There are no figures for a result without imputed variants (quality control only), and none where they
    cannot be computed; the line says so, and whether the files are whole.
    """
    paths = figure_paths(folder, files)
    if not paths:
        return None, verdict(files, None)
    try:
        figures, unread = await run_in_process(_quality, paths)
    except ProblemError as error:
        log.warning(
            "The quality could not be computed: %s %s", error.problem.sentence(), error.problem.details
        )
        why = error.problem.what_happened
        return None, f"{_state_of(files)}; their quality could not be computed: {why}"
    line = verdict(files, figures) + unread
    if any(each.verified_by == NOT_WHOLE for each in files):
        return figures, f"{_state_of(files)}; of what can be read: {line}"
    return figures, line


def _state_of(files: tuple[ResultFile, ...]) -> str:
    """How many files are whole, in words."""
    broken = sum(each.verified_by == NOT_WHOLE for each in files)
    if broken:
        return f"{broken:,} of {len(files):,} files {'is' if broken == 1 else 'are'} damaged or cut"
    return "1 file is verified" if len(files) == 1 else f"{len(files):,} files are verified"


def _quality(paths: tuple[Path, ...], report: Report) -> tuple[Quality, str]:
    """In the process, which alone imports NumPy; the report says that it lives.

    With a sentence for the end of the line where an info file is in a format that is not read here.
    """
    from app.results.quality import quality, unread_infos

    report(Progress(step="Reading the info of the variants"))
    figures, unread = quality(paths), unread_infos(paths)
    if not unread:
        return figures, ""
    path, spoken = next(iter(unread.items()))
    others = f" (and {len(unread) - 1:,} others)" if len(unread) > 1 else ""
    return figures, f" {path.name}{others} is {spoken}, which is not read here: R2 is from the dose files."


def verdict(files: tuple[ResultFile, ...], figures: Quality | None) -> str:
    """The line above a result."""
    if figures is None:
        return f"{len(files)} files, no imputed variants: quality control only."
    chromosomes = len(figures.by_chromosome)
    many = "1 chromosome" if chromosomes == 1 else f"{chromosomes} chromosomes"
    good = f"{figures.good:,} of {figures.variants:,} variants at R2 ≥ 0.8"
    if figures.without_maf:
        good += f" ({figures.without_maf:,} without MAF, in no range of frequency)"
    return f"{good}; {many}, {figures.samples:,} people."
