"""`haplodesk impute`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

ENGINES = ("builtin", "minimac4", "beagle")
KERNELS = ("automatic", "c", "numpy", "card")
PHASINGS = ("auto", "none", "builtin", "beagle")


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
    engine: Annotated[str, typer.Option("--engine", help="builtin, minimac4 or beagle.")] = ENGINES[0],
    genetic_map: Annotated[
        list[Path] | None,
        typer.Option("--map", metavar="M", help="Genetic map; may be given once a chromosome."),
    ] = None,
    phasing: Annotated[
        str,
        typer.Option("--phasing", help="none, builtin, beagle; auto phases only what is not phased."),
    ] = PHASINGS[0],
    min_r2: Annotated[float, typer.Option("--min-r2", min=0, max=1, help="Leave out worse sites.")] = 0.0,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Threads of the engine.")] = 1,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=256, help="Megabytes that the engine may take.")
    ] = 4096,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")] = 1,
    kernel: Annotated[
        str,
        typer.Option(
            "--kernel",
            help="What the built-in engine computes with: c or numpy on the processor, or card, a graphics "
            "card by PyTorch; automatic takes the fastest on the processor.",
        ),
    ] = KERNELS[0],
) -> None:
    """Impute on this computer, without a service."""
    from app.cli.work import impute as work

    if engine not in ENGINES:
        raise typer.BadParameter(f"--engine is one of {', '.join(ENGINES)}")
    if phasing not in PHASINGS:
        raise typer.BadParameter(f"--phasing is one of {', '.join(PHASINGS)}")
    if kernel not in KERNELS:
        raise typer.BadParameter(f"--kernel is one of {', '.join(KERNELS)}")
    if kernel != KERNELS[0] and engine != ENGINES[0]:
        raise typer.BadParameter(f"--kernel belongs to --engine {ENGINES[0]}")
    order = work.Order(
        files=tuple(files),
        panels=tuple(panel_file),
        maps=tuple(genetic_map or ()),
        out=out,
        engine=engine,
        phasing=phasing,
        min_r2=min_r2,
        threads=threads,
        memory_mb=memory,
        seed=seed,
        kernel=kernel,
    )
    work.impute(session_of(ctx), order)
