"""`haplodesk convert`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def convert(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A genotype file of any format; its set comes with it.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The new file; it ends in .vcf.gz, .vcf or .bed.")
    ],
) -> None:
    """Write a genotype file in another format; nothing is overwritten."""
    from app.cli.work import convert as work

    work.convert(session_of(ctx), source, target)
