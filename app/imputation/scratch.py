"""Folders of half-made files, which do not outlive a process that was ended."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREFIX = ".imputing-"
_LOCK = "in-use"
_YOUNG_S = 5.0  # in this time a new folder surely has its lock


@contextlib.contextmanager
def scratch_folder(out_dir: Path, prefix: str = PREFIX) -> Iterator[Path]:
    """A new folder in `out_dir`, gone at the end of the `with`.

    A process holds a lock on a file in its folder: the system lets go of it however the process ends, so
    that a folder whose lock is free belongs to nobody.
    """
    folder = out_dir / f"{prefix}{os.urandom(6).hex()}"
    folder.mkdir(0o700)
    try:
        with in_use(folder):
            yield folder
    finally:
        import shutil  # loaded when the work is over: with `tempfile` it takes half a megabyte

        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


@contextlib.contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder."""
    with (folder / _LOCK).open("wb") as lock:
        _take(lock)
        yield


def remove_abandoned(out_dir: Path, prefix: str = PREFIX, *, locked_once: bool = False) -> None:
    """Remove the folders that ended processes left in a folder; what cannot be removed stays.

    `locked_once`: only those that have a lock, where others of the same prefix are kept without one.
    """
    for folder in out_dir.glob(prefix + "*"):
        with contextlib.suppress(OSError):
            mine = folder.is_dir() and not folder.is_symlink() and _is_mine(folder)
            young = abs(time.time() - folder.stat().st_mtime) < _YOUNG_S
            if locked_once and not (folder / _LOCK).is_file():
                continue
            if mine and not young and not _is_held(folder / _LOCK):
                import shutil

                shutil.rmtree(folder, ignore_errors=True)


def free_bytes(folder: Path) -> int:
    """How much room the disk of a folder has for this user."""
    if sys.platform == "win32":
        import shutil

        return shutil.disk_usage(folder).free
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _is_mine(folder: Path) -> bool:
    """Folders for temporary files are shared by all people on a computer."""
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()


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
