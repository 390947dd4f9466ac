"""Forget a result: its record, its books and, only where a person says so, its files."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, ProblemError, problem
from app.domain.result import Result
from app.domain.rule_file import RULE_ABOUT, RULE_FILE
from app.operations.desk import Desk
from app.operations.result_ledger import forget_ledger
from app.operations.result_rule import leave_rule_of_result
from app.store import results

log = logging.getLogger(__name__)

_INDEXES = (".tbi", ".csi")


async def remove_result(desk: Desk, result_id: str, *, delete_files: bool = False) -> Changes:
    """Forget a result and its books; its job stays as it is, and a person can fetch it again while the server
    has it: nothing does so unasked, as that uses up downloads.

    With `delete_files` the files that the program wrote go too, with their indexes, and the folder when
    nothing else is in it. What a person put there, and files that were imported where they lie, are never
    touched. ProblemError, and then the result stays.
    """
    result = await desk.store.read(lambda c: results.result(c, result_id))
    if result is None:
        raise problem(
            Kind.NOT_FOUND,
            "No such result",
            f"There is no result '{result_id}'.",
            "It may have been removed already.",
            subject=result_id,
        )
    if delete_files and result.in_place:
        raise problem(
            Kind.INPUT,
            "These files are not the program's own",
            f"They were imported where they lie, in {result.folder}, and are only read.",
            "Remove the result without its files, and delete them yourself.",
            subject=result.folder,
        )
    async with desk.only_one(result.job_id or result.id) as mine:
        if not mine:
            raise problem(
                Kind.BUSY,
                "The result is being fetched",
                "Another part of the program works on it now.",
                "Try it again when the fetch has ended.",
                subject=result.folder,
            )
        await leave_rule_of_result(desk, result.id)  # its record told of what was sent
        if delete_files:
            await asyncio.to_thread(delete_result_files, result)
        await desk.store.write(lambda c: results.remove_result(c, result.id))
        await forget_ledger(desk, result.id)
    return desk.announce(Changes.of(Noun.RESULT, result.id))


def delete_result_files(result: Result) -> None:
    """Delete the files that a result lists, their indexes, and folders that are empty then.

    ProblemError when one cannot be deleted; those before it are gone.
    """
    folder = Path(result.folder)
    places = [folder / each.path for each in result.files]
    for path in places:
        if not path.resolve().is_relative_to(folder.resolve()):
            log.warning("A file of a result lies outside of its folder and was left alone")
            continue
        for each in (path, *(path.with_name(path.name + suffix) for suffix in _INDEXES)):
            _delete(each)
    _drop_rule(folder)
    for parent in sorted({parent for path in places for parent in _parents(path, folder)}, reverse=True):
        try:
            parent.rmdir()
        except OSError:  # not empty, or gone
            continue


def _drop_rule(folder: Path) -> None:
    """The rule of files that are gone goes too, where the program wrote it and nothing else lies there."""
    with contextlib.suppress(OSError, UnicodeDecodeError):  # a person may have written it, in any coding
        beside = folder / RULE_FILE
        others = [each for each in folder.rglob("*") if each != beside and not each.is_dir()]
        if not others and beside.read_text("utf-8").startswith(RULE_ABOUT):
            beside.unlink()


def _parents(path: Path, folder: Path) -> list[Path]:
    inside = [each for each in path.parents if each.is_relative_to(folder)]
    return [*inside, folder]


def _delete(path: Path) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _undeleted(path, error) from error


def _undeleted(path: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.DISK,
        "A file of the result cannot be deleted",
        f"{path.name} in {path.parent}: {error.strerror}.",
        "Close the programs that use it and look at the rights of the folder; the result is still listed.",
        subject=str(path),
    )
