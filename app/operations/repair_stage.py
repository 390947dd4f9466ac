"""Where the files of a repair are until all of them are whole; what a cut-off run left is removed later."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from app.domain.changes import Changes
from app.genotypes.repair.staging import HIDDEN, Stage, close_stage, open_stage, publish, withdraw
from app.operations.data_folder_trouble import data_folder_trouble
from app.operations.desk import Desk
from app.store import datasets

T = TypeVar("T")

PREPARED = "prepared"
_AWAY = ".away"
"""Ending of a note that says where, in a folder of the person's, a stage is."""


@contextlib.asynccontextmanager
async def repair_stage(desk: Desk, key: str, folder: Path | None = None) -> AsyncIterator[Stage]:
    """A stage in a folder of the person's or the program's own; gone at the end, however it ends."""
    async with desk.only_one(key):
        stage = await _whatever_happens(
            lambda: _open(desk, key, folder), lambda opened: _close(desk, key, opened)
        )
        try:
            yield stage
        finally:
            await _whatever_happens(lambda: _close(desk, key, stage))


def _open(desk: Desk, key: str, folder: Path | None) -> Stage:
    root = desk.home / PREPARED
    if folder is None:
        return open_stage(root / key)
    stage = open_stage(folder.absolute())
    try:
        with data_folder_trouble(root):
            root.mkdir(parents=True, exist_ok=True)
            (root / (key + _AWAY)).write_text(str(stage.folder), encoding="utf-8")
    except BaseException:
        close_stage(stage)
        raise
    return stage


def _close(desk: Desk, key: str, stage: Stage) -> None:
    close_stage(stage)
    with contextlib.suppress(OSError):
        (desk.home / PREPARED / (key + _AWAY)).unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def published(stage: Stage) -> AsyncIterator[None]:
    """The files are in their folder within the block, and stay there unless it raises."""
    moved = await _whatever_happens(lambda: publish(stage), lambda moved: withdraw(stage, moved))
    try:
        yield
    except BaseException:
        await _whatever_happens(lambda: withdraw(stage, moved))
        raise


async def _whatever_happens(work: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
    """Work of a moment in a thread, ended also when the task is cancelled; then it is undone."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((running,))
        if undo is not None and running.exception() is None:
            undo(running.result())
        raise


async def tidy_repairs(desk: Desk) -> Changes:
    """Remove what repairs wrote that were cut off; files of datasets stay, and so do repairs that go on."""
    known = {each.id for each in await desk.store.read(datasets.datasets)}
    root = desk.home / PREPARED
    for path in await asyncio.to_thread(lambda: list(root.iterdir()) if root.is_dir() else []):
        key = path.name.removesuffix(_AWAY)
        async with desk.only_one(key) as mine:
            if mine:
                await asyncio.to_thread(_clear, path, key in known)
    return Changes()


def _clear(path: Path, known: bool) -> None:
    """A stage that lies in a folder tells that the repair which made the folder did not end."""
    with contextlib.suppress(OSError):
        if path.name.endswith(_AWAY):
            stage = Path(path.read_text(encoding="utf-8"))
            if stage.name.startswith(HIDDEN):
                shutil.rmtree(stage, ignore_errors=True)
            path.unlink()
            return
        stages = list(path.glob(f"{HIDDEN}*"))
        for stage in stages:
            shutil.rmtree(stage, ignore_errors=True)
        if stages and not known:
            shutil.rmtree(path, ignore_errors=True)
