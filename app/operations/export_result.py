"""Filter a result and write it for another program."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.export import ExportOutcome, ExportRequest
from app.domain.progress import Report, silent
from app.genotypes.repair.staging import Stage, close_stage, open_stage, publish
from app.operations.desk import Desk
from app.operations.tasks import TaskKind


async def export_result(desk: Desk, request: ExportRequest) -> ExportOutcome:
    """Write the files as a task that the window shows and can cancel; see `export_files`."""
    title = f"Writing {Path(request.source).name} as {request.format.upper()}"
    with desk.tasks.running_task(TaskKind.EXPORT, title) as task:
        return await export_files(request, task.report)


async def export_files(request: ExportRequest, report: Report = silent) -> ExportOutcome:
    """Write the files of a request into its folder, in a process of its own; all or none.

    ProblemError where a source cannot be read, a file is there already, or what was written is not read back
    as it was meant. Cancelled or failed, it leaves nothing behind.
    """
    from app.genotypes.worker import run_in_process

    stage = await asyncio.to_thread(_opened, request.out)
    try:
        made = await run_in_process(_export, request, str(stage.files), report=report)
        await asyncio.to_thread(publish, stage)
    finally:
        await asyncio.shield(asyncio.to_thread(close_stage, stage))
    return placed(made, stage)


def _opened(folder: str) -> Stage:
    return open_stage(Path(folder).absolute())


def placed(outcome: ExportOutcome, stage: Stage) -> ExportOutcome:
    """The outcome with the places where the files are now."""
    sets = tuple(
        each.model_copy(
            update={
                "files": tuple(str(stage.out / Path(file).relative_to(stage.files)) for file in each.files)
            }
        )
        for each in outcome.sets
    )
    return outcome.model_copy(update={"sets": sets})


def _export(request: ExportRequest, folder: str, report: Report) -> ExportOutcome:
    """In the process, which alone imports NumPy."""
    from app.results.export.conversion import export

    return export(request, Path(folder), report)
