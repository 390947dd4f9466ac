"""`haplodesk submit`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands.declared import NoCheck, Reason, TokenOnce, Wait
from app.cli.program import session_of


def submit(
    ctx: typer.Context,
    service: Annotated[list[str], typer.Option("--service", help="To which service; may be given again.")],
    panel: Annotated[list[str], typer.Option("--panel", help="Its panel, one for each --service.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="VCF files, or folders of them; none with --group."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="K=V",
            help="A parameter; SERVICE:K=V of one service only. Accept terms by --option ID=accepted.",
        ),
    ] = None,
    app_id: Annotated[
        str, typer.Option("--app", help="The application, where a service has several with that panel.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="A name for the job.")] = "",
    wait: Wait = False,
    no_check: NoCheck = False,
    override_reason: Reason = "",
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
    phase_by: Annotated[
        str, typer.Option("--phase-by", metavar="PROGRAM", help="builtin (the default) or beagle.")
    ] = "",
    send_others: Annotated[
        bool, typer.Option("--send-others", help="Where one cannot be sent, send the others; ends with 1.")
    ] = False,
    group: Annotated[
        str,
        typer.Option(
            "--group", metavar="ID", help="Join the jobs that were sent together; without files, their data."
        ),
    ] = "",
    token_stdin: TokenOnce = False,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="The password of the results, after the token if both are given."
        ),
    ] = False,
) -> None:
    """Check files and send them to one or several services."""
    from app.cli.work import submit as work

    if not files and not group:
        raise typer.BadParameter("name files, or a group whose data are sent", param_hint="FILE...")
    if phase_by not in ("", "builtin", "beagle"):
        raise typer.BadParameter(f"--phase-by {phase_by}: say builtin or beagle")
    options, own = work.options_by_service(option or [], service)
    order = work.Order(
        files=tuple(files or ()),
        pairs=work.pairs_of(service, panel),
        options=options,
        own=own,
        app=app_id,
        name=name,
        wait=wait,
        skip_check=no_check,
        override_reason=override_reason,
        only_to=only_to,
        phase_with=phase_with,
        phase_by=phase_by,
        send_others=send_others,
        group=group,
    )
    work.submit(session_of(ctx), order, token_stdin=token_stdin, password_stdin=password_stdin)
