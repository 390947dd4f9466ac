"""`haplodesk results score`: a result against genotypes that are known otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of


def add_to(app: typer.Typer) -> None:
    """Add the command to `results`."""
    app.command("score")(score)


def score(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="DIR|JOB|RESULT", help="A folder, a dose file, a job, or a result's id.")
    ],
    truth: Annotated[
        list[Path],
        typer.Option(
            "--truth", metavar="FILE", help="Known genotypes, any format that is read; may be given again."
        ),
    ],
    people: Annotated[
        Path | None,
        typer.Option("--people", metavar="TABLE", help="Sample and superpopulation or population."),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option("--names", metavar="TABLE", help="Name in the result, name in the truth."),
    ] = None,
    phase: Annotated[
        bool,
        typer.Option("--phase", help="Count switch errors too; both sides must be VCF files."),
    ] = False,
) -> None:
    """How right a result is: r2, discordance and IQS by frequency and ancestry; switch errors if asked."""
    from app.cli.work import scoring as work

    work.score(session_of(ctx), source, truth, people, names, phase=phase)
