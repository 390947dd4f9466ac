"""`haplodesk catalogue …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(
    name="catalogue",
    help="The services that the program knows, and signed catalogues of institutions.",
    no_args_is_help=True,
)


@app.command("list")
def list_catalogues(ctx: typer.Context) -> None:
    """The catalogues of institutions on this computer, verified now."""
    from app.cli.work import catalogue as work

    work.list_catalogues(session_of(ctx))


@app.command("add")
def add(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="The catalogue; its signature lies beside it (.minisig).", metavar="FILE")
    ],
    key: Annotated[str, typer.Option("--key", help="The public key of the institution, RW… of Minisign.")],
) -> None:
    """Verify the catalogue of an institution by its key, and use it from now on."""
    from app.cli.work import catalogue as work

    work.add(session_of(ctx), file, key)


@app.command("remove")
def remove(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="The id of its key, as “list” shows it.", metavar="KEY")],
) -> None:
    """Stop using the catalogue of an institution; services that were added stay."""
    from app.cli.work import catalogue as work

    work.remove(session_of(ctx), key)


@app.command("export")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file.", metavar="FILE")],
    institution: Annotated[str, typer.Option("--institution", help="Whose catalogue it is to be.")] = "",
) -> None:
    """Write all presets as a catalogue, to edit, sign and share."""
    from app.cli.work import catalogue as work

    work.export(session_of(ctx), file, institution)


@app.command("schema")
def schema(ctx: typer.Context) -> None:
    """The JSON schema of a catalogue."""
    from app.cli.work import catalogue as work

    work.schema(session_of(ctx))
