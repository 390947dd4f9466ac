"""`haplodesk backup …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(name="backup", help="Backups of the database.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


@app.command("make")
def make(ctx: typer.Context, file: File) -> None:
    """Write a backup, also while the window is open."""
    from app.cli.work import backup as work

    work.make(session_of(ctx), file)


@app.command("restore")
def restore(ctx: typer.Context, file: File) -> None:
    """Put a backup in the place of the database; the one there is kept beside it."""
    from app.cli.work import backup as work

    work.restore(session_of(ctx), file)


@app.command("verify")
def verify(ctx: typer.Context, file: File) -> None:
    """Read a whole backup and say whether it is sound."""
    from app.cli.work import backup as work

    work.verify(session_of(ctx), file)
