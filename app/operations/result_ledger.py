"""The books of a result: made when it is verified, kept in the data folder, read by all that show it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile
from app.domain.job import Job
from app.domain.ledger import Loss, ResultLedger, Stage
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.domain.result import Result
from app.genotypes.worker import run_in_process
from app.operations.desk import Desk
from app.operations.private_folder import private_folder
from app.operations.sent_record import SentRecord, sent_of, sent_record
from app.store import datasets, jobs, results, services
from app.store.store import Connection as StoreConnection

if TYPE_CHECKING:
    from app.results.ledger.errand import LedgerErrand

log = logging.getLogger(__name__)

FOLDER = "ledgers"
SMALL = 1 << 20
"""Bytes of files that are read at once rather than in a process of their own."""


def figures_folder(desk: Desk, result_id: str) -> Path:
    """Where the figures of the files of a result are kept; its books lie beside it."""
    return desk.home / FOLDER / result_id


async def ledger_of(desk: Desk, result_id: str) -> ResultLedger | None:
    """The books of a result as they were made last; None when there are none, or they cannot be read."""

    def read() -> ResultLedger | None:
        with contextlib.suppress(OSError, ValueError):
            return ResultLedger.model_validate_json(_path(desk, result_id).read_bytes())
        return None

    return await asyncio.to_thread(read)


async def make_ledger(desk: Desk, result_id: str, report: Report = silent) -> ResultLedger:
    """Make the books anew and keep them. Files that nobody looked into are read; ProblemError."""
    result = await desk.store.read(lambda c: results.result(c, result_id))
    if result is None:
        raise problem(Kind.NOT_FOUND, "No such result", f"There is no result '{result_id}'.")
    errand = await _errand(desk, result)
    before = await ledger_of(desk, result_id)
    ledger = await _made(errand, report)
    if before is not None:
        ledger = _with_conversions(ledger, before)
    await _keep(desk, ledger)
    return ledger


async def _made(errand: LedgerErrand, report: Report) -> ResultLedger:
    """In a process of its own, but for so little that starting one would take longer."""
    from app.results.ledger.errand import make_books

    if await asyncio.to_thread(_bytes_to_read, errand) < SMALL:
        return await asyncio.to_thread(make_books, errand)
    return await run_in_process(make_books, errand, report=report)


def _bytes_to_read(errand: LedgerErrand) -> int:
    paths = [Path(errand.folder) / name for name in errand.names]
    paths += [Path(each) for each in errand.sent_files or ()]
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


async def book_result(desk: Desk, result_id: str, report: Report = silent) -> ResultLedger | None:
    """As `make_ledger`; a verified result is not held up when its books cannot be made."""
    try:
        return await make_ledger(desk, result_id, report)
    except ProblemError as error:
        log.warning("The books of a result could not be made: %s", error.problem.sentence())
        return None


async def folder_ledger(desk: Desk | None, folder: Path, report: Report = silent) -> ResultLedger:
    """The books of a folder that is no result of the program; nothing is written anywhere."""
    from app.domain.clock import SystemClock
    from app.results.ledger.errand import LedgerErrand

    names = await asyncio.to_thread(_names_in, folder)
    clock = desk.clock if desk is not None else SystemClock()
    errand = LedgerErrand(folder=str(folder), names=names, kept="", made=clock.now(), indexes="")
    return await _made(errand, report)


def _names_in(folder: Path) -> tuple[str, ...]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".part")
    return tuple(path.relative_to(folder).as_posix() for path in found)


async def add_conversion(
    desk: Desk, result_id: str, converted: Mapping[str, int], losses: Mapping[str, Sequence[Loss]]
) -> ResultLedger | None:
    """Book a conversion: records written by chromosome, and why others were not (stage `converted`).

    A difference that `losses` do not explain is booked as one that nobody explains. None without books.
    """
    ledger = await ledger_of(desk, result_id)
    if ledger is None:
        return None
    rows = []
    for row in ledger.chromosomes:
        count = converted.get(row.chromosome)
        if count is None or row.downloaded is None:
            rows.append(row)
            continue
        kept = [each for each in row.losses if each.stage is not Stage.CONVERTED]
        mine = [each.model_copy(update={"stage": Stage.CONVERTED}) for each in losses.get(row.chromosome, ())]
        open_count = row.downloaded - count - sum(each.count for each in mine)
        if open_count:
            words = "Not written by the conversion"
            mine.append(Loss(stage=Stage.CONVERTED, reason=words, count=open_count, explained=False))
        rows.append(row.model_copy(update={"converted": count, "losses": (*kept, *mine)}))
    changed = ledger.model_copy(update={"chromosomes": tuple(rows)})
    await _keep(desk, changed)
    return changed


def _with_conversions(ledger: ResultLedger, before: ResultLedger) -> ResultLedger:
    """Conversions are told by whoever converts: they stay when the books are made anew."""
    told = {row.chromosome: row for row in before.chromosomes if row.converted is not None}
    rows = []
    for row in ledger.chromosomes:
        old = told.get(row.chromosome)
        if old is None or old.downloaded != row.downloaded:
            rows.append(row)
            continue
        mine = tuple(each for each in old.losses if each.stage is Stage.CONVERTED)
        rows.append(row.model_copy(update={"converted": old.converted, "losses": (*row.losses, *mine)}))
    return ledger.model_copy(update={"chromosomes": tuple(rows)})


async def forget_ledger(desk: Desk, result_id: str) -> None:
    """Remove the books of a result."""

    def remove() -> None:
        shutil.rmtree(figures_folder(desk, result_id), ignore_errors=True)
        with contextlib.suppress(OSError):
            _path(desk, result_id).unlink(missing_ok=True)

    await asyncio.to_thread(remove)


def _path(desk: Desk, result_id: str) -> Path:
    return desk.home / FOLDER / f"{result_id}.json"


async def _keep(desk: Desk, ledger: ResultLedger) -> None:
    from app.results.indexing.on_disk import write_whole

    def write() -> None:
        private_folder(desk.home / FOLDER)
        text = json.dumps(ledger.model_dump(mode="json"), ensure_ascii=True)
        write_whole(_path(desk, ledger.result_id), text.encode("ascii"))

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        log.warning("The books of a result could not be kept: %s", error.strerror)
    await _note(desk, ledger)
    desk.announce(Changes.of(Noun.RESULT, ledger.result_id))


async def _note(desk: Desk, ledger: ResultLedger) -> None:
    """Write what the books say beside the other figures of the result, where tables are sorted by it."""

    def write(c: StoreConnection) -> None:
        result = results.result(c, ledger.result_id)
        if result is not None and result.complete is not ledger.complete:
            results.save_result(c, result.model_copy(update={"complete": ledger.complete}))

    await desk.store.write(write)


async def note_completeness(desk: Desk, result_ids: Sequence[str]) -> tuple[str, ...]:
    """Note it of results whose books an older version made; returns those that have books."""
    noted = []
    for each in result_ids:
        ledger = await ledger_of(desk, each)
        if ledger is not None:
            await _note(desk, ledger)
            noted.append(each)
    return tuple(noted)


async def _errand(desk: Desk, result: Result) -> LedgerErrand:
    from app.results.ledger.errand import LedgerErrand

    kept = figures_folder(desk, result.id)
    await asyncio.to_thread(private_folder, kept)
    errand = LedgerErrand(
        folder=result.folder,
        names=tuple(each.path for each in result.files),
        kept=str(kept),
        made=desk.clock.now(),
        result_id=result.id,
        indexes=str(kept / "indexes") if result.in_place else None,
    )
    job = await desk.store.read(lambda c: jobs.job(c, result.job_id)) if result.job_id else None
    if job is not None:
        return await _of_job(desk, errand, job)
    return await _of_dataset(desk, errand, result.dataset_id) if result.dataset_id else errand


async def _of_job(desk: Desk, errand: LedgerErrand, job: Job) -> LedgerErrand:
    record = await sent_record(desk, job.id)
    dataset_id = job.dataset_id or ""
    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if record is None and dataset is not None and dataset.files == job.files:
        record = await sent_of(desk, dataset)
    texts = tuple(message.text for step in job.steps for message in step.messages)
    filtered = str(job.options.get("r2Filter", ""))
    panel_build = await desk.store.read(lambda c: _panel_build(c, job))
    return await asyncio.to_thread(_with_sent, errand, job.files, record, panel_build, texts, filtered)


def _panel_build(c: StoreConnection, job: Job) -> str | None:
    panel = services.panel(c, job.service_id, job.panel_id, job.app_id)
    return panel.build if panel is not None else None


async def _of_dataset(desk: Desk, errand: LedgerErrand, dataset_id: str) -> LedgerErrand:
    dataset = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    if dataset is None:
        return errand
    return await asyncio.to_thread(_with_sent, errand, dataset.files, await sent_of(desk, dataset), None)


def _with_sent(
    errand: LedgerErrand,
    files: Sequence[DataFile],
    record: SentRecord | None,
    panel_build: str | None,
    messages: tuple[str, ...] = (),
    filtered: str = "",
) -> LedgerErrand:
    """The errand with all that is known of the upload."""
    from dataclasses import replace

    unchanged = all(_is_unchanged(each) for each in files)
    record = record or SentRecord()
    return replace(
        errand,
        messages=messages,
        sent_files=tuple(each.path for each in files) if unchanged else (),
        sent_files_gone=not unchanged,
        sent_sites=tuple(record.sites.items()),
        samples=record.samples or None,
        samples_hash=record.samples_hash,
        own_names=tuple(record.own_names.items()),
        lifted=None not in (record.build, panel_build) and record.build != panel_build,
        options_filter=filtered,
    )


def _is_unchanged(file: DataFile) -> bool:
    try:
        stat = Path(file.path).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (file.size, file.modified)
