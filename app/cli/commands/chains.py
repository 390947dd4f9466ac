"""`haplodesk chains …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(
    name="chains", help="Chain files, by which genome builds are changed.", no_args_is_help=True
)


@app.command("list")
def list_chains(ctx: typer.Context) -> None:
    """The chain files on this computer, and those that can be downloaded."""
    from app.cli.work import chains as work

    work.list_chains(session_of(ctx))


@app.command("add")
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A chain file, packed or plain.", metavar="FILE")],
    from_build: Annotated[
        str, typer.Option("--from", help="Its build; told by its chromosomes when left out.")
    ] = "",
    to_build: Annotated[str, typer.Option("--to", help="The build it leads to.")] = "",
) -> None:
    """Keep a chain file of your own."""
    from app.cli.work import chains as work

    work.add(session_of(ctx), file, from_build, to_build)


@app.command("download")
def download(
    ctx: typer.Context,
    from_build: Annotated[str, typer.Option("--from", help="The build of your files.")],
    to_build: Annotated[str, typer.Option("--to", help="The build of the panel.")],
    agree: Annotated[
        bool, typer.Option("--agree", help="You have seen address, size and terms, and agree to them.")
    ] = False,
) -> None:
    """Show what would be downloaded from where; with --agree, download it."""
    from app.cli.work import chains as work

    work.download(session_of(ctx), from_build, to_build, agree)


@app.command("remove")
def remove(
    ctx: typer.Context,
    chain_id: Annotated[str, typer.Argument(help="Id of a chain file, see 'chains list'.", metavar="ID")],
) -> None:
    """Remove a chain file from this computer."""
    from app.cli.work import chains as work

    work.remove(session_of(ctx), chain_id)
