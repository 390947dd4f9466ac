"""`haplodesk repair`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Genotype files, or folders of them.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the repaired files.")]
ServerParams = Annotated[
    Path | None,
    typer.Option("--server-params", metavar="P.json", help="Make them ready for a server with this job."),
]
PanelDir = Annotated[
    Path | None, typer.Option("--panel-dir", metavar="DIR", help="Panels and site lists of that server.")
]
Sites = Annotated[
    Path | None,
    typer.Option("--sites", metavar="FILE", help="A site list of the panel: VCF, legend, HRC list."),
]
Chain = Annotated[
    list[Path] | None,
    typer.Option(
        "--chain", metavar="FILE", help="A chain file that leads to the panel's build; may be repeated."
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option("--reference", metavar="FASTA", help="The reference genome, plain or packed by bgzip."),
]
FilesBuild = Annotated[
    str, typer.Option("--files-build", help="The build of the files, where they leave it open.")
]
Only = Annotated[
    str, typer.Option("--only", metavar="CODE,...", help="Only these repairs; see --plan for their codes.")
]
DropSamples = Annotated[
    Path | None, typer.Option("--drop-samples", metavar="FILE", help="Samples to leave out, one a line.")
]


def repair(
    ctx: typer.Context,
    files: Files,
    out: Out,
    service: Annotated[str, typer.Option("--service", help="Make them ready for this service.")] = "",
    panel: Annotated[str, typer.Option("--panel", help="And for this panel of it.")] = "",
    population: Annotated[str, typer.Option("--population", help="And for this population.")] = "",
    server_params: ServerParams = None,
    panel_dir: PanelDir = None,
    sites: Sites = None,
    chain: Chain = None,
    reference: Reference = None,
    build: Annotated[str, typer.Option("--build", help="The build of the site list (with --sites).")] = "",
    files_build: FilesBuild = "",
    only: Only = "",
    drop_samples: DropSamples = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done and write nothing.")] = False,
) -> None:
    """Mend files and write them as a service wants them; ends with 1 when it would still refuse them."""
    if (server_params is None) != (panel_dir is None):
        raise typer.BadParameter("--server-params and --panel-dir belong together")
    if panel and not service:
        raise typer.BadParameter("--panel needs --service")
    if service and server_params is not None:
        raise typer.BadParameter("--service and --server-params are two targets; name one")
    from app.cli.work import repair as work

    wanted = work.Wanted(
        service=service,
        panel=panel,
        population=population,
        server_params=server_params,
        panel_dir=panel_dir,
        sites=sites,
        chains=tuple(chain or ()),
        reference=reference,
        build=build,
        files_build=files_build,
        only=work.codes_of(only),
        drop_samples=drop_samples,
    )
    work.repair(session_of(ctx), files, out, wanted, plan_only=plan)
