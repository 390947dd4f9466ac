"""What a local job may take over from an earlier try: finished chunks of the same work, and no others.

A job that failed keeps its unfinished work for some days. The same files sent again with the same options
and panel go on from there. What the chunks were made from is written down beside them: where a file of the
panel, a limit of memory, an engine's version or the program has changed since, the work starts anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from app import __version__
from app.domain.job import JobState
from app.domain.model import Model
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import find_engine
from app.operations.local_panel_files import PanelParts
from app.services.local.layout import LocalJob, jobs_folder, read_jobs, write_record

WORK = "work"
MADE_FROM = "made-from.json"


class _MadeFrom(Model):
    sha256: str


def adopt_work(root: Path, job: LocalJob) -> bool:
    """Take over the work of a failed job with the same files, options and panel; whether there was any."""
    mine = jobs_folder(root) / job.id / WORK
    if mine.exists():
        return False
    for other in reversed(read_jobs(root)):
        same = (other.panel_id, other.files, other.options) == (job.panel_id, job.files, job.options)
        if other.state is JobState.FAILED and same and other.id != job.id:
            with contextlib.suppress(FileNotFoundError):
                os.replace(jobs_folder(root) / other.id / WORK, mine)
                return True
    return False


def work_done(folder: Path) -> int:
    """How many chunks of a job are finished: whether a new start got on."""
    return sum(1 for _ in folder.glob(f"{WORK}/*/chunk-*.json")) + sum(
        1 for _ in folder.glob(f"{WORK}/*/phased-*.npz")
    )


def drop_other_work(folder: Path, made_from: str) -> None:
    """Remove the work in a job's folder unless it was made from the same; then write down from what."""
    path = folder / WORK / MADE_FROM
    try:
        known = _MadeFrom.model_validate_json(path.read_bytes()).sha256
    except (OSError, ValueError):
        known = ""
    if known != made_from:
        shutil.rmtree(folder / WORK, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_record(path, _MadeFrom(sha256=made_from))


def fingerprint(
    panel_folder: Path,
    parts: PanelParts,
    engines: Sequence[EngineName],
    tools: Tools,
    limits: tuple[int, int],
) -> str:
    """A hash of what chunks depend on besides the files and options of their job. OSError.

    `limits` are megabytes and threads: they decide where a chromosome is cut.
    """
    names = [part.packed or part.vcf or "" for part in parts.parts]
    names += parts.maps.values()
    seen = [(panel_folder / name).stat() for name in names]
    content = {
        "program": __version__,
        "engines": [(each, find_engine(each, tools).version) for each in engines],
        "limits": limits,
        "panel": [(n, s.st_size, s.st_mtime_ns) for n, s in zip(names, seen, strict=True)],
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
