"""A folder for files that are being made in another process: gone when that process is ended midway."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

ADVICE = "Look whether the disk is there and has room, or write to another folder."


@asynccontextmanager
async def unfinished(out_dir: Path) -> AsyncIterator[Path]:
    """The path of a folder in `out_dir` that the process may make; nothing of it stays after the block.

    `out_dir` itself goes too when it was not there before and is empty.
    """
    was_there = await asyncio.to_thread(out_dir.exists)
    folder = out_dir / f".unfinished-{uuid4().hex}"
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, folder, None if was_there else out_dir))


def _remove(folder: Path, parent: Path | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if parent is not None:
        with contextlib.suppress(OSError):
            parent.rmdir()
