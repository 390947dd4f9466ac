"""`haplodesk services …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

app = typer.Typer(name="services", help="Imputation services and their tokens.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help="Names or ids of services.", metavar="NAME...")]
SomeNames = Annotated[
    list[str] | None, typer.Argument(help="Names or ids; all when none is named.", metavar="[NAME]...")
]
OneName = Annotated[str, typer.Argument(help="Name or id of a service.", metavar="NAME")]
Token = Annotated[bool, typer.Option("--token-stdin", help="Read the token from standard input.")]


@app.command("list")
def list_services(
    ctx: typer.Context,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="The services that the program knows from the start.")
    ] = False,
) -> None:
    """The services that were added, with state and token."""
    from app.cli.work import services as work

    work.list_services(session_of(ctx), catalogue)


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Your name for it.")],
    url: Annotated[str, typer.Option("--url", help="Its address.")] = "",
    family: Annotated[str, typer.Option("--family", help="What it speaks; found out when left out.")] = "",
    preset: Annotated[str, typer.Option("--preset", help="Take address and limits from the catalogue.")] = "",
    setup: Annotated[
        list[str] | None,
        typer.Option(
            "--setup",
            metavar="NAME=VALUE",
            help="What its kind needs beyond the address, such as described=FILE; may be given again.",
        ),
    ] = None,
    token_stdin: Token = False,
    plain_http: Annotated[
        bool, typer.Option("--allow-plain-http", help="Accept an address without encryption.")
    ] = False,
) -> None:
    """Add a service by its address or from the catalogue, and look at it."""
    from app.cli.work import services as work

    if not url and not preset:
        raise typer.BadParameter("name an address with --url, or a service of the catalogue with --preset")
    new = work.NewService(name, url, family, preset, plain_http, work.setup_of(setup or []))
    work.add(session_of(ctx), new, token_stdin)


@app.command("remove")
def remove(ctx: typer.Context, names: Names) -> None:
    """Remove services and their tokens; their past jobs stay in the list."""
    from app.cli.work import services as work

    work.remove(session_of(ctx), names)


@app.command("check")
def check(ctx: typer.Context, names: SomeNames = None) -> None:
    """Look whether services answer; ends with 1 when one does not."""
    from app.cli.work import services as work

    work.check(session_of(ctx), names or [])


@app.command("set-country")
def set_country(
    ctx: typer.Context,
    name: OneName,
    country: Annotated[str, typer.Argument(help="Codes of two letters, or “here”.", metavar="CODE")],
) -> None:
    """State in which country a service keeps data; rules on where data may go look at it."""
    from app.cli.work import services as work

    work.set_country(session_of(ctx), name, country)


@app.command("set-up")
def set_up(
    ctx: typer.Context,
    name: OneName,
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE...", help="What is said; an empty value takes it back, and - reads a secret."
        ),
    ] = None,
) -> None:
    """Say how a service works where it cannot tell; without pairs: what may be said, and what was."""
    from app.cli.work import service_setup as work

    work.set_up(session_of(ctx), name, pairs or [])


@app.command("set-token")
def set_token(ctx: typer.Context, name: OneName, token_stdin: Token = False) -> None:
    """Verify a new token and keep it in place of the old one."""
    from app.cli.work import services as work

    if not token_stdin:
        raise typer.BadParameter("give the token on standard input and say --token-stdin")
    work.set_token(session_of(ctx), name)


@app.command("sign-in")
def sign_in(
    ctx: typer.Context,
    name: OneName,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="Read the code that the page shows from standard input."),
    ] = False,
    client_id: Annotated[
        str,
        typer.Option("--client-id", help="The id by which the sign-in knows this program; kept."),
    ] = "",
) -> None:
    """Sign in to a service in the browser; the tokens go into the keyring."""
    from app.cli.work import sign_in as work

    work.sign_in(session_of(ctx), name, paste=paste, client_id=client_id)


@app.command("sign-out")
def sign_out(ctx: typer.Context, name: OneName) -> None:
    """Forget the sign-in of a service on this computer."""
    from app.cli.work import sign_in as work

    work.sign_out(session_of(ctx), name)


@app.command("enable")
def enable(ctx: typer.Context, name: OneName) -> None:
    """Switch a service on."""
    from app.cli.work import services as work

    work.switch(session_of(ctx), name, True)


@app.command("disable")
def disable(ctx: typer.Context, name: OneName) -> None:
    """Switch a service off; its history stays."""
    from app.cli.work import services as work

    work.switch(session_of(ctx), name, False)


@app.command("export")
def export(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the list of services to a file, without tokens."""
    from app.cli.work import services as work

    work.export(session_of(ctx), file)


@app.command("import")
def import_services(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(help="A file that 'services export' wrote.")]
) -> None:
    """Add the services of an exported list."""
    from app.cli.work import services as work

    work.import_services(session_of(ctx), file)


@app.command("schema")
def schema(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="described: a service of your own; guided: a web page.")] = (
        "described"
    ),
    file: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Check a file instead of printing the schema."),
    ] = None,
) -> None:
    """The JSON schema of the files that describe services; editors complete and check with it."""
    from app.cli.work import service_files as work

    work.schema(session_of(ctx), kind, file)
