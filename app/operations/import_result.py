"""Take a result that was made or fetched elsewhere into the program, and treat it like any other."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.names import new_id, remote_job_name
from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import Residency, combined
from app.domain.result import NOT_WHOLE, Result, ResultFile, ResultState
from app.genotypes.worker import run_in_process
from app.operations.add_dataset import data_file
from app.operations.desk import Desk
from app.operations.disk_forecast import refuse_too_little_room
from app.operations.disk_trouble import disk_trouble
from app.operations.judge_result import judge
from app.operations.private_folder import private_folder
from app.operations.residency import rule_for
from app.operations.result_folder import save_result
from app.operations.result_ledger import book_result, figures_folder, forget_ledger
from app.operations.result_rule import keep_rule_of_result, rule_stands
from app.operations.sent_record import sent_of
from app.operations.tasks import TaskKind
from app.operations.unpack import unpack
from app.store import datasets, results
from app.store.store import Connection as StoreConnection

if TYPE_CHECKING:
    from app.results.found.recognising import FoundResult

FROM_ELSEWHERE = "from elsewhere"


async def import_result(
    desk: Desk,
    paths: tuple[Path, ...],
    name: str = "",
    password: SecretStr | None = None,
    dataset_id: str | None = None,
    *,
    copy: bool = False,
    to: Path | None = None,
) -> Changes:
    """Add files, folders or archives as one result; its id is in the changes.

    Plain files stay where they are and are only read, their indexes lie in the data folder; archives are
    unpacked, and with `copy` all files copied, into `to` or a folder of their own in the results folder.
    `dataset_id` names what was sent: it makes the books whole, and samples of copies get their own names
    back. A result in place that was imported before is looked at anew. ProblemError, and then nothing stays.
    """
    from app.results.found.recognising import find_result

    found = await asyncio.to_thread(find_result, paths)
    own_names = await _own_names(desk, dataset_id)
    rule = await _rule_of(desk, dataset_id, found)
    in_place = not found.archives and not copy
    result_id = await _known(desk, found) if in_place else None
    is_new = result_id is None
    result_id = result_id or new_id("result")
    try:
        folder, files = await _brought(desk, result_id, found, name, password, own_names, in_place, to, rule)
        await _save(desk, result_id, folder, files, name, dataset_id, in_place)
    except BaseException:
        if is_new:
            await forget_ledger(desk, result_id)
        raise
    await keep_rule_of_result(desk, result_id, copied=() if in_place else (*found.archives, *found.files))
    with desk.tasks.running_task(TaskKind.DECRYPT, "Counting sites and samples") as task:
        await book_result(desk, result_id, task.report)
    quality, line = await judge(folder, files)
    broken = [each.path for each in files if each.verified_by == NOT_WHOLE]
    await save_result(
        desk,
        result_id,
        state=ResultState.INCOMPLETE if broken else ResultState.VERIFIED,
        problem=f"Damaged or cut: {', '.join(broken[:3])}." if broken else "",
        verified=desk.clock.now(),
        quality=quality,
        verdict=line,
        seen=False,
    )
    return desk.announce(Changes.of(Noun.RESULT, result_id))


async def _rule_of(desk: Desk, dataset_id: str | None, found: FoundResult) -> Residency | None:
    """What holds for copies: the rule of what was sent, and that of the files themselves."""
    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id)) if dataset_id else None
    paths = [each.absolute() for each in (*found.archives, *found.files)]
    files = await asyncio.to_thread(lambda: [data_file(each) for each in paths])
    return combined(
        [await rule_for(desk, dataset, dataset.files if dataset else ()), await rule_for(desk, None, files)]
    )


async def _own_names(desk: Desk, dataset_id: str | None) -> Mapping[str, str]:
    if dataset_id is None:
        return {}
    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if dataset is None:
        raise problem(Kind.NOT_FOUND, "No such dataset", f"There is no dataset '{dataset_id}'.")
    return (await sent_of(desk, dataset)).own_names


async def _known(desk: Desk, found: FoundResult) -> str | None:
    """The result that was imported from this folder before and stays there, if it has any of these files.

    Files of another result in the same folder are one of their own.
    """
    names = {path.relative_to(found.root).as_posix() for path in found.files}

    def read(c: StoreConnection) -> str | None:
        there = (each for each in results.results(c) if each.in_place and each.folder == str(found.root))
        return next((each.id for each in there if names & {file.path for file in each.files}), None)

    return await desk.store.read(read)


async def _brought(
    desk: Desk,
    result_id: str,
    found: FoundResult,
    name: str,
    password: SecretStr | None,
    own_names: Mapping[str, str],
    in_place: bool,
    to: Path | None,
    rule: Residency | None,
) -> tuple[Path, tuple[ResultFile, ...]]:
    """The folder of the result and its files, proved."""
    from app.results.found.taking import looked_into

    kept = figures_folder(desk, result_id)
    await asyncio.to_thread(private_folder, kept)
    if in_place:
        with desk.tasks.running_task(TaskKind.DECRYPT, f"Looking into {found.root.name}") as task:
            files = await run_in_process(looked_into, found, str(kept), report=task.report)
        return found.root, files
    usual = desk.results_folder(await desk.settings()) / remote_job_name(name or _usual(found), result_id)
    folder = (to or usual).absolute()
    fresh = await asyncio.to_thread(_make_empty, folder, found)
    try:
        async with rule_stands(rule, folder):
            return folder, await _copied(desk, found, folder, password, own_names, kept)
    except BaseException:
        await asyncio.to_thread(_clear, folder, fresh)
        raise


async def _copied(
    desk: Desk,
    found: FoundResult,
    folder: Path,
    password: SecretStr | None,
    own_names: Mapping[str, str],
    kept: Path,
) -> tuple[ResultFile, ...]:
    from app.results.found.taking import copied

    files: list[ResultFile] = []
    for archive in found.archives:
        with desk.tasks.running_task(TaskKind.DECRYPT, f"Decrypting {archive.name}") as task:
            mine = await unpack(archive, password, folder, task.report, own_names, kept)
        twice = {each.path for each in files} & {each.path for each in mine}
        if twice:
            raise problem(
                Kind.INPUT,
                "Two archives hold the same file",
                f"{min(twice)} is in {archive.name} and in another archive.",
                "Import one result at a time.",
                subject=archive.name,
            )
        files += mine
    if found.files:
        with desk.tasks.running_task(TaskKind.DECRYPT, f"Copying {found.root.name}") as task:
            files += await run_in_process(
                copied, found, str(folder), dict(own_names), str(kept), report=task.report
            )
    return tuple(files)


def _usual(found: FoundResult) -> str:
    return found.root.name or "result"


def _make_empty(folder: Path, found: FoundResult) -> bool:
    """Make the folder; one that holds anything is refused. Whether it was made here."""
    from app.results.archive import listing

    with disk_trouble(folder):
        was_there = folder.is_dir()
        if was_there and any(folder.iterdir()):
            raise problem(
                Kind.INPUT,
                "The folder is not empty",
                f"{folder} holds other files, and nothing is overwritten.",
                "Name a new folder.",
                subject=str(folder),
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        needed = sum(each.stat().st_size for each in found.files)
        needed += sum(listing(each).size for each in found.archives)
        refuse_too_little_room(folder, needed)
    except (OSError, ProblemError):
        _clear(folder, not was_there)
        raise
    return not was_there


def _clear(folder: Path, made_here: bool) -> None:
    """Take away what was written into a folder that was empty."""
    for each in list(folder.iterdir()) if folder.is_dir() else []:
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)
    if made_here:
        shutil.rmtree(folder, ignore_errors=True)


async def _save(
    desk: Desk,
    result_id: str,
    folder: Path,
    files: tuple[ResultFile, ...],
    name: str,
    dataset_id: str | None,
    in_place: bool,
) -> None:
    origin = await asyncio.to_thread(_origin, figures_folder(desk, result_id))

    def write(c: StoreConnection) -> None:
        before = results.result(c, result_id)
        made = Result(
            id=result_id,
            job_id="",
            folder=str(folder),
            state=ResultState.INCOMPLETE,
            files=files,
            started=before.started if before is not None else desk.clock.now(),
            name=name.strip() or (before.name if before is not None else "") or folder.name,
            origin=origin or FROM_ELSEWHERE,
            dataset_id=dataset_id or (before.dataset_id if before is not None else None),
            in_place=in_place,
        )
        results.save_result(c, made)

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.RESULT, result_id))


def _origin(kept: Path) -> str:
    from app.results.found.recognising import maker
    from app.results.ledger.errand import known_figures

    return maker(each.facts for each in known_figures(kept))
