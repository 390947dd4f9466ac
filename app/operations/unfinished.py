"""A folder for files that are being made in another process: gone when that process is ended midway."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

_PREFIX = ".unfinished-"
_ABANDONED_S = 3600.0
ADVICE = "Look whether the disk is there and has room, or write to another folder."


@asynccontextmanager
async def unfinished(out_dir: Path) -> AsyncIterator[Path]:
    """The path of a folder in `out_dir` that the process may make; nothing of it stays after the block.

    `out_dir` itself goes too when it was not there before and is empty. What a program that was killed left
    there goes as well, once nothing was written to it for an hour.
    """
    was_there = await asyncio.to_thread(out_dir.exists)
    await asyncio.to_thread(_remove_abandoned, out_dir)
    folder = out_dir / f"{_PREFIX}{uuid4().hex}"
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, folder, None if was_there else out_dir))


def _remove_abandoned(out_dir: Path) -> None:
    for folder in out_dir.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another program may be at it, or end now
            last = max(each.lstat().st_mtime for each in (folder, *folder.rglob("*")))
            if time.time() - last > _ABANDONED_S:
                shutil.rmtree(folder)


def _remove(folder: Path, parent: Path | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if parent is not None:
        with contextlib.suppress(OSError):
            parent.rmdir()
