"""What goes to a service, written down before it goes: samples in their order and their own names.

The files of an upload may be gone when the result comes; without this record nobody could say whether all
samples came back. It holds names of people, so it lies in a private folder and goes with its job.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.problem import ProblemError
from app.operations.desk import Desk
from app.operations.private_folder import private_folder
from app.store import datasets

log = logging.getLogger(__name__)

FOLDER = "sent"
_MOST_REPAIRS = 20
_BYTE = re.compile(r"\\u(dc[89a-f][0-9a-f])")


@dataclass(frozen=True)
class SentRecord:
    """Samples of an upload in their order (bytes that are no text as surrogates), and sent → own names.

    `sites` counts typed sites by chromosome, as the check of the files found them; `build` is theirs.
    """

    samples: tuple[str, ...] = ()
    samples_hash: str = ""
    own_names: dict[str, str] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)
    build: str | None = None


async def keep_sent(desk: Desk, job: Job, dataset: Dataset) -> None:
    """Write the record of a job that is about to be sent; a job is not held up for want of it."""
    try:
        record = await sent_of(desk, dataset)
        await asyncio.to_thread(_write, desk.home, job.id, record)
    except (OSError, ProblemError) as error:
        log.warning("What was sent could not be written down: %s", error)


async def keep_record(desk: Desk, job_id: str, record: SentRecord) -> None:
    """Write a record in place of what was known; a job is not held up for want of it."""
    try:
        await asyncio.to_thread(_write, desk.home, job_id, record)
    except (OSError, ProblemError) as error:
        log.warning("What was sent could not be written down: %s", error)


async def sent_of(desk: Desk, dataset: Dataset) -> SentRecord:
    """The record of a dataset as it is now."""
    names = await own_names(desk, dataset)
    return await asyncio.to_thread(_record, dataset, names)


async def sent_record(desk: Desk, job_id: str) -> SentRecord | None:
    """The record of a job, None when there is none or it cannot be read."""

    def read() -> SentRecord | None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            told = json.loads((desk.home / FOLDER / f"{job_id}.json").read_text("ascii"))
            return SentRecord(**{**told, "samples": tuple(told["samples"])})
        return None

    return await asyncio.to_thread(read)


async def forget_sent(desk: Desk, job_id: str) -> None:
    """Remove the record of a job."""
    path = desk.home / FOLDER / f"{job_id}.json"
    with contextlib.suppress(OSError):
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _write(home: Path, job_id: str, record: SentRecord) -> None:
    from app.results.indexing.on_disk import write_whole

    folder = private_folder(home / FOLDER)
    write_whole(folder / f"{job_id}.json", json.dumps(asdict(record)).encode("ascii"))


async def own_names(desk: Desk, dataset: Dataset) -> dict[str, str]:
    """Sent → own names, through all repairs in a row that renamed samples."""
    names: dict[str, str] = {}
    current: Dataset | None = dataset
    for _ in range(_MOST_REPAIRS):
        if current is None or current.outcome is None:
            break
        older = await asyncio.to_thread(read_map, Path(current.outcome.sample_map))
        names = {sent: older.get(own, own) for sent, own in names.items()} if names else older
        current = await _dataset(desk, current.made_from)
    return {sent: own for sent, own in names.items() if sent != own}


async def _dataset(desk: Desk, dataset_id: str | None) -> Dataset | None:
    if not dataset_id:
        return None
    return await desk.store.read(lambda c: datasets.dataset(c, dataset_id))


def read_map(path: Path) -> dict[str, str]:
    """New → old names of a sample map that a repair wrote; nothing when it is not there any more.

    Bytes of a name that are no text stand in the map as their code (`\\udce9`); here they are bytes again.
    """
    found: dict[str, str] = {}
    with contextlib.suppress(OSError), path.open("rb") as file:
        for line in file:
            row = line.decode("utf-8", "surrogateescape").rstrip("\r\n").split("\t")
            if len(row) >= 4 and row[3] in ("renamed", "kept"):
                found[row[1]] = _BYTE.sub(lambda code: chr(int(code[1], 16)), row[0])
    return found


def _record(dataset: Dataset, names: Mapping[str, str]) -> SentRecord:
    from app.genotypes.matrix import compared_name

    report = dataset.report
    sites: dict[str, int] = {}
    for facts in report.files if report is not None else ():
        if len(facts.chromosomes) == 1:
            name = compared_name(facts.chromosomes[0])
            sites[name] = sites.get(name, 0) + facts.variants
    hashes = {facts.sample_ids_hash for facts in report.files} if report is not None else set()
    return SentRecord(
        samples=_samples(dataset),
        samples_hash=hashes.pop() if len(hashes) == 1 else "",
        own_names=dict(names),
        sites=sites,
        build=report.build.value if report is not None else None,
    )


def _samples(dataset: Dataset) -> tuple[str, ...]:
    """The names in the header of the first file, as the bytes are there."""
    from app.genotypes.bgzf import ContainerError, read_lines
    from app.results.indexing.header_names import read_header

    for file in dataset.files[:1]:
        header = bytearray()
        with contextlib.suppress(OSError, ContainerError):
            for line in read_lines(file.path):
                if not line.startswith(b"#"):
                    break
                header += line + b"\n"
                if line.startswith(b"#CHROM"):
                    break
            cells = read_header(bytes(header)).samples
            return tuple(each.decode("utf-8", "surrogateescape") for each in cells)
    return ()
