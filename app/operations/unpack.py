"""Open a result archive in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from pathlib import Path

from pydantic import SecretStr

from app.domain.problem import Kind, Problem, problem
from app.domain.progress import Report
from app.domain.result import ResultFile
from app.genotypes.worker import run_in_process
from app.results.archive import extract
from app.results.archive_problems import ArchiveFault


def is_archive(path: Path) -> bool:
    """Whether a file is a result archive, by its name."""
    return path.suffix == ".zip"


def is_whole_archive(path: Path) -> bool:
    """Whether a ZIP has its directory, which stands at its end, and all members lie inside the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = path.stat().st_size
            return all(i.header_offset + i.compress_size <= size for i in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return False


async def unpack(
    path: Path, password: SecretStr | None, folder: Path, report: Report
) -> tuple[ResultFile, ...]:
    """Verify and decrypt an archive into `folder`; nothing half-written stays."""
    return await run_in_process(extract, path, password, folder, report=report)


def is_damage(why: Problem) -> bool:
    """Whether the bytes of the archive are wrong, so that only another download can help."""
    faults = (ArchiveFault.DAMAGED, ArchiveFault.TRUNCATED, ArchiveFault.NOT_AN_ARCHIVE)
    return why.details.startswith(tuple(str(each) for each in faults))


async def archive_md5(path: Path, expected: str | None) -> None:
    """Compare an archive with the checksum of the server, where it gives one."""
    if expected is None:
        return
    if not await asyncio.to_thread(_has_md5, path, expected):
        raise problem(
            Kind.NO_NETWORK,
            "The archive is damaged",
            f"{path.name} does not have the checksum that the server gives.",
            "Fetch it again; this uses up one of the downloads.",
            subject=path.name,
        )


def _has_md5(path: Path, expected: str) -> bool:
    """Whether a file has this checksum; a damaged one is removed."""
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != expected:
        path.unlink(missing_ok=True)
    return found == expected
