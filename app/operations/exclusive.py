"""A lock between processes that ends with the process, even when it is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.domain.problem import Kind, ProblemError, problem

HELD = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})


@contextlib.contextmanager
def exclusive_file(path: Path) -> Iterator[bool]:
    """Hold a file for this process and task alone; yields False when somebody else holds it.

    Raises ProblemError (disk) where the file system cannot tell, such as a network folder without locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+b")
    except OSError as error:
        raise _no_lock(path, error) from error
    with handle:
        if not _taken(handle, path):
            yield False
            return
        try:
            yield True
        finally:
            _give_back(handle)


def remove_if_free(path: Path) -> bool:
    """Remove a lock file that nobody holds; False when it is held or cannot be removed."""
    if sys.platform == "win32":  # there a file that anybody has open cannot be removed
        with contextlib.suppress(OSError):
            path.unlink()
            return True
        return False
    with contextlib.suppress(OSError, ProblemError), path.open("r+b") as handle:
        if _taken(handle, path):
            path.unlink()
            return True
    return False


def _taken(handle: IO[bytes], path: Path) -> bool:
    """Whether the lock is ours now; a file that was removed while we waited for it locks nobody out."""
    try:
        _take(handle)
    except OSError as error:
        if error.errno in HELD:
            return False
        raise _no_lock(path, error) from error
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _no_lock(path: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.DISK,
        "The data folder cannot be locked",
        f"{path.parent}: {error.strerror or error}",
        "Use a data folder on a disk of this computer, with room and the right to write.",
        subject=str(path.parent),
        details=f"errno {error.errno}",
    )


if sys.platform == "win32":
    import msvcrt

    def _take(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

    def _give_back(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give_back(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
