"""A lock between processes that ends with the process, even when it is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def exclusive_file(path: Path) -> Iterator[bool]:
    """Hold a file for this process and task alone; yields False when somebody else holds it."""
    with path.open("a+b") as handle:
        if not _take(handle):
            yield False
            return
        try:
            yield True
        finally:
            _give_back(handle)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: IO[bytes]) -> bool:
        try:
            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _give_back(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: IO[bytes]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _give_back(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
