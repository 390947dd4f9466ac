"""`haplodesk check`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def check(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Genotype files, or folders of them.")
    ],
    service: Annotated[str, typer.Option("--service", help="Check as for this service.")] = "",
    panel: Annotated[str, typer.Option("--panel", help="And for this panel of it.")] = "",
    population: Annotated[str, typer.Option("--population", help="And for this population.")] = "",
    build: Annotated[str, typer.Option("--build", help="The genome build that you state.")] = "",
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FASTA", help="The reference genome, plain or packed by bgzip."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Write a report, as JSON if it ends in .json, else HTML."
        ),
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--names", help="Name people in the report, and show numbers under five.")
    ] = False,
    server_params: Annotated[
        Path | None,
        typer.Option("--server-params", metavar="P.json", help="Answer as a server with this job would."),
    ] = None,
    panel_dir: Annotated[
        Path | None, typer.Option("--panel-dir", metavar="DIR", help="Panels and site lists of that server.")
    ] = None,
) -> None:
    """What is in files and what is wrong with them; ends with 1 when a service would refuse them."""
    if server_params is not None or panel_dir is not None:
        _as_server(ctx, files, server_params, panel_dir)
        return
    if panel and not service:
        raise typer.BadParameter("--panel needs --service")
    if population and not panel:
        raise typer.BadParameter("--population needs --panel")
    if build:
        _known_build(build)
    from app.cli.work import check as work

    wish = work.ReportWish(write, with_names) if write is not None else None
    work.check(session_of(ctx), files, work.Target(service, panel, population, build, reference), wish)


def _known_build(build: str) -> None:
    from app.genotypes.builds import SPOKEN, build_name

    if build_name(build) is None:
        raise typer.BadParameter(f"--build {build} is not known; known are {', '.join(SPOKEN.values())}")


def _as_server(ctx: typer.Context, files: list[Path], params: Path | None, panel_dir: Path | None) -> None:
    if params is None or panel_dir is None:
        raise typer.BadParameter("--server-params and --panel-dir belong together")
    from app.cli.work.server_check import check_as_server

    check_as_server(session_of(ctx), files, params, panel_dir)
