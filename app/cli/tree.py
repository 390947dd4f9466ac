"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from app import __version__
from app.cli.commands import (
    backup,
    benchmark,
    catalogue,
    chains,
    check,
    convert,
    doctor,
    impute,
    jobs,
    panels,
    practice,
    repair,
    results,
    services,
    submit,
)

HELP = """Genotype imputation from files to results. Without a command the window is opened.

Exit codes: 0 done, 1 done and the answer is no, 2 wrong usage, 3 a problem.
"""


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="haplodesk",
        help=HELP,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
    )
    app.callback()(globally)
    for group in (services.app, catalogue.app, panels.app, chains.app):
        app.add_typer(group)
    app.command("check")(check.check)
    app.command("convert")(convert.convert)
    app.command("repair")(repair.repair)
    app.command("submit")(submit.submit)
    for group in (jobs.app, results.app, benchmark.app):
        app.add_typer(group)
    app.command("impute")(impute.impute)
    app.command("run-local-jobs", hidden=True)(panels.run_local_jobs)
    for group in (practice.app, backup.app):
        app.add_typer(group)
    app.command("doctor")(doctor.doctor)
    app.command("self-check")(doctor.self_check)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"haplodesk {__version__}")
        raise typer.Exit


def globally(
    home: Annotated[
        str, typer.Option("--home", metavar="DIR", help="The data folder; also HAPLODESK_HOME.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer with one JSON object on standard output.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notes and no progress.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of every command, before or after its name; they were read before (`main.hoist`)."""
