"""SHA-256 of files, read once, with progress."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.domain.result_report import OutputFact

_PIECE = 1 << 20
SYSTEM_FILES = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
"""Files that systems put into folders that somebody looked at; they belong to nobody."""


def hash_files(folder: Path, files: Sequence[OutputFact], report: Report) -> tuple[OutputFact, ...]:
    """The files with their hashes; those that have one are not read. ProblemError when one cannot be."""
    total = sum(each.size for each in files if each.sha256 is None)
    done, found = 0, list[OutputFact]()
    for each in files:
        if each.sha256 is not None:
            found.append(each)
            continue
        told = Progress(done=done, total=total, step=f"Hashing {Path(each.path).name}")
        found.append(each.model_copy(update={"sha256": sha256_of(folder / each.path, report, told)}))
        done += each.size
    return tuple(found)


def sha256_of(path: Path, report: Report, told: Progress) -> str:
    """The hash of a file; `told` is how far the work was before it. ProblemError when it cannot be read."""
    digest, done = hashlib.sha256(), told.done
    try:
        with path.open("rb") as file:
            while data := file.read(_PIECE):
                digest.update(data)
                done += len(data)
                report(replace(told, done=min(done, told.total or done)))
    except OSError as error:
        raise problem(
            Kind.DISK,
            "A file of the result cannot be read",
            f"{path.name}: {error.strerror or error}.",
            "See that the file is there and that you may read it.",
            subject=path.name,
        ) from error
    return digest.hexdigest()


def files_below(folder: Path) -> Iterator[str]:
    """All files of a folder but those of the system, as paths relative to it with `/`, in order. OSError."""

    def refuse(error: OSError) -> None:
        raise error

    found = []
    for here, _, names in os.walk(folder, onerror=refuse):
        below = Path(here).relative_to(folder)
        found += [(below / name).as_posix() for name in names if name not in SYSTEM_FILES]
    yield from sorted(found)
