"""`haplodesk results price`, `results sent` and `results leave-out`: what a person knows of a result."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.program import session_of

_RESULT = typer.Argument(metavar="RESULT|JOB", help="The result's id, or its job.")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("price")(price)
    app.command("sent")(sent)
    app.command("leave-out")(leave_out)


def price(
    ctx: typer.Context,
    result: Annotated[str, _RESULT],
    words: Annotated[
        str, typer.Argument(metavar="PRICE", help="What it cost, in words; empty takes it off.")
    ],
) -> None:
    """Note what a result has cost, for comparisons."""
    from app.cli.work import noting as work

    work.price(session_of(ctx), result, words)


def sent(
    ctx: typer.Context,
    result: Annotated[str, _RESULT],
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="The dataset's id; empty where it is not known.")
    ],
) -> None:
    """Say what was sent for a result that came from elsewhere; its books are made anew by it."""
    from app.cli.work import noting as work

    work.sent(session_of(ctx), result, dataset)


def leave_out(ctx: typer.Context, result: Annotated[str, _RESULT]) -> None:
    """Write the dataset of a result anew without its suspect sites, checked; nothing is sent."""
    from app.cli.work import noting as work

    work.leave_out(session_of(ctx), result)
