"""How jobs are told, in the words of each generation (`cloudgene.md` 4)."""

from __future__ import annotations

from typing import Any

from app.practice.context import Context
from app.practice.records import (
    ACTIVE,
    CANCELLED,
    DEAD,
    DELETED,
    RETIRED,
    RUNNING,
    SUCCESS,
    SUCCESS_REMINDED,
    WAITING,
    JobRecord,
    ResultEntry,
)
from app.practice.settings import Mode

OUTPUT_ID = 7


def job_body(context: Context, job: JobRecord, *, brief: bool = False) -> dict[str, Any]:
    """A job as JSON; `brief` leaves out steps and files, as lists do for finished jobs."""
    full = not brief
    text = context.text
    body: dict[str, Any] = {
        "application": f"{text.app_name} {text.app_version}",
        "applicationId": context.app_key,
        "deletedOn": job.deleted_on,
        "endTime": job.end_time,
        "id": job.id,
        "name": job.name,
        "logs": "",
        "state": _shown_state(context, job),
        "positionInQueue": queue_position(context, job),
        "userAgent": job.user_agent,
        "startTime": job.start_time,
        "submittedOn": job.submitted_on,
        "username": job.username,
        "currentTime": context.clock.now_ms(),
        "workspaceSize": None,
        "steps": [_step(number, step) for number, step in enumerate(job.steps, 1)] if full else [],
        "outputParams": _outputs(context, job) if full else [],
    }
    return {**body, **_extras_2(job)} if context.mode is Mode.CG2 else body


def list_entry(context: Context, job: JobRecord) -> dict[str, Any]:
    """A job in the list: only active jobs keep their steps and outputs there."""
    return job_body(context, job, brief=context.mode is Mode.CG2 or job.state not in ACTIVE)


def page_body(jobs: list[dict[str, Any]], page: int | None, size: int) -> dict[str, Any]:
    """The object around a list of jobs; `page` None is all of them on one page."""
    count = len(jobs)
    if page is None:
        page, size = 1, count
    page = max(1, page)
    last = max(1, -(-count // size)) if size else 1
    return {
        "count": count,
        "page": page,
        "pageSize": size,
        "prev": page - 1 if page > 1 else None,
        "next": page + 1 if page < last else None,
        "pages": [
            {"page": each, "link": f"?page={each}", "current": each == page} for each in range(1, last + 1)
        ],
        "data": jobs[(page - 1) * size : page * size],
    }


def queue_position(context: Context, job: JobRecord) -> int:
    """How many jobs wait before this one; -1 when it does not wait."""
    if job.state != WAITING:
        return -1
    return sum(each.state == WAITING and each.number < job.number for each in context.records.jobs())


def _shown_state(context: Context, job: JobRecord) -> int:
    shown = context.faults.shown_state
    return job.state if shown is None else shown


def _step(number: int, step: Any) -> dict[str, Any]:
    messages = [
        {"success": True, "message": each.message, "type": each.type, "time": each.time}
        for each in step.messages
    ]
    return {"id": number, "name": step.name, "empty": not messages, "logMessages": messages}


def _outputs(context: Context, job: JobRecord) -> list[dict[str, Any]]:
    if job.state in (RETIRED, DELETED, DEAD) or not job.param_hash:
        return []
    return [
        {
            "id": OUTPUT_ID,
            "description": "Downloads",
            "value": f"{job.id}/output",
            "type": None,
            "download": True,
            "name": "output",
            "tree": _tree(job.results) if context.mode is not Mode.CG2 else [],
            "job": None,
            "jobId": job.id,
            "autoExport": False,
            "hash": job.param_hash,
            "files": [_file(context, each) for each in job.results],
        }
    ]


def _file(context: Context, entry: ResultEntry) -> dict[str, Any]:
    told: dict[str, Any] = {"name": entry.name, "path": entry.path, "hash": entry.hash}
    if context.mode is not Mode.CG2:
        told["count"] = allowed_downloads(context, entry)
    return {**told, "size": entry.size, "parameterId": 0, "user": None}


def allowed_downloads(context: Context, entry: ResultEntry) -> int:
    """How often a file may still be fetched, with the fault that forbids all."""
    return 0 if context.faults.download_limit == 0 else entry.count


def _tree(results: list[ResultEntry]) -> list[dict[str, Any]]:
    roots: list[dict[str, Any]] = []
    folders: dict[str, dict[str, Any]] = {}
    for each in results:
        folder, _, name = each.name.rpartition("/")
        leaf = _leaf(name, each.path, each.hash, each.size, folder=False)
        if not folder:
            roots.append(leaf)
            continue
        if folder not in folders:
            folders[folder] = _leaf(folder, f"output/{folder}", "", "", folder=True)
            roots.append(folders[folder])
        folders[folder]["childs"].append(leaf)
    return roots


def _leaf(name: str, path: str, file_hash: str, size: str, *, folder: bool) -> dict[str, Any]:
    return {"name": name, "path": path, "hash": file_hash, "size": size, "folder": folder, "childs": []}


def _extras_2(job: JobRecord) -> dict[str, Any]:
    """What only generation 2 tells."""
    ended = job.end_time > 0
    return {
        "progress": 100 if job.state in (SUCCESS, SUCCESS_REMINDED) else -1,
        "running": job.state == RUNNING,
        "complete": ended,
        "setupRunning": False,
        "setupStartTime": job.start_time,
        "setupEndTime": job.start_time,
        "finishedOn": job.end_time,
        "canceld": job.state == CANCELLED,
        "priority": 0,
    }


def size_text(size: int) -> str:
    """The floor-rounded size of a file (`314 MB`, `760 bytes`): only a lower bound."""
    for unit, power in (("GB", 3), ("MB", 2), ("KB", 1)):
        if size >= 1024**power:
            return f"{size // 1024**power} {unit}"
    return f"{size} bytes"
