"""`haplodesk convert`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands.filter_results import PRESETS
from app.cli.program import session_of


def convert(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A genotype file of any format; its set comes with it.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The new file; it ends in .vcf.gz, .vcf, .bcf, .bed, .pgen, .bgen or .tsv.gz.",
        ),
    ],
    preset: Annotated[
        str, typer.Option("--preset", help=f"The program that will read the file: {', '.join(PRESETS)}.")
    ] = "",
) -> None:
    """Write a genotype file in another format, with its dosages; nothing is overwritten."""
    from app.cli.work import convert as work

    if preset and preset not in PRESETS:
        raise typer.BadParameter(f"--preset is one of {', '.join(PRESETS)}")
    work.convert(session_of(ctx), source, target, preset)
