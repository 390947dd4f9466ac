"""`haplodesk results report` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

_Source = Annotated[str, typer.Argument(metavar="DIR|JOB|RESULT", help="A folder, a job, or a result's id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `results`."""
    app.command("report")(report)
    app.command("verify")(verify)


def report(
    ctx: typer.Context,
    source: _Source,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one page.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF.")] = None,
    methods: Annotated[
        Path | None,
        typer.Option("--methods", metavar="FILE", help="Write the methods paragraph with its references."),
    ] = None,
    bibtex: Annotated[
        Path | None, typer.Option("--bibtex", metavar="FILE", help="Write the references as BibTeX.")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="With names of samples and every number of people.")
    ] = False,
    panel_sites: Annotated[
        list[Path] | None,
        typer.Option(
            "--panel-sites", metavar="FILE", help="VCFs or site lists with the panel's allele frequencies."
        ),
    ] = None,
    crate: Annotated[
        bool,
        typer.Option("--crate", help="Write an RO-Crate with all hashes into the folder of the result."),
    ] = False,
    crate_at: Annotated[
        Path | None,
        typer.Option(
            "--crate-at",
            metavar="DIR",
            help="Write the RO-Crate into another folder; the result stays as it is.",
        ),
    ] = None,
    person: Annotated[bool, typer.Option("--person", help="The crate tells who sits here.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
) -> None:
    """How good a result is: R2 by chromosome and frequency, suspect sites, and the books."""
    from app.cli.work import report as work

    named = {"html": html, "pdf": pdf, "methods": methods, "bibtex": bibtex}
    files = {form: path for form, path in named.items() if path is not None}
    panel = tuple(panel_sites or ())
    work.report(session_of(ctx), source, work.Wanted(files, names, force, crate, person, crate_at, panel))


def verify(
    ctx: typer.Context,
    source: _Source,
    result: Annotated[
        Path | None,
        typer.Option(
            "--result", metavar="DIR", help="The folder with the result, for a crate outside of it."
        ),
    ] = None,
) -> None:
    """Whether a result is still as it was: names each file that is changed, missing or added."""
    from app.cli.work import verify as work

    work.verify(session_of(ctx), source, result)
