"""`results report`: how good a result is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.books import ledger_lines, ledger_row
from app.cli.work.desk import with_desk
from app.cli.work.find import fetched_result, find_job
from app.domain.ledger import ResultLedger
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.domain.result import Quality, Result, ResultFile
from app.genotypes.builds import naturally
from app.genotypes.worker import run_in_process
from app.operations.crate_result import crate_folder, crate_result
from app.operations.desk import Desk
from app.operations.judge_result import figure_paths
from app.operations.report_result import folder_errand, save_result_report, write_reports
from app.operations.result_ledger import book_result, folder_ledger, ledger_of
from app.results.quality import quality
from app.results.suspects import Suspect, suspects
from app.store import results

if TYPE_CHECKING:
    from app.results.reporting.making import ReportForm

SHOWN_SUSPECTS = 20


@dataclass(frozen=True)
class Wanted:
    """Forms and the files to write them to, whether with names of people, whether what is there may be
    replaced, whether to make a crate, and whether it tells who sits here."""

    files: Mapping[str, Path] = field(default_factory=dict)
    names: bool = False
    force: bool = False
    crate: bool = False
    person: bool = False
    crate_at: Path | None = None
    panel: tuple[Path, ...] = ()


def report(session: Session, source: str, wanted: Wanted | None = None) -> None:
    """The figures and the books of a folder of results, or of a result that is known here.

    Reports are written first: where that is refused nothing is answered.
    """
    wanted = wanted or Wanted()
    folder = Path(source)
    proved = _crated(session, source, wanted) if wanted.crate or wanted.crate_at else None
    if wanted.files:
        _write(session, source, wanted)
    files: tuple[ResultFile, ...] = ()
    books: ResultLedger | None = None
    if folder.is_dir():
        figures, bad = asyncio.run(run_in_process(_judge, _paths_in(folder)))
        books = asyncio.run(folder_ledger(None, folder))
    else:
        result, books = with_desk(session, partial(_booked, named=source))
        folder, files = Path(result.folder), result.files
        paths = figure_paths(folder, files) or folder
        figures, bad = asyncio.run(run_in_process(_judge, paths))
    told = ledger_row(books) if books is not None else {}
    data = {**quality_row(figures, bad), "ledger": {**ledger(folder, files), **told}}
    lines = ledger_lines(books) if books is not None else []
    written = [str(each) for each in wanted.files.values()]
    if written:
        data["written"] = written
        lines = [*lines, "", *(f"Written: {each}" for each in written)]
    if proved is not None:
        data["crate"] = {"files": proved}
        lines = [*lines, "", f"The crate proves {proved:,} files."]
    session.out.answer(data, [*_lines(figures, bad), *lines])


def _crated(session: Session, source: str, wanted: Wanted) -> int:
    """Write the crate; how many files it proves."""
    folder = Path(source)
    if folder.is_dir():
        show = partial(session.out.bar.show, "Writing the crate")
        told = {"names": wanted.names, "overwrite": wanted.force}
        return asyncio.run(crate_folder(folder, detached=wanted.crate_at, report=show, **told))

    async def work(desk: Desk) -> int:
        result = await result_of(desk, source)
        told = {"names": wanted.names, "person": wanted.person, "overwrite": wanted.force}
        return await crate_result(desk, result.id, detached=wanted.crate_at, **told)

    return with_desk(session, work)


def _write(session: Session, source: str, wanted: Wanted) -> None:
    if Path(source).is_dir():
        asyncio.run(_write_of_folder(session, Path(source), wanted))
    else:
        with_desk(session, partial(_write_of_result, named=source, wanted=wanted))


async def _write_of_folder(session: Session, folder: Path, wanted: Wanted) -> None:
    show = partial(session.out.bar.show, "Writing the report")
    errand = await folder_errand(folder, panel=wanted.panel, names=wanted.names, report=show)
    await write_reports(errand, _forms(wanted), overwrite=wanted.force, report=show)


async def _write_of_result(desk: Desk, named: str, wanted: Wanted) -> None:
    result = await result_of(desk, named)
    await save_result_report(
        desk, result.id, _forms(wanted), panel=wanted.panel, names=wanted.names, overwrite=wanted.force
    )


def _forms(wanted: Wanted) -> dict[Path, ReportForm]:
    """Files by their absolute paths. ProblemError where two reports would be one file."""
    from app.results.reporting.making import ReportForm

    forms = {path.absolute(): ReportForm(form) for form, path in wanted.files.items()}
    if len(forms) < len(wanted.files):
        raise problem(
            Kind.INPUT,
            "One file for two reports",
            "Two reports have the same name.",
            "Name them differently.",
        )
    return forms


def _paths_in(folder: Path) -> Path | tuple[Path, ...]:
    """The folder, or the files in it that are a result by their headers, whatever they are called."""
    from app.results.found.recognising import belongs
    from app.results.indexing.kinds import is_watched
    from app.results.quality import figure_files

    if figure_files(folder):
        return folder
    watched = (path for path in sorted(folder.rglob("*")) if is_watched(path.name) and path.is_file())
    return tuple(path for path in watched if belongs(path)) or folder


async def _booked(desk: Desk, named: str) -> tuple[Result, ResultLedger | None]:
    result = await result_of(desk, named)
    return result, await ledger_of(desk, result.id) or await book_result(desk, result.id)


async def result_of(desk: Desk, named: str) -> Result:
    """The result of that id, or of the job that is so called."""
    imported = await desk.store.read(lambda c: results.result(c, named))
    if imported is not None:
        return imported
    job = await find_job(desk, named)
    return await fetched_result(desk, job)


def _judge(source: Path | tuple[Path, ...], report: Report) -> tuple[Quality, tuple[Suspect, ...]]:
    return quality(source), suspects(source)


def quality_row(figures: Quality, bad: tuple[Suspect, ...]) -> dict[str, object]:
    """The figures as the contract writes them, without the ledger."""
    return {
        "samples": figures.samples,
        "variants": figures.variants,
        "by_chromosome": [each.model_dump() for each in figures.by_chromosome],
        "by_maf": [each.model_dump(exclude={"judged"}) for each in figures.by_maf],
        "er2": {"mean": figures.mean_er2, "suspects": [each.model_dump() for each in bad]},
    }


def ledger(folder: Path, files: tuple[ResultFile, ...]) -> dict[str, object]:
    """What the result consists of: each file with its size, and where it came from when we fetched it."""
    known = {each.path: each for each in files}
    there = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.endswith(".part")]
    rows = []
    for path in there:
        name = path.relative_to(folder).as_posix()
        mine = known.get(name)
        rows.append(
            {
                "path": name,
                "size": path.stat().st_size,
                "sha256": mine.sha256 if mine else None,
                "source": mine.source if mine else None,
                "verified_by": mine.verified_by if mine else None,
            }
        )
    return {"files": rows}


def _lines(figures: Quality, bad: tuple[Suspect, ...]) -> list[str]:
    lines = pairs(
        [
            ("samples", figures.samples),
            ("variants", figures.variants),
            *([("without MAF", figures.without_maf)] if figures.without_maf else []),
            ("mean ER2", figures.mean_er2),
            (
                "suspect sites",
                len(bad) if figures.mean_er2 is not None else "not known: the files have no ER2",
            ),
        ]
    )
    place = {name: n for n, name in enumerate(naturally(c.chromosome for c in figures.by_chromosome))}
    ordered = sorted(figures.by_chromosome, key=lambda c: place[c.chromosome])
    by_chromosome = [(c.chromosome, c.variants, c.typed, c.mean_r2) for c in ordered]
    lines += ["", *table(("chromosome", "variants", "typed", "mean R2"), by_chromosome)]
    by_maf = [
        (f"{b.maf_from:g}–{b.maf_to:g}", b.variants, b.mean_r2, b.share_r2_03, b.share_r2_08)
        for b in figures.by_maf
    ]
    lines += ["", *table(("MAF", "variants", "mean R2", "R2 ≥ 0.3", "R2 ≥ 0.8"), by_maf)]
    if bad:
        rows = [(s.chrom, s.pos, s.ref, s.alt, s.r2, s.er2) for s in bad[:SHOWN_SUSPECTS]]
        lines += [
            "",
            "Typed sites that the panel does not believe",
            *table(tuple(Suspect.model_fields), rows),
        ]
    return lines
