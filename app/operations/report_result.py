"""Write the report of a result: a page, PDF pages, the methods paragraph, or its references."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.panel import Panel
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.domain.result import Result
from app.domain.result_report import OutputFact
from app.operations.desk import Desk
from app.operations.panel_sites import list_panel_sites
from app.operations.recorded_run import folder_run, output_facts, recorded_run
from app.operations.result_ledger import book_result, figures_folder, folder_ledger, ledger_of
from app.operations.save_report import refuse_genotypes, told_of_the_disk
from app.operations.sent_record import sent_record
from app.operations.tasks import TaskKind
from app.store import jobs, results

if TYPE_CHECKING:
    from app.results.reporting.making import ReportErrand, ReportForm

ReportFiles = Mapping[Path, "ReportForm"]
QUALITY = "quality"
_ENDINGS = {
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".txt": "methods",
    ".md": "methods",
    ".bib": "bibtex",
}


async def save_result_report(
    desk: Desk,
    result_id: str,
    files: Iterable[Path] | ReportFiles,
    panel: Sequence[Path] = (),
    names: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a report to each file, by its ending: .html, .pdf, .txt (methods), .bib; whole or not at all.

    With forms told by `files` the endings do not matter. `panel`: VCFs or site tables with the frequencies
    of the panel, else a site list that is bound to it. `names`: with names of people and every number of
    them. ProblemError when the result is gone, a file is there already and not to be overwritten, holds
    genotypes, or the disk refuses.
    """
    result = await known_result(desk, result_id)
    with desk.tasks.running_task(TaskKind.EXPORT, "Writing the report of a result") as task:
        errand = await report_errand(desk, result, panel=panel, names=names, report=task.report)
        forms = files if isinstance(files, Mapping) else {path: form_of(path) for path in files}
        await write_reports(errand, forms, overwrite=overwrite, report=task.report)


async def methods_of_result(desk: Desk, result_id: str) -> tuple[str, str]:
    """The methods paragraph with its references as plain text, and as BibTeX, to be copied."""
    from app.results.reporting.making import ReportForm

    result = await known_result(desk, result_id)
    errand = await report_errand(desk, result)
    made = await _made(errand, (ReportForm.METHODS, ReportForm.BIBTEX), silent)
    return made[ReportForm.METHODS].decode("utf-8"), made[ReportForm.BIBTEX].decode("ascii")


async def known_result(desk: Desk, result_id: str) -> Result:
    """The result, or a Problem."""
    result = await desk.store.read(lambda c: results.result(c, result_id))
    if result is None:
        raise problem(Kind.NOT_FOUND, "No such result", f"There is no result '{result_id}'.")
    return result


async def report_errand(
    desk: Desk,
    result: Result,
    *,
    panel: Sequence[Path] = (),
    names: bool = False,
    person: bool = False,
    report: Report = silent,
) -> ReportErrand:
    """All that is known of a result, ready for the process that makes its report or its crate."""
    from app.results.reporting.making import ReportErrand

    facts = await recorded_run(desk, result, person=person)
    lists = tuple(map(str, panel)) or await frequency_lists(desk, result)
    ledger = await ledger_of(desk, result.id) or await book_result(desk, result.id, report)
    return ReportErrand(
        facts=facts,
        folder=result.folder,
        outputs=output_facts(result),
        keep_in=str(figures_folder(desk, result.id) / QUALITY),
        ledger=ledger,
        panel=lists,
        people=await _people(desk, result),
        names=names,
    )


async def frequency_lists(desk: Desk, result: Result) -> tuple[str, ...]:
    """The folder of a site list with frequencies that is bound to the panel of a result; none without one."""
    job = await desk.store.read(lambda c: jobs.job(c, result.job_id)) if result.job_id else None
    if job is None:
        return ()
    key = Panel(id=job.panel_id, service_id=job.service_id, app_id=job.app_id, name="", as_of=job.created).key
    for each in await list_panel_sites(desk):
        if key in each.panel_keys and each.has_frequency and not each.problem:
            return (each.folder,)
    return ()


async def folder_errand(
    folder: Path, *, panel: Sequence[Path] = (), names: bool = False, report: Report = silent
) -> ReportErrand:
    """The same of a folder that is no result of the program; nothing is kept anywhere.

    `panel` are VCFs or site tables with the allele frequencies of the panel.
    """
    from app.results.reporting.making import ReportErrand

    books = await folder_ledger(None, folder, report)
    outputs = await asyncio.to_thread(files_of_folder, folder)
    facts = folder_run(folder)
    lists = tuple(map(str, panel))
    return ReportErrand(facts, facts.folder, outputs, ledger=books, panel=lists, names=names)


def files_of_folder(folder: Path) -> tuple[OutputFact, ...]:
    """All files of a folder with their sizes, but those of a crate and what is half there."""
    from app.results.crate.crate_files import own_files
    from app.results.crate.hashing import files_below

    mine = own_files(folder)
    names = (name for name in files_below(folder) if name not in mine and not name.endswith(".part"))
    return tuple(OutputFact(path=name, size=(folder / name).stat().st_size) for name in names)


async def write_reports(
    errand: ReportErrand, forms: ReportFiles, *, overwrite: bool, report: Report = silent
) -> None:
    """Make the reports and put them at their places; none is written when one may not be."""
    inputs = [Path(each.path) for each in errand.facts.inputs]
    inputs += [Path(errand.folder) / each.path for each in errand.outputs]
    await asyncio.to_thread(refuse_reports, forms, inputs, overwrite=overwrite)
    made = await _made(errand, tuple(dict.fromkeys(forms.values())), report)
    await asyncio.to_thread(write_whole_reports, {path: made[form] for path, form in forms.items()})


async def _made(
    errand: ReportErrand, forms: tuple[ReportForm, ...], report: Report
) -> Mapping[ReportForm, bytes]:
    from app.genotypes.worker import run_in_process
    from app.results.reporting.making import make_reports

    return await run_in_process(make_reports, errand, forms, report=report)


def form_of(path: Path) -> ReportForm:
    """The form that the ending of a name asks for. ProblemError for any other ending."""
    from app.results.reporting.making import ReportForm

    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise problem(
            Kind.INPUT,
            "The report was not saved",
            f"A report cannot be written as '{path.name}'.",
            "Name it with the ending .html, .pdf, .txt (methods) or .bib (references).",
            subject=path.name,
        )
    return ReportForm(_ENDINGS[ending])


def refuse_reports(paths: Iterable[Path], inputs: Sequence[Path], *, overwrite: bool) -> None:
    """ProblemError where a report may not take its place: of an input, of genotypes, of what is there."""
    for path in paths:
        _refuse(path, inputs, overwrite=overwrite)


def _refuse(path: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    refuse_genotypes(path, inputs)
    if path.exists() and (not overwrite or not path.is_file()):
        raise problem(
            Kind.INPUT,
            "The report was not saved",
            f"{path} is there already.",
            "Choose another name, or say that it may be overwritten.",
            subject=path.name,
        )


def write_whole_reports(made: Mapping[Path, bytes]) -> None:
    """Write files, each whole or not at all. ProblemError when the disk refuses."""
    from app.results.indexing.on_disk import write_whole

    for path, content in made.items():
        with told_of_the_disk(path):
            write_whole(path, content)


async def _people(desk: Desk, result: Result) -> tuple[str, ...]:
    """Names of people that must not be told: those that were sent, and their own ones."""
    record = await sent_record(desk, result.job_id) if result.job_id else None
    if record is None:
        return ()
    return tuple(dict.fromkeys((*record.samples, *record.own_names, *record.own_names.values())))
