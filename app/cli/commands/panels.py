"""`haplodesk panels …`"""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.commands import panel_sites
from app.cli.program import session_of

app = typer.Typer(name="panels", help="Reference panels that the services offer.", no_args_is_help=True)
app.add_typer(panel_sites.app)


@app.command("list")
def list_panels(
    ctx: typer.Context,
    service: Annotated[str, typer.Option("--service", help="Only those of this service.")] = "",
) -> None:
    """The panels as they were last read; `submit --panel` takes their id."""
    from app.cli.work import panels as work

    work.list_panels(session_of(ctx), service)


@app.command("sync")
def sync(
    ctx: typer.Context,
    services: Annotated[
        list[str] | None, typer.Argument(help="Services; all with a token when none is named.")
    ] = None,
    token_stdin: Annotated[
        bool,
        typer.Option("--token-stdin", help="Use this token for the one service named; it is not kept."),
    ] = False,
) -> None:
    """Read the panels of services and say what changed."""
    from app.cli.work import panels as work

    if token_stdin and len(services or []) != 1:
        raise typer.BadParameter("name the one service whose token stands on standard input")
    work.sync(session_of(ctx), services or [], token_stdin)
