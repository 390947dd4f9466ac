"""`haplodesk results …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands import importing, noting, reporting, scoring
from app.cli.commands.declared import TokenOnce
from app.cli.commands.filter_results import filter_results
from app.cli.commands.joining import add_to
from app.cli.program import session_of

app = typer.Typer(name="results", help="Fetch results, judge and join them.", no_args_is_help=True)
app.command("filter")(filter_results)
add_to(app)
importing.add_to(app)
noting.add_to(app)
reporting.add_to(app)
scoring.add_to(app)


@app.command("fetch")
def fetch(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Our id, the server's id, or a unique name.")],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="Where the files are put; in a folder of their own in it when it holds anything else.",
        ),
    ] = None,
    token_stdin: TokenOnce = False,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="The password of the archives, after the token if both are given."
        ),
    ] = False,
) -> None:
    """Download, verify and decrypt the result of a job; twice costs nothing."""
    from app.cli.work import results as work

    work.fetch(session_of(ctx), job, to, token_stdin=token_stdin, password_stdin=password_stdin)


@app.command("forget")
def forget(
    ctx: typer.Context,
    result: Annotated[str, typer.Argument(metavar="RESULT|JOB", help="The result's id, or its job.")],
    delete_files: Annotated[
        bool,
        typer.Option(
            "--delete-files", help="Delete the files that were fetched or copied too; else all files stay."
        ),
    ] = False,
) -> None:
    """Take a result off the list, with its books; its files stay unless you say otherwise."""
    from app.cli.work import forgetting as work

    work.forget(session_of(ctx), result, delete_files=delete_files)
