"""The results that an earlier version of the program fetched or exported are put under their rules, once.

There may be a thousand of them, and somebody waits: what is remembered is read and written once for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.changes import Changes
from app.domain.dataset import DataFile
from app.domain.made_files import MadeEntry
from app.domain.problem import ProblemError
from app.domain.residency import Residency, combined
from app.operations.add_dataset import data_file
from app.operations.desk import Desk
from app.operations.known_result import KnownResult, exports_of, files_of_result, known_results
from app.operations.residency_memory import (
    Known,
    Remembered,
    known_files,
    made_files,
    note_made,
    rules,
    rules_of_files,
    state_rule,
    twins,
)
from app.operations.rule_files import tighten_rule, understood, write_rule
from app.store import settings
from app.store.store import Connection as StoreConnection

log = logging.getLogger(__name__)

_LOOKED, _VERSION = "residency_results", "1"


@dataclass(frozen=True)
class _Seen:
    """A result as it lies on the disk: its files, what was exported of them, and what was sent for it."""

    known: KnownResult
    files: tuple[DataFile, ...]
    exported: tuple[DataFile, ...]

    @property
    def made(self) -> tuple[tuple[Sequence[Known], Sequence[Known]], ...]:
        """Files, and those of which they were made. Reads the start of each."""
        own = known_files(self.files)
        return (own, known_files(self.known.sent)), (known_files(self.exported), own)


async def remember_results(desk: Desk) -> Changes:
    """See the module. One that cannot be looked at stops no other: the store tells its rule all the same."""
    if await desk.store.read(lambda c: settings.state(c, _LOOKED)) == _VERSION:
        return Changes()
    every = await desk.store.read(known_results)
    seen = await asyncio.to_thread(_on_the_disk, every)
    made = await asyncio.to_thread(lambda: [pair for each in seen for pair in each.made])
    await desk.store.write(lambda c: _note(c, made))
    everywhere = (await desk.settings()).data.only_to.strip()
    usual = understood(everywhere) if everywhere else None
    known = await desk.store.read(lambda c: (rules(c), made_files(c)))
    ruled = await asyncio.to_thread(_ruled, seen, *known, usual)
    copies = await asyncio.to_thread(lambda: [twins(known[0], files) for files, _ in ruled])

    def state(c: StoreConnection) -> None:
        for (files, rule), same in zip(ruled, copies, strict=True):
            state_rule(c, files, rule, same)
        settings.set_state(c, _LOOKED, _VERSION)

    await desk.store.write(state)
    return Changes()


def _on_the_disk(every: Iterable[KnownResult]) -> list[_Seen]:
    found = []
    for each in every:
        with _told():
            exports = exports_of(each.result) if each.result is not None else {}
            exported = [Path(file) for files in exports.values() for file in files]
            own = files_of_result(each.result, each.archives)
            found.append(_Seen(each, _data_files(own), _data_files(exported)))
    return found


def _data_files(paths: Iterable[Path]) -> tuple[DataFile, ...]:
    return tuple(data_file(each.absolute()) for each in paths)


def _note(c: StoreConnection, made: Iterable[tuple[Sequence[Known], Sequence[Known]]]) -> None:
    note_made(c, *made)


def _ruled(
    seen: Sequence[_Seen],
    remembered: Sequence[Remembered],
    made: Sequence[MadeEntry],
    usual: Residency | None,
) -> list[tuple[Sequence[Known], Residency]]:
    """The files of results under rules, and of what was exported of them, which stand in their folders."""
    stated = list(remembered)
    found: list[tuple[Sequence[Known], Residency]] = []
    for each in seen:
        looked = (*each.files, *each.known.sources)
        rule = combined([usual, *each.known.stated, *rules_of_files(looked, stated, made)])
        if rule is None:
            continue
        files = known_files((*each.files, *each.exported))
        stated += [Remembered(path=file.path, print=file.print, rule=rule) for file in files]
        found.append((files, rule))
        with _told():
            _stand(each, rule)
    return found


def _stand(seen: _Seen, rule: Residency) -> None:
    """Put a rule into the folder of a result, and into those of its exports."""
    result = seen.known.result
    if result is None:
        return
    if not result.in_place:
        tighten_rule(rule, Path(result.folder))
    for folder in exports_of(result):
        with contextlib.suppress(ProblemError):  # the folder is the person's; the files are remembered
            write_rule(rule, Path(folder))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ProblemError as error:
        log.warning("A result could not be put under its rule: %s", error.problem.sentence())
