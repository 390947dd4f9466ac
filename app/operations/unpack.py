"""Open a result archive in a process of its own."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from app.domain.problem import Kind, Problem, problem
from app.domain.progress import Report
from app.domain.result import ResultFile
from app.genotypes.worker import run_in_process
from app.operations.disk_trouble import disk_trouble
from app.results.archive import expected_md5, extract_results, md5_of
from app.results.archive_problems import ArchiveFault, damaged

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
    path: Path,
    password: SecretStr | None,
    folder: Path,
    report: Report,
    own_names: Mapping[str, str] | None = None,
    figures: Path | None = None,
) -> tuple[ResultFile, ...]:
    """Verify and decrypt an archive into `folder`, prove and index what is in it; nothing half-written stays.

    `own_names` (sent → own) are put back into imputed files; what was found in them is kept in the folder
    `figures`, for the books of the result.
    """
    return await run_in_process(_unpacked, path, password, folder, own_names, figures, report=report)


def _unpacked(
    path: Path,
    password: SecretStr | None,
    folder: Path,
    own_names: Mapping[str, str] | None,
    figures: Path | None,
    report: Report,
) -> tuple[ResultFile, ...]:
    """In the process."""
    from app.results.indexing.figures import save_figures

    found = extract_results(path, password, folder, own_names, report)
    if figures is not None and found.figures:
        with contextlib.suppress(OSError):  # they are read from the files again
            save_figures(figures / f"{path.stem}.npz", list(found.figures))
    return found.files


async def take_plain(
    path: Path, folder: Path, own_names: Mapping[str, str], figures: Path, report: Report
) -> str:
    """Prove and index an imputed file that came without an archive, and put own names back into it.

    Gives what it holds, as its header tells it: services call their files as they like. Its bytes change
    where it has samples with other names of their own, or where it is gzip and no BGZF. Raises
    ProblemError for one that is damaged inside; it is left as it is.
    """
    return await run_in_process(_took_plain, path, folder, own_names, figures, report=report)


def _took_plain(path: Path, folder: Path, own_names: Mapping[str, str], figures: Path, report: Report) -> str:
    """In the process."""
    from app.results.indexing.content_fault import ContentFault
    from app.results.indexing.figures import save_figures
    from app.results.indexing.on_disk import rewrite

    name = path.relative_to(folder).as_posix()
    draft = path.with_name(path.name + ".named")
    with disk_trouble(path):
        try:
            found = rewrite(path, draft, name, own_names, report)
        except ContentFault as error:
            raise damaged(path, f"{path.name} {error}.") from error
        if found.renamed or found.repacked:
            os.replace(draft, path)
        else:
            draft.unlink(missing_ok=True)
        if found.index:
            suffix = found.index.removeprefix(name)
            os.replace(draft.with_name(draft.name + suffix), path.with_name(path.name + suffix))
    with contextlib.suppress(OSError):
        save_figures(figures / f"{path.name}.npz", [found])
    return str(found.kind)


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
