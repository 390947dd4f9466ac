"""Where the files of a repair are until all of them are whole; what a cut-off run left is removed later."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from app.domain.changes import Changes
from app.domain.dataset import PREPARED, DataFile, Dataset
from app.domain.job import OPEN_STATES
from app.domain.residency import Residency
from app.genotypes.repair.staging import HIDDEN, Stage, close_stage, open_stage, publish, withdraw
from app.operations.data_folder_trouble import data_folder_trouble
from app.operations.desk import Desk
from app.operations.private_folder import private_folder
from app.operations.rule_files import take_back_rule, write_rule
from app.store import datasets, jobs
from app.store.store import Connection as StoreConnection

T = TypeVar("T")

_AWAY = ".away"
"""Ending of a note that says where, in a folder of the person's, a stage is."""
_REMOVED = ".removed"
"""Ending of a note that the dataset of a folder was taken from the list."""


@contextlib.asynccontextmanager
async def repair_stage(
    desk: Desk, key: str, folder: Path | None = None, rule: Residency | None = None
) -> AsyncIterator[Stage]:
    """A stage in a folder of the person's or the program's own; gone at the end, however it ends.

    The rule of what will be written stands in the folder before its first byte. ProblemError where the folder
    is under a wider one.
    """
    async with desk.only_one(key):
        stage, ruled = await _whatever_happens(
            lambda: _open_under(rule, desk, key, folder), lambda opened: _close(desk, key, *opened)
        )
        try:
            yield stage
        finally:
            await _whatever_happens(lambda: _close(desk, key, stage, ruled))


def _open_under(
    rule: Residency | None, desk: Desk, key: str, folder: Path | None
) -> tuple[Stage, tuple[Path, ...]]:
    """The stage, and the file of the rule if it was written."""
    stage = _open(desk, key, folder)
    try:
        return stage, write_rule(rule, stage.out)
    except BaseException:
        _close(desk, key, stage, ())
        raise


def _open(desk: Desk, key: str, folder: Path | None) -> Stage:
    root = private_folder(desk.home / PREPARED)
    if folder is None:
        return open_stage(root / key)
    stage = open_stage(folder.absolute())
    try:
        with data_folder_trouble(root):
            (root / (key + _AWAY)).write_text(str(stage.folder), encoding="utf-8")
    except BaseException:
        close_stage(stage)
        raise
    return stage


def _close(desk: Desk, key: str, stage: Stage, ruled: tuple[Path, ...]) -> None:
    shutil.rmtree(stage.folder, ignore_errors=True)
    take_back_rule(stage.out, ruled)
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


async def give_up_prepared(desk: Desk, dataset: Dataset) -> None:
    """Note that files in the program's own folder are of a dataset that was taken from the list.

    They go at the next start, unless they came back to the list until then.
    """
    root = desk.home / PREPARED
    inside = (Path(each.path) for each in dataset.files)
    keys = {each.relative_to(root).parts[0] for each in inside if each.is_relative_to(root)}

    def write() -> None:
        with contextlib.suppress(OSError):
            for key in keys:
                (root / (key + _REMOVED)).touch()

    await asyncio.to_thread(write)


def _in_use(c: StoreConnection, folder: Path) -> bool:
    """Whether a dataset or a job that is not over has files in a folder."""
    files: list[DataFile] = [file for each in datasets.datasets(c) for file in each.files]
    files += [file for each in jobs.jobs(c, states=tuple(OPEN_STATES)) for file in each.files]
    return any(Path(each.path).is_relative_to(folder) for each in files)


async def _tidy_removed(desk: Desk, note: Path) -> None:
    folder = note.with_name(note.name.removesuffix(_REMOVED))
    async with desk.only_one(folder.name) as mine:
        if not mine or await desk.store.read(lambda c: _in_use(c, folder)):
            return
        await asyncio.to_thread(shutil.rmtree, folder, True)
        if not folder.exists():
            await asyncio.to_thread(note.unlink, True)


async def tidy_repairs(desk: Desk) -> Changes:
    """Remove what repairs wrote that were cut off, and what is of datasets that were taken from the list.

    Files of datasets stay, and so do repairs that go on.
    """
    known = {each.id for each in await desk.store.read(datasets.datasets)}
    root = desk.home / PREPARED
    for path in await asyncio.to_thread(lambda: list(root.iterdir()) if root.is_dir() else []):
        if path.name.endswith(_REMOVED):
            await _tidy_removed(desk, path)
            continue
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
