"""`haplodesk benchmark …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands.declared import NoCheck, Reason, Wait
from app.cli.program import session_of

app = typer.Typer(
    name="benchmark",
    help="Hide typed sites, let several panels impute them, and see which does it best.",
    no_args_is_help=True,
)

_Id = Annotated[str, typer.Argument(metavar="BENCHMARK", help="Its id, as in 'benchmark show'.")]
_Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="K=V", help="A parameter; accept terms by --option ID=accepted."),
]


@app.command("make")
def make(
    ctx: typer.Context,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...|DATASET", help="Files of one cohort, or a dataset's id.")
    ],
    service: Annotated[list[str], typer.Option("--service", help="A service; may be given again.")],
    panel: Annotated[list[str], typer.Option("--panel", help="Its panel, one for each --service.")],
    share: Annotated[float, typer.Option("--share", help="Which share of the typed sites is hidden.")] = 0.02,
    seed: Annotated[int | None, typer.Option("--seed", help="By default one is drawn and recorded.")] = None,
    chromosome: Annotated[
        list[str] | None, typer.Option("--chromosome", help="By default 20 and 22, else all.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option("--people", metavar="TABLE", help="Sample and superpopulation.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What to call it.")] = "",
) -> None:
    """Hide sites and prepare the rest for these panels; nothing is sent yet."""
    from app.cli.work import benchmark as work
    from app.cli.work.submit import pairs_of

    wanted = work.Wanted(
        tuple(files), pairs_of(service, panel), share, seed, tuple(chromosome or ()), people, name
    )
    work.make(session_of(ctx), wanted)


@app.command("send")
def send(
    ctx: typer.Context,
    benchmark: _Id,
    option: _Options = None,
    wait: Wait = False,
    no_check: NoCheck = False,
    override_reason: Reason = "",
) -> None:
    """Send the masked files to every panel that has no job, or whose job failed."""
    from app.cli.work import benchmark as work
    from app.cli.work.submit import options_of

    sending = work.Sending(options_of(option or []), wait, no_check, override_reason)
    work.send(session_of(ctx), benchmark, sending)


@app.command("score")
def score(ctx: typer.Context, benchmark: _Id) -> None:
    """Look at the jobs, fetch what is done, score it at the hidden sites, and rank."""
    from app.cli.work import benchmark as work

    work.score(session_of(ctx), benchmark)


@app.command("show")
def show(
    ctx: typer.Context,
    benchmark: Annotated[str, typer.Argument(metavar="BENCHMARK", help="Its id; none: all of them.")] = "",
) -> None:
    """The state and the ranking as they are known."""
    from app.cli.work import benchmark as work

    work.show(session_of(ctx), benchmark)


@app.command("winner")
def winner(
    ctx: typer.Context,
    benchmark: _Id,
    panel: Annotated[str, typer.Option("--panel", help="Another panel than the winner.")] = "",
    option: _Options = None,
    wait: Wait = False,
    no_check: NoCheck = False,
    override_reason: Reason = "",
    again: Annotated[bool, typer.Option("--again", help="Though everything was sent already.")] = False,
) -> None:
    """Send the whole dataset to the panel that won."""
    from app.cli.work import benchmark as work
    from app.cli.work.submit import options_of

    sending = work.Sending(options_of(option or []), wait, no_check, override_reason)
    work.winner(session_of(ctx), benchmark, panel, sending, again=again)


@app.command("remove")
def remove(ctx: typer.Context, benchmark: _Id) -> None:
    """Forget a benchmark, what it hid and the masked files; jobs and results stay."""
    from app.cli.work import benchmark as work

    work.remove(session_of(ctx), benchmark)
