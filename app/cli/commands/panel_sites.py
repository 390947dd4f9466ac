"""`haplodesk panels sites …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(name="sites", help="Site lists of panels on this computer.", no_args_is_help=True)

Panels = Annotated[
    list[str] | None,
    typer.Option("--panel", help="A panel that the list is of, as SERVICE/PANEL; may be given again."),
]
ListId = Annotated[str, typer.Argument(help="Id of a list, see 'panels sites list'.", metavar="ID")]


@app.command("add")
def add(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="HRC sites, lists of an imputation server, legends, VCF or BCF; one list is made of all.",
            metavar="FILE...",
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="Your name for the list.")],
    build: Annotated[str, typer.Option("--build", help="GRCh37, GRCh38, hg19, hg38 …")],
    panel: Panels = None,
    population: Annotated[
        str, typer.Option("--population", help="Whose frequencies to take, such as EUR; all when left out.")
    ] = "",
) -> None:
    """Keep the sites of a panel, so that the program can tell what a service would say."""
    from app.cli.work import panel_sites as work

    work.add(session_of(ctx), files, name, build, panel or [], population)


@app.command("list")
def list_sites(ctx: typer.Context) -> None:
    """The lists on this computer."""
    from app.cli.work import panel_sites as work

    work.list_sites(session_of(ctx))


@app.command("bind")
def bind(ctx: typer.Context, list_id: ListId, panel: Panels = None) -> None:
    """Say which panels a list is of, in place of what was said before; none without --panel."""
    from app.cli.work import panel_sites as work

    work.bind(session_of(ctx), list_id, panel or [])


@app.command("verify")
def verify(ctx: typer.Context, list_id: ListId) -> None:
    """Read a whole list and compare it with its checksums; ends with 1 when it differs."""
    from app.cli.work import panel_sites as work

    work.verify(session_of(ctx), list_id)


@app.command("remove")
def remove(ctx: typer.Context, list_id: ListId) -> None:
    """Remove a list; the files that it was made of stay."""
    from app.cli.work import panel_sites as work

    work.remove(session_of(ctx), list_id)
