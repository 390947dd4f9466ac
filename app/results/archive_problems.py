"""What can go wrong with an archive or the disk it is unpacked to, in words for the user."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class ArchiveFault(StrEnum):
    """What is wrong with an archive; the first word of the details of its Problem."""

    PASSWORD = "archive.password"
    NO_PASSWORD = "archive.no_password"
    DAMAGED = "archive.damaged"
    TRUNCATED = "archive.truncated"
    NOT_AN_ARCHIVE = "archive.not_an_archive"
    UNSAFE = "archive.unsafe"
    UNSUPPORTED = "archive.unsupported"
    CONTENT = "archive.content"  # the archive is whole, and a file in it is not


def fault(
    what: ArchiveFault, archive: Path, happened: str, can_do: str, details: str = "", title: str = ""
) -> ProblemError:
    """The exception for a faulty archive."""
    titles = {
        ArchiveFault.PASSWORD: "The password does not open the archive",
        ArchiveFault.NO_PASSWORD: "The archive needs a password",
        ArchiveFault.TRUNCATED: "The archive is incomplete",
        ArchiveFault.NOT_AN_ARCHIVE: "This is not an archive",
        ArchiveFault.UNSAFE: "The archive is not safe to unpack",
        ArchiveFault.UNSUPPORTED: "The archive cannot be read",
        ArchiveFault.CONTENT: "A file of the result is damaged",
    }
    return problem(
        Kind.INPUT,
        title or titles.get(what, "The archive is damaged"),
        happened,
        can_do,
        subject=archive.name,
        details=f"{what}: {details}" if details else str(what),
    )


def damaged(archive: Path, happened: str, details: str = "") -> ProblemError:
    """The exception for bytes that are not what they were."""
    return fault(ArchiveFault.DAMAGED, archive, happened, "Fetch it from the service again.", details)


def spoilt(archive: Path, name: str, what: str) -> ProblemError:
    """The exception for a file that the service packed although it is damaged."""
    happened = f"{name} in the archive {what}; the archive itself is as it was sent."
    advice = "The archive is kept. Fetching it again will not help: tell the operator of the service."
    return fault(ArchiveFault.CONTENT, archive, happened, advice, name)


@contextlib.contextmanager
def disk_problems(path: Path, what: str = "could not be written") -> Iterator[None]:
    """Turn an error of the operating system about `path` into a Problem."""
    try:
        yield
    except FileNotFoundError as error:
        text = f"{path.name} is not there any more."
        again = "Fetch it from the service again."
        raise problem(Kind.NOT_FOUND, "A file is missing", text, again, subject=path.name) from error
    except OSError as error:
        raise _disk(path, error, what) from error


def _disk(path: Path, error: OSError, what: str) -> ProblemError:
    if error.errno in _FULL:
        return disk_full(path, "The disk filled up while files were written.", error.strerror or "")
    happened = f"{path.name} {what}: {error.strerror or type(error).__name__}."
    advice = "Look whether the disk is there and whether you may use the folder."
    return problem(Kind.DISK, "The disk gave an error", happened, advice, subject=path.name)


def disk_full(folder: Path, happened: str, details: str = "") -> ProblemError:
    """The exception for a disk without room."""
    advice = "Make room or choose another folder for results, then try again. Nothing half-written was left."
    return problem(Kind.DISK, "The disk is full", happened, advice, subject=folder.name, details=details)
