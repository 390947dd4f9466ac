"""Make the crate of a result in its folder, and prove that nothing has changed since."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.crate import CrateProof
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.domain.result import Result
from app.domain.result_report import OutputFact
from app.operations.desk import Desk
from app.operations.recorded_run import output_facts
from app.operations.report_result import files_of_folder, folder_errand, known_result, report_errand
from app.operations.tasks import TaskKind

if TYPE_CHECKING:
    from app.results.reporting.making import ReportErrand


async def crate_result(
    desk: Desk,
    result_id: str,
    *,
    detached: Path | None = None,
    names: bool = False,
    person: bool = False,
    overwrite: bool = False,
) -> int:
    """Write the crate of a result into its folder, or a `detached` one elsewhere; how many files it proves.

    `names`: with names of people; `person`: with the name of who sits here. ProblemError when the result is
    gone, a file has changed since it was verified, there is a crate not to be replaced, or the disk refuses.
    """
    result = await known_result(desk, result_id)
    with desk.tasks.running_task(TaskKind.EXPORT, "Writing the crate of a result") as task:
        errand = await report_errand(desk, result, names=names, person=person, report=task.report)
        return await _made(errand, detached, overwrite, task.report)


async def crate_folder(
    folder: Path,
    *,
    detached: Path | None = None,
    names: bool = False,
    overwrite: bool = False,
    report: Report = silent,
) -> int:
    """The same for a folder that is no result of the program."""
    errand = await folder_errand(folder, names=names, report=report)
    return await _made(errand, detached, overwrite, report)


async def _made(errand: ReportErrand, detached: Path | None, overwrite: bool, report: Report) -> int:
    from app.genotypes.worker import run_in_process
    from app.results.crate.building import make_crate

    folder = Path(errand.folder)
    if detached is not None:
        await asyncio.to_thread(_refuse_inside, detached, folder)
    await asyncio.to_thread(_refuse_old, detached or folder, overwrite)
    there = await asyncio.to_thread(files_of_folder, folder)
    outputs = _with_known(there, errand.outputs)
    apart = "" if detached is None else str(detached)
    return await run_in_process(make_crate, replace(errand, outputs=outputs), apart, report=report)


def _refuse_inside(detached: Path, folder: Path) -> None:
    """A crate that proves a folder from outside may not add files to it."""
    if detached.resolve().is_relative_to(folder.resolve()):
        raise problem(
            Kind.INPUT,
            "The crate was not written",
            f"{detached} lies in the folder of the result.",
            "Choose a folder outside of it, or have the crate made in the result's own folder.",
            subject=detached.name,
        )


def _refuse_old(folder: Path, overwrite: bool) -> None:
    from app.results.crate.crate_files import MADE, MANIFEST, METADATA

    old = next((name for name in (METADATA, MANIFEST, *MADE) if (folder / name).exists()), None)
    if old is not None and not overwrite:
        raise problem(
            Kind.INPUT,
            "The crate was not written",
            f"{old} is in {folder} already.",
            "Say that it may be replaced, or see 'results verify'.",
            subject=folder.name,
        )


def _with_known(there: tuple[OutputFact, ...], known: tuple[OutputFact, ...]) -> tuple[OutputFact, ...]:
    """All files of a folder, with what was proved of those that are known; one that is gone stays listed."""
    facts = {each.path: each for each in known}
    gone = [each for each in known if each.path not in {here.path for here in there}]
    return (*(facts.get(each.path, each) for each in there), *gone)


async def verify_result(desk: Desk, result_id: str, report: Report = silent) -> CrateProof:
    """Prove the files of a result by its crate and by what is recorded of them here."""
    result = await known_result(desk, result_id)
    with desk.tasks.running_task(TaskKind.CHECK, "Verifying a result") as task:
        return await _proved(result, _both(report, task.report))


async def verify_folder(folder: Path, result: Path | None = None, report: Report = silent) -> CrateProof:
    """Prove a folder by the crate in it, and the folder of the `result` of a detached crate.

    ProblemError when there is no crate.
    """
    from app.genotypes.worker import run_in_process
    from app.results.crate.proving import prove_crate

    return await run_in_process(prove_crate, folder, result, report=report)


async def _proved(result: Result, report: Report) -> CrateProof:
    """Where there is no crate, the records alone; else both, each fault once."""
    from app.genotypes.worker import run_in_process
    from app.results.crate.crate_files import METADATA
    from app.results.crate.proving import prove_files

    folder = Path(result.folder)
    files = tuple(each for each in output_facts(result) if each.sha256)
    recorded: CrateProof = await run_in_process(prove_files, folder, files, report=report)
    if not await asyncio.to_thread((folder / METADATA).is_file):
        return recorded
    proof = await verify_folder(folder, report=report)
    known = {each.path for each in proof.faults}
    more = tuple(each for each in recorded.faults if each.path not in known)
    return proof.model_copy(update={"faults": (*proof.faults, *more)})


def _both(first: Report, second: Report) -> Report:
    from app.domain.progress import Progress

    def tell(progress: Progress) -> None:
        first(progress)
        second(progress)

    return tell
