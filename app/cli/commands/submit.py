"""`haplodesk submit`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def submit(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="VCF files, or folders of them.")],
    service: Annotated[list[str], typer.Option("--service", help="To which service; may be given again.")],
    panel: Annotated[list[str], typer.Option("--panel", help="Its panel, one for each --service.")],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="K=V", help="A parameter; accept terms by --option ID=accepted."),
    ] = None,
    app_id: Annotated[
        str, typer.Option("--app", help="The application, where a service has several with that panel.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="A name for the job.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the jobs have ended.")] = False,
    no_check: Annotated[bool, typer.Option("--no-check", help="Leave out the genotype checks.")] = False,
    override_reason: Annotated[
        str,
        typer.Option("--override-reason", metavar="TEXT", help="Send in spite of severe findings; recorded."),
    ] = "",
    only_to: Annotated[
        str,
        typer.Option(
            "--only-to", metavar="PLACES", help="Where the data may go: codes of countries, EU, EEA, here."
        ),
    ] = "",
    phase_with: Annotated[
        str,
        typer.Option(
            "--phase-with",
            metavar="PANEL",
            help="Phase once here with this panel of this computer; services get the same haplotypes.",
        ),
    ] = "",
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Use the token on standard input for this call only.")
    ] = False,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="The password of the results, after the token if both are given."
        ),
    ] = False,
) -> None:
    """Check files and send them to one or several services."""
    from app.cli.work import submit as work

    order = work.Order(
        files=tuple(files),
        pairs=work.pairs_of(service, panel),
        options=work.options_of(option or []),
        app=app_id,
        name=name,
        wait=wait,
        skip_check=no_check,
        override_reason=override_reason,
        only_to=only_to,
        phase_with=phase_with,
    )
    work.submit(session_of(ctx), order, token_stdin=token_stdin, password_stdin=password_stdin)
