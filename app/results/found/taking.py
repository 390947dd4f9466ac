"""Files of a result that came from elsewhere, proved where they lie or on the way to a copy."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.domain.result import NOT_WHOLE, ResultFile
from app.results.archive_problems import disk_problems
from app.results.found.recognising import FoundResult
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures, save_figures
from app.results.indexing.kinds import is_watched
from app.results.indexing.on_disk import look_into, rewrite


def looked_into(found: FoundResult, kept: str, report: Report = silent) -> tuple[ResultFile, ...]:
    """Prove and index files where they lie; their indexes go into `kept`/indexes."""

    figures: list[FileFigures] = []
    files: list[ResultFile] = []
    for path in found.files:
        name = path.relative_to(found.root).as_posix()
        if not is_watched(path.name):
            files.append(_plain(path, name))
            continue
        index = Path(kept) / "indexes" / name
        with disk_problems(path):
            index.parent.mkdir(parents=True, exist_ok=True)
            one = look_into(path, name, index=index, report=report)
        figures.append(one)
        proof = _proof(one) if one.whole else NOT_WHOLE
        digest = one.sha256 or _plain(path, name).sha256
        files.append(
            ResultFile(
                path=name,
                size=path.stat().st_size,
                sha256=digest,
                source=path.name,
                verified_by=proof,
                kind=str(one.kind),
            )
        )
    with disk_problems(Path(kept)):
        save_figures(Path(kept) / "looked-into.npz", figures)
    return tuple(files)


def copied(
    found: FoundResult, folder: str, own_names: Mapping[str, str], kept: str, report: Report = silent
) -> tuple[ResultFile, ...]:
    """Copy files into a folder; imputed ones are proved, named and indexed on the way. ProblemError."""

    figures: list[FileFigures] = []
    files: list[ResultFile] = []
    for path in found.files:
        name = path.relative_to(found.root).as_posix()
        target = Path(folder) / name
        with disk_problems(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if not is_watched(path.name):
                shutil.copyfile(path, target)
                files.append(_plain(target, name))
                continue
            try:
                one = rewrite(path, target, name, own_names, report)
            except ContentFault as error:
                raise _spoilt(path, str(error)) from error
        figures.append(one)
        files.append(
            ResultFile(
                path=name,
                size=one.size,
                sha256=one.sha256,
                source=path.name,
                verified_by=_proof(one) + (", names restored" if one.renamed else ""),
                kind=str(one.kind),
            )
        )
    with disk_problems(Path(kept)):
        save_figures(Path(kept) / "copied.npz", figures)
    return tuple(files)


def _proof(one: FileFigures) -> str:
    return f"checksum only: {one.unread}" if one.unread else "read whole"


def _spoilt(path: Path, what: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "A file of the result is damaged",
        f"{path.name} {what}.",
        "Get the file again from where it came from.",
        subject=path.name,
    )


def _plain(path: Path, name: str) -> ResultFile:

    with disk_problems(path), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
    return ResultFile(path=name, size=size, sha256=digest, source=path.name, verified_by="read whole")
