"""What a person brings is looked at before it is taken for a result: whole, and of the right people."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.domain.job import Job
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import Compression, ContainerError, block_length, detect_compression
from app.operations.desk import Desk
from app.operations.remove_result import delete_result_files
from app.operations.result_folder import change_result
from app.operations.result_ledger import forget_ledger, ledger_of
from app.results.archive import listing

UNFINISHED = (".part", ".partial", ".crdownload", ".download")
_HEADER = 64
_AGAIN = "Download it again on the page of the service, and bring it then."


def refuse_unfinished(paths: Sequence[Path]) -> None:
    """What a browser has not finished it calls otherwise. ProblemError."""
    for path in paths:
        if path.name.lower().endswith(UNFINISHED) and not path.is_dir():
            raise problem(
                Kind.INPUT,
                "The download is not finished",
                f"{path.name} is what a browser calls a file whose end it does not have yet.",
                "Wait until it is there whole, and bring it then.",
                subject=path.name,
            )


def refuse_cut(archives: Iterable[Path], files: Iterable[Path]) -> None:
    """Files whose end is missing, as a broken download leaves them; their frames are read. ProblemError."""
    for path in files:
        if _is_cut(path):
            what = f"The end of {path.name} is missing."
            raise problem(Kind.INPUT, "The file is not whole", what, _AGAIN, subject=path.name)
    for path in archives:
        try:
            listing(path)
        except ProblemError as error:
            raise for_the_page(error) from error


def _is_cut(path: Path) -> bool:
    """Whether the last block of a BGZF file ends beyond the file."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if detect_compression(file.read(_HEADER)) is not Compression.BGZF:
                return False
            at = 0
            while at < size:
                file.seek(at)
                length = block_length(memoryview(file.read(_HEADER)), 0, at)
                if length == 0:
                    return True
                at += length
            return at > size
    except (OSError, ContainerError):  # told by whoever reads it
        return False


def for_the_page(error: ProblemError) -> ProblemError:
    """The same Problem with advice for a person: the program can fetch nothing from a page."""
    if not error.problem.what_you_can_do.startswith("Fetch it from the service again"):
        return error
    return ProblemError(error.problem.model_copy(update={"what_you_can_do": _AGAIN}))


async def refuse_other_people(desk: Desk, job: Job, result_id: str) -> None:
    """Take away again what has nobody who was sent, as is known when an archive is open. ProblemError."""
    ledger = await ledger_of(desk, result_id)
    people = ledger.samples if ledger is not None else None
    if people is None or not people.sent or not people.found or people.foreign < people.found:
        return
    found = await change_result(desk, result_id, lambda result: result)
    await asyncio.to_thread(delete_result_files, found)
    await change_result(desk, result_id, lambda result: result.model_copy(update={"files": ()}))
    await forget_ledger(desk, result_id)
    await desk.update_job(job.id, "It was the result of other people, and was not taken.", remote_files=())
    raise problem(
        Kind.INPUT,
        "This is the result of other people",
        f"None of the {people.found:,} people in it was sent with {job.name}.",
        "Look for the files of this job. Results of other jobs are taken in by “Import a result”.",
        subject=job.name,
    )
