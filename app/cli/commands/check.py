"""`haplodesk check`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def check(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="VCF files, or folders of them.")],
    service: Annotated[str, typer.Option("--service", help="Check as for this service.")] = "",
    panel: Annotated[str, typer.Option("--panel", help="And for this panel of it.")] = "",
    population: Annotated[str, typer.Option("--population", help="And for this population.")] = "",
    build: Annotated[str, typer.Option("--build", help="The genome build that you state.")] = "",
) -> None:
    """What is in files and what is wrong with them; ends with 1 when a service would refuse them."""
    from app.cli.work import check as work

    if panel and not service:
        raise typer.BadParameter("--panel needs --service")
    if population and not panel:
        raise typer.BadParameter("--population needs --panel")
    work.check(session_of(ctx), files, work.Target(service, panel, population, build))
