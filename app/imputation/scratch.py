"""The folder of half-made files of an imputation, which does not outlive a process that was ended."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREFIX = ".imputing-"
_LOCK = "in-use"
_YOUNG_S = 5.0  # in this time a new folder surely has its lock


@contextlib.contextmanager
def scratch_folder(out_dir: Path) -> Iterator[Path]:
    """A new folder in `out_dir`, gone at the end of the `with`.

    A process holds a lock on a file in its folder: the system lets go of it however the process ends, so
    that a folder whose lock is free belongs to nobody.
    """
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=out_dir) as name,
        (Path(name) / _LOCK).open("wb") as lock,
    ):
        _take(lock)
        yield Path(name)


def remove_abandoned(out_dir: Path) -> None:
    """Remove the folders that ended processes left in a folder; what cannot be removed stays."""
    for folder in out_dir.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):
            is_young = abs(time.time() - folder.stat().st_mtime) < _YOUNG_S
            if folder.is_dir() and not folder.is_symlink() and not is_young and not _is_held(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("r+b") as file:
            return not _take(file)
    except FileNotFoundError:
        return False


def _take(file: BinaryIO) -> bool:
    """Lock a file until it is closed; False when another process has it or the file system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
