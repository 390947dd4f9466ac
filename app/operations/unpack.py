"""Open a result archive in a process of its own."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from pydantic import SecretStr

from app.domain.problem import Kind, Problem, problem
from app.domain.progress import Report
from app.domain.result import ResultFile
from app.genotypes.worker import run_in_process
from app.operations.disk_trouble import disk_trouble
from app.results.archive import expected_md5, extract, md5_of
from app.results.archive_problems import ArchiveFault

LARGEST_MD5_FILE = 64 << 10


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


def told_md5(path: Path) -> str | None:
    """The checksum of a file in the `.md5` file beside it; None where there is none, or only rubbish."""
    beside = path.with_name(path.name + ".md5")
    with disk_trouble(beside):
        if not beside.is_file() or beside.stat().st_size > LARGEST_MD5_FILE:
            return None
        return expected_md5(path.name, beside.read_bytes().decode("utf-8", errors="replace"))


def refuse_other_md5(path: Path, expected: str) -> None:
    """Compare a file with the checksum of the server; a damaged one is set aside."""
    with disk_trouble(path):
        found = md5_of(path)
    if found != expected.lower():
        set_aside(path)
        raise problem(
            Kind.INPUT,
            f"{'The archive' if is_archive(path) else 'The file'} is damaged",
            f"{path.name} does not have the checksum that the server gives.",
            "Fetch it again; this uses up one of the downloads.",
            subject=path.name,
        )


def set_aside(path: Path) -> None:
    """Keep a damaged file under another name, so that it is not taken for a good one."""
    with disk_trouble(path):
        os.replace(path, path.with_name(path.name + ".damaged"))
