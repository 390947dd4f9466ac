"""Where data may go: the rule of their owner, looked at before anything else and again before the first byte.

A rule comes from four places, and what counts is what all of them allow: the dataset, a file
`haplodesk-only-to.txt` beside the data or in a folder above, the settings, and what was stated earlier of the
same files. The last is remembered by path and by content: a rule outlives its dataset, and a copy under
another name has it too.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile, Dataset
from app.domain.job import Event, Job
from app.domain.model import Model
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.residency import NOWHERE, Residency, combined, residency_of, why_forbidden
from app.domain.service import Service
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import Obstacle
from app.store import datasets, settings
from app.store.store import Connection as StoreConnection

RULE_FILE = "haplodesk-only-to.txt"
_STATE = "residency"
_START = 256 * 1024
_LONGEST_RULE_FILE = 4096


class Remembered(Model):
    """A rule that was stated of a file; `print` is its size and the hash of its start."""

    path: str
    print: str
    rule: Residency


_LIST = TypeAdapter(tuple[Remembered, ...])


async def state_residency(desk: Desk, dataset_id: str, text: str) -> Changes:
    """State where a dataset may go; an empty text takes the statement back. ProblemError for unknown places.

    The rule is remembered for the files, and every statement stands in the timeline with who made it.
    """
    dataset = await dataset_of(desk, dataset_id)
    rule = residency_of(text) if text.strip() else None
    prints = await asyncio.to_thread(_prints, dataset.files)

    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is not None:
            datasets.save_dataset(c, found.model_copy(update={"residency": rule}))
        _remember(c, dataset.files, prints, rule)

    await desk.store.write(write)
    said = f"they may go only to {rule.words()}" if rule else "no rule says where they may go"
    text = f"{desk.person()} stated of {dataset.name}: {said}."
    await desk.note(Event(at=desk.clock.now(), kind="decision", text=text, dataset_id=dataset_id))
    return desk.announce(Changes.of(Noun.DATASET, dataset_id))


async def inherit_residency(desk: Desk, made: Dataset, source: Dataset) -> Dataset:
    """The dataset that was made from another one, under the same rule; the rule holds for its files too."""
    rule = await rule_for(desk, source, source.files)
    if rule is None:
        return made
    prints = await asyncio.to_thread(_prints, made.files)
    await desk.store.write(lambda c: _remember(c, made.files, prints, rule))
    return made.model_copy(update={"residency": rule})


async def rule_for(
    desk: Desk, dataset: Dataset | None, files: Iterable[DataFile], *more: Residency | None
) -> Residency | None:
    """What holds for these files now, by all that was said of them; None when there is no rule at all.

    What was said of the data that a dataset was made from holds for it too, whenever it was said.
    """

    def read(c: StoreConnection) -> tuple[tuple[Remembered, ...], str, tuple[Dataset, ...]]:
        return _remembered(c), settings.load_settings(c).data.only_to, _with_sources(c, dataset)

    known, everywhere, line = await desk.store.read(read)
    rules = [*more, *(each.residency for each in line)]
    rules += [_understood(everywhere)] if everywhere.strip() else []
    looked = (*files, *(file for each in line[1:] for file in each.files))
    rules += await asyncio.to_thread(_of_files, looked, known)
    return combined(rules)


def _with_sources(c: StoreConnection, dataset: Dataset | None) -> tuple[Dataset, ...]:
    """A dataset, what it was made from, what that was made from, and so on."""
    line: list[Dataset] = []
    while dataset is not None and all(each.id != dataset.id for each in line):
        line.append(dataset)
        dataset = datasets.dataset(c, dataset.made_from) if dataset.made_from else None
    return tuple(line)


async def residency_obstacle(desk: Desk, service: Service, dataset: Dataset) -> Obstacle | None:
    """What stands against sending a dataset to a service; asks nobody."""
    rule = await rule_for(desk, dataset, dataset.files)
    found = _problem(rule, service, dataset.name)
    return Obstacle(field="service", problem=found) if found is not None else None


async def refuse_forbidden(desk: Desk, service: Service, job: Job, others: tuple[DataFile, ...] = ()) -> None:
    """The last look, right before bytes leave; ProblemError (refused) where a rule forbids it.

    `others` are files that go along and are not of the dataset.
    """
    dataset = await desk.store.read(lambda c: datasets.dataset(c, job.dataset_id or ""))
    rule = await rule_for(desk, dataset, (*job.files, *others), job.residency)
    found = _problem(rule, service, job.name)
    if found is not None:
        raise ProblemError(found)


def _problem(rule: Residency | None, service: Service, subject: str) -> Problem | None:
    why = why_forbidden(rule, service)
    if why is None:
        return None
    return Problem(
        kind=Kind.REFUSED,
        title="These data may not go there",
        what_happened=why,
        what_you_can_do="Choose a service in an allowed country, or this computer. The country of a service "
        "stands in Services; the rule of the data in Uploads, in the settings and in files beside the data.",
        subject=subject,
    )


def _of_files(files: tuple[DataFile, ...], known: tuple[Remembered, ...]) -> list[Residency | None]:
    """The rules of folders, and those remembered of the same path or the same content."""
    found: list[Residency | None] = [_rule_file(folder) for folder in _folders(files)]
    if known:
        paths = {each.path: each.rule for each in known}
        by_print = {each.print: each.rule for each in known}
        found += [paths.get(file.path) for file in files]
        found += [by_print.get(each) for each in _prints(files).values()]
    return found


def _folders(files: tuple[DataFile, ...]) -> list[Path]:
    """All folders above the files, as they were named and as links lead."""
    found: dict[Path, None] = {}
    for file in files:
        path = Path(file.path)
        for each in (path, path.resolve()):
            found.update(dict.fromkeys(each.parents))
    return list(found)


def _rule_file(folder: Path) -> Residency | None:
    path = folder / RULE_FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_RULE_FILE).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        return NOWHERE  # there is a rule, and nobody can read it
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return _understood("\n".join(lines))


def _understood(text: str) -> Residency:
    """A rule that is not understood allows nothing."""
    try:
        return residency_of(text)
    except ProblemError:
        return NOWHERE


def _prints(files: Iterable[DataFile]) -> dict[str, str]:
    """By path, what tells a file by its content: size and the hash of its start; nothing for lost files."""
    found = {}
    for file in files:
        try:
            with Path(file.path).open("rb") as opened:
                start = hashlib.sha256(opened.read(_START)).hexdigest()
                size = opened.seek(0, 2)
        except OSError:
            continue
        if size:
            found[file.path] = f"{size}:{start}"
    return found


def _remembered(c: StoreConnection) -> tuple[Remembered, ...]:
    text = settings.state(c, _STATE)
    return _LIST.validate_json(text) if text else ()


def _remember(
    c: StoreConnection, files: tuple[DataFile, ...], prints: dict[str, str], rule: Residency | None
) -> None:
    """Replace what is remembered of these files."""
    paths, same = {file.path for file in files}, set(prints.values())
    kept = [each for each in _remembered(c) if each.path not in paths and each.print not in same]
    if rule is not None:
        kept += [Remembered(path=f.path, print=prints.get(f.path, ""), rule=rule) for f in files]
    settings.set_state(c, _STATE, _LIST.dump_json(tuple(kept)).decode())
