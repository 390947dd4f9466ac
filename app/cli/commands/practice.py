"""`haplodesk practice …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(
    name="practice", help="A server on this computer and invented data, for learning.", no_args_is_help=True
)

MODES = ("cg3-local", "cg3-s3", "cg2")


@app.command("serve")
def serve(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    mode: Annotated[str, typer.Option("--mode", help="cg3-local, cg3-s3 or cg2.")] = MODES[0],
    show_token: Annotated[bool, typer.Option("--show-token", help="Print the token too.")] = False,
) -> None:
    """Run the practice server until Ctrl+C; only this computer can reach it."""
    from app.cli.work import practice as work

    if mode not in MODES:
        raise typer.BadParameter(f"--mode is one of {', '.join(MODES)}")
    work.serve(session_of(ctx), port, mode, show_token)


@app.command("data")
def data(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files are put.")],
    samples: Annotated[int, typer.Option("--samples", min=3, max=10_000, help="People.")] = 60,
    sites: Annotated[
        int, typer.Option("--sites", min=200, max=1_000_000, help="Sites of the panel, a chromosome.")
    ] = 8_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same data.")] = 7,
) -> None:
    """Write an invented cohort with its truth and a panel that fits.

    With the default sites and seed the cohort belongs to the panels of the practice server.
    """
    from app.cli.work import practice as work

    work.make_data(session_of(ctx), folder, samples, sites, seed)
