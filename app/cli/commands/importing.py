"""`haplodesk results import`: a result that was made or fetched elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def add_to(app: typer.Typer) -> None:
    """Add the command to `results`."""
    app.command("import")(bring)


def bring(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH…", help="Archives of a server, dose and info files, or the folder they are in."
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="What the result is called here.")] = "",
    dataset: Annotated[
        str, typer.Option("--dataset", metavar="ID", help="The dataset that was sent, if it is known here.")
    ] = "",
    job: Annotated[
        str,
        typer.Option(
            "--job", metavar="JOB", help="The job at a web page whose result this is; it is copied."
        ),
    ] = "",
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the files; else they stay where they are and are only read.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="A new folder for what is unpacked or copied."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="The password of the archives is on standard input.")
    ] = False,
) -> None:
    """Take in results of any Cloudgene server, Minimac, Beagle or Teaspoons: proved, judged and booked."""
    from app.cli.work import importing as work

    if job and (name or dataset):
        raise typer.BadParameter("--job knows the name and the dataset: leave --name and --dataset out")
    order = work.Order(tuple(paths), name, dataset, copy or to is not None, to, job)
    work.bring(session_of(ctx), order, password_stdin=password_stdin)
