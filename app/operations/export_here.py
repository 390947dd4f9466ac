"""Filter a result and write it for another program, in this process.

For the command line, where nothing else is to be kept alive: a second process would cost more than the work
on a small file. Imports no pydantic, no store and no asyncio, for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.export import ExportOutcome, ExportRequest
from app.domain.progress import Report, silent
from app.genotypes.repair.staging import Stage, close_stage, open_stage, publish


def export_here(request: ExportRequest, report: Report = silent) -> ExportOutcome:
    """As `export_result.export_files`. Interrupted, it leaves nothing behind either."""
    stage = opened_stage(request)
    try:
        made = write_export(request, str(stage.files), report)
        publish_export(stage, request)
    finally:
        close_stage(stage)
    return placed(made, stage)


def write_export(request: ExportRequest, folder: str, report: Report) -> ExportOutcome:
    """Write the files into a folder; also what a process of its own does, which so imports no desk."""
    from app.results.export.conversion import export

    return export(request, Path(folder), report)


def opened_stage(request: ExportRequest) -> Stage:
    """Where the files are written before they are moved. ProblemError."""
    return open_stage(Path(request.out).absolute())


def publish_export(stage: Stage, request: ExportRequest) -> None:
    """Move the files to their folder; all or none. ProblemError."""
    from app.results.export.result_files import dose_files

    never = dose_files(Path(request.source)) if request.replace else ()
    moved = publish(stage, replace=request.replace, never=never)
    if request.replace:
        _remove_old_indexes(moved)


def _remove_old_indexes(files: Sequence[Path]) -> None:
    """An index of the other kind is of the file that was replaced: programs would find nothing by it."""
    for path in files:
        for index in (path.with_name(path.name + ending) for ending in (".tbi", ".csi")):
            if path.name.endswith(".vcf.gz") and index not in files:
                index.unlink(missing_ok=True)


def placed(outcome: ExportOutcome, stage: Stage) -> ExportOutcome:
    """The outcome with the places where the files are now."""
    sets = tuple(
        replace(each, files=tuple(str(stage.out / Path(f).relative_to(stage.files)) for f in each.files))
        for each in outcome.sets
    )
    return replace(outcome, sets=sets)
