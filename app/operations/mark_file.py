"""What is known of each result file of a job: how far it is, and what went wrong with it."""

from __future__ import annotations

from app.domain.job import FileState, Job, JobFile
from app.operations.desk import Desk


async def file_now(desk: Desk, job_id: str, file: JobFile) -> JobFile:
    """The file as it is in the store now."""
    job = await desk.job(job_id)
    return next((f for f in job.remote_files if _same(f, file)), file)


async def mark_file(
    desk: Desk, job_id: str, file: JobFile, state: FileState, size: int | None = None, problem: str = ""
) -> None:
    """Set how far a file is. `size` are the bytes of the file that came whole; REMOTE forgets them."""
    update: dict[str, object] = {"state": state, "problem": problem}
    if size is not None or state is FileState.REMOTE:
        update["bytes"] = size

    def change(job: Job) -> Job:
        files = tuple(f.model_copy(update=update) if _same(f, file) else f for f in job.remote_files)
        return job.model_copy(update={"remote_files": files})

    lines = [f"{file.name}: {state}."] if state in {FileState.VERIFIED, FileState.FAILED} else []
    await desk.change_job(job_id, change, *lines, kind="download")


def _same(one: JobFile, other: JobFile) -> bool:
    return (one.group, one.name) == (other.group, other.name)
