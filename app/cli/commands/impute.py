"""`haplodesk impute`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of
from app.cli.work.impute_order import Order
from app.cli.work.usage import WrongUsageError


def impute(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="VCF files of the people.")],
    panel_file: Annotated[
        list[Path],
        typer.Option(
            "--panel-file",
            metavar="REF",
            help="Phased panel as VCF, or packed (.hpanel); may be given once a chromosome.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results are put.")],
    engine: Annotated[str, typer.Option("--engine", help="builtin, minimac4 or beagle.")] = Order.engine,
    genetic_map: Annotated[
        list[Path] | None,
        typer.Option("--map", metavar="M", help="Genetic map; may be given once a chromosome."),
    ] = None,
    phasing: Annotated[
        str,
        typer.Option("--phasing", help="none, builtin, beagle; auto phases only what is not phased."),
    ] = Order.phasing,
    min_r2: Annotated[
        float, typer.Option("--min-r2", min=0, max=1, help="Leave out worse sites.")
    ] = Order.min_r2,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="Threads of the engine; all processors if not told."),
    ] = Order.threads,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=256, help="Megabytes that the engine may take.")
    ] = Order.memory,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="The same seed gives the same result.")
    ] = Order.seed,
    kernel: Annotated[
        str,
        typer.Option(
            "--kernel",
            help="What the built-in engine computes with: c or numpy on the processor, or card, a graphics "
            "card by PyTorch; automatic takes the fastest on the processor.",
        ),
    ] = Order.kernel,
) -> None:
    """Impute on this computer, without a service."""
    try:
        order = Order(
            files=tuple(files),
            panel_file=tuple(panel_file),
            out=out,
            engine=engine,
            map=tuple(genetic_map or ()),
            phasing=phasing,
            min_r2=min_r2,
            threads=threads,
            memory=memory,
            seed=seed,
            kernel=kernel,
        )
    except WrongUsageError as error:
        raise typer.BadParameter(str(error)) from error
    from app.cli.work import impute as work

    work.impute(session_of(ctx), order)
