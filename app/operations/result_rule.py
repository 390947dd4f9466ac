"""A result is under the rule of the data that were sent for it, and so is what is written of it.

Imputed on this computer or fetched from where it was allowed to be made, it holds the genotypes of the same
people: added as a dataset it may go no further than they.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.domain.residency import Residency, combined
from app.operations.add_dataset import data_file
from app.operations.desk import Desk
from app.operations.known_result import KnownResult, files_of_result, known_result
from app.operations.residency import keep_rule, rule_for
from app.operations.residency_memory import holds_people
from app.operations.rule_files import take_back_rule, tighten_rule, write_rule
from app.services.local.layout import panels_folder, read_panels
from app.store import services


async def rule_of_result(
    desk: Desk, result_id: str, of: Sequence[str] = (), copied: Sequence[Path] = ()
) -> Residency | None:
    """The rule of a result, of others that it is made of, and of files from which it is taken."""
    every = [await desk.store.read(partial(known_result, result_id=each)) for each in (result_id, *of)]
    files = [
        file
        for each in every
        for file in (*await _files_of(each), *each.sources, *await _panel_files(desk, each))
    ]
    files += await asyncio.to_thread(_data_files, copied)
    rules = [await rule_for(desk, each.dataset, (), *each.stated) for each in every]
    return combined([*rules, await rule_for(desk, None, files)])


async def keep_rule_of_result(
    desk: Desk, result_id: str, of: Sequence[str] = (), copied: Sequence[Path] = ()
) -> Residency | None:
    """Remember of what a result was made, and under which rule it is, which stands in its folder; the rule.

    `of` are ids of other results that it was made of, `copied` are files that it was taken from. What stands
    in its folder is never loosened; nothing is written into a folder of the person's.
    """
    rule = await rule_of_result(desk, result_id, of, copied)
    mine = await desk.store.read(lambda c: known_result(c, result_id))
    others = [await desk.store.read(partial(known_result, result_id=each)) for each in of]
    sources = [file for each in (mine, *others) for file in (*each.sent, *await _panel_files(desk, each))]
    sources += [file for each in others for file in await _files_of(each)]
    sources += await asyncio.to_thread(_data_files, copied)
    await keep_rule(desk, rule, await _files_of(mine), sources)
    if mine.result is not None and not mine.result.in_place:
        await asyncio.to_thread(tighten_rule, rule, Path(mine.result.folder))
    return rule


async def leave_rule_of_result(desk: Desk, result_id: str) -> None:
    """As `keep_rule_of_result`, before a record goes by which the rule was known.

    A folder that cannot be written, as on a medium that is only read, keeps no record in the list: its files
    are remembered.
    """
    try:
        await keep_rule_of_result(desk, result_id)
    except ProblemError as error:
        if error.problem.kind is not Kind.DISK:
            raise


@contextlib.asynccontextmanager
async def rule_stands(rule: Residency | None, out: Path) -> AsyncIterator[None]:
    """As `rule_files.rule_first`, without holding up the program."""
    made = await asyncio.to_thread(write_rule, rule, out)
    try:
        yield
    except BaseException:
        await asyncio.shield(asyncio.to_thread(take_back_rule, out, made))
        raise


async def keep_rule_of_export(
    desk: Desk, result_id: str, rule: Residency | None, files: Iterable[str]
) -> None:
    """Remember that files were written of a result, beside which its rule stands."""
    known = await desk.store.read(lambda c: known_result(c, result_id))
    written = await asyncio.to_thread(_data_files, [Path(each) for each in files])
    await keep_rule(desk, rule, written, await _files_of(known))


async def keep_rule_of_archive(desk: Desk, result_id: str, archive: Path) -> None:
    """Remember an archive of a result by its content: it may have been copied when it is removed here."""
    known = await desk.store.read(lambda c: known_result(c, result_id))
    rule = await rule_for(desk, known.dataset, known.sources, *known.stated)
    await keep_rule(desk, rule, await asyncio.to_thread(_data_files, [archive]), known.sent)


async def _files_of(known: KnownResult) -> list[DataFile]:
    """The files with people that are where they were; archives that were kept as well."""
    return await asyncio.to_thread(lambda: _data_files(files_of_result(known.result, known.archives)))


async def _panel_files(desk: Desk, known: KnownResult) -> list[DataFile]:
    """The panel of this computer with which a result was imputed: its genotypes are in it as well."""
    job = known.job
    if job is None:
        return []
    service = await desk.store.read(lambda c: services.service(c, job.service_id))
    if service is None or not service.is_here:
        return []
    return await asyncio.to_thread(files_of_panel, desk.home, job.panel_id)


def files_of_panel(home: Path, panel_id: str) -> list[DataFile]:
    """The files with people of a panel of this computer; none for one that is gone."""
    known = {each.id for each in read_panels(home / "local")}
    folder = panels_folder(home / "local") / panel_id
    inside = sorted(folder.rglob("*")) if panel_id in known else []
    return _data_files(each for each in inside if holds_people(each.name) and each.is_file())


def _data_files(paths: Iterable[Path]) -> list[DataFile]:
    return [data_file(each.absolute()) for each in paths]
