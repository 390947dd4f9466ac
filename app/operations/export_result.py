"""Filter a result and write it for another program."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.export import ExportOutcome, ExportRequest
from app.domain.progress import Report, silent
from app.genotypes.repair.staging import close_stage
from app.operations.desk import Desk
from app.operations.export_here import opened_stage, placed, publish_export, write_export
from app.operations.tasks import TaskKind


async def export_result(desk: Desk, request: ExportRequest) -> ExportOutcome:
    """Write the files as a task that the window shows and can cancel; see `export_files`."""
    title = f"Writing {Path(request.source).name} as {request.format.upper()}"
    with desk.tasks.running_task(TaskKind.EXPORT, title) as task:
        return await export_files(request, task.report)


async def export_files(request: ExportRequest, report: Report = silent) -> ExportOutcome:
    """Write the files of a request into its folder, in a process of its own; all or none.

    ProblemError where a source cannot be read, a file is there already and must not be replaced, or what was
    written is not read back as it was meant. Cancelled or failed, it leaves nothing behind.
    """
    from app.genotypes.worker import run_in_process

    stage = await asyncio.to_thread(opened_stage, request)
    try:
        made = await run_in_process(write_export, request, str(stage.files), report=report)
        await asyncio.to_thread(publish_export, stage, request)
    finally:
        await asyncio.shield(asyncio.to_thread(close_stage, stage))
    return placed(made, stage)
