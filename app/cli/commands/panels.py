"""`haplodesk panels …`"""

from __future__ import annotations

from pathlib import Path
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


@app.command("add-local")
def add_local(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="VCF, BCF, MSAV or bref3, one a chromosome.")
    ],
    build: Annotated[
        str | None, typer.Option("--build", help="GRCh37 or GRCh38; by default the sites tell it.")
    ] = None,
    maps: Annotated[
        list[Path] | None, typer.Option("--map", help="A genetic map; may be given again.")
    ] = None,
) -> None:
    """Take in a panel for imputation on this computer."""
    from app.cli.work import local_panels as work
    from app.genotypes.builds import build_name

    chosen = build_name(build) if build else None
    if build and chosen is None:
        raise typer.BadParameter(f"--build {build}: say GRCh37 or GRCh38")
    work.add(session_of(ctx), name, files, chosen, maps or [])


@app.command("remove-local")
def remove_local(
    ctx: typer.Context, panel: Annotated[str, typer.Argument(help="Its id, as in 'panels list'.")]
) -> None:
    """Remove a panel of this computer."""
    from app.cli.work import local_panels as work

    work.remove(session_of(ctx), panel)


@app.command("pack")
def pack(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="VCF, BCF, MSAV or bref3 with one chromosome, phased.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The new file; it ends in .hpanel.")],
) -> None:
    """Pack a reference panel into a small file for `impute --panel-file`; nothing is overwritten."""
    from app.cli.work import packed_panel as work

    work.pack(session_of(ctx), source, target)


@app.command("verify")
def verify(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A packed panel.")]
) -> None:
    """Read a packed panel from end to end, with its checksums, and say what it holds."""
    from app.cli.work import packed_panel as work

    work.verify(session_of(ctx), file)


def run_local_jobs(ctx: typer.Context) -> None:
    """Work on the jobs of this computer until none waits; started by the program itself."""
    from app.cli.work import local_panels as work

    work.run_jobs(session_of(ctx))


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
