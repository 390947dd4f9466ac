"""`haplodesk results compare`, `meta`, `consensus` and `merge`: several results at once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.program import session_of

_Sources = Annotated[
    list[str],
    typer.Argument(metavar="DIR…", help="Folders of results, dose files, or pairs DOSE,EMPIRICAL."),
]
_Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where the files are written; nothing is overwritten.")
]


class _Start(StrEnum):
    UNIFORM = "uniform"
    FITTED = "fitted"


def add_to(app: typer.Typer) -> None:
    """Add the commands to `results`."""
    app.command("compare")(compare)
    app.command("meta")(meta)
    app.command("consensus")(consensus)
    app.command("merge")(merge)


def compare(
    ctx: typer.Context,
    sources: Annotated[
        list[str], typer.Argument(metavar="DIR|JOB…", help="Folders of results, dose files, or jobs.")
    ],
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="VCF", help="Genotypes of the same people that are known otherwise."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison as one page.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace reports that are there already.")] = False,
) -> None:
    """Results of one cohort side by side: accuracy, coverage, agreement, ranking."""
    from app.cli.work import joining as work

    reports = {form: path for form, path in (("html", html), ("pdf", pdf)) if path is not None}
    work.compare(session_of(ctx), sources, truth, reports, force=force)


def meta(
    ctx: typer.Context,
    sources: _Sources,
    out: _Out,
    start: Annotated[
        _Start, typer.Option("--start", help="Weights at the first typed site: equal, or fitted.")
    ] = _Start.UNIFORM,
) -> None:
    """Join results of one cohort by meta-imputation; needs their empirical dose files."""
    from app.cli.work import joining as work

    work.meta(session_of(ctx), sources, out, start.value)


def consensus(ctx: typer.Context, sources: _Sources, out: _Out) -> None:
    """Take the result with the highest R2 at each variant, where there are only dosages."""
    from app.cli.work import joining as work

    work.consensus(session_of(ctx), sources, out)


def merge(
    ctx: typer.Context,
    sources: _Sources,
    out: _Out,
    union: Annotated[
        bool, typer.Option("--union", help="Keep variants that not every batch has, with missing dosages.")
    ] = False,
) -> None:
    """Make batches of one cohort one result, with R2 and frequencies of all people."""
    from app.cli.work import joining as work

    work.merge(session_of(ctx), sources, out, union=union)
