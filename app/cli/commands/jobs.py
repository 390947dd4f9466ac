"""`haplodesk jobs …`"""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.commands.declared import TokenOnce
from app.cli.program import session_of

app = typer.Typer(name="jobs", help="Imputation jobs at the services.", no_args_is_help=True)

One = Annotated[str, typer.Argument(metavar="ID", help="Our id, the server's id, or a name that is unique.")]
MaybeOne = Annotated[str, typer.Argument(metavar="[ID]", help="As for show; none with --group.")]
Several = Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Ids or unique names of jobs.")]
GroupToWatch = Annotated[str, typer.Option("--group", help="All jobs that were sent together as this.")]
GroupToCancel = Annotated[
    str, typer.Option("--group", help="All that have not ended of those sent together as this.")
]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only jobs in this state; may be given again.")
    ] = None,
    service: Annotated[str, typer.Option("--service", help="Only jobs of this service.")] = "",
    group: Annotated[str, typer.Option("--group", help="Only jobs that were sent together as this.")] = "",
) -> None:
    """The jobs as they were last seen, newest first."""
    from app.cli.work import jobs as work

    work.list_jobs(session_of(ctx), state or [], service, group)


@app.command("show")
def show(ctx: typer.Context, job: One) -> None:
    """One job with its steps, files and timeline, as it was last seen."""
    from app.cli.work import jobs as work

    work.show(session_of(ctx), job)


@app.command("watch")
def watch(
    ctx: typer.Context, job: MaybeOne = "", group: GroupToWatch = "", token_stdin: TokenOnce = False
) -> None:
    """Look now and then until the job has ended, or all of a group; 0 for success and 1 otherwise."""
    from app.cli.work import jobs as work

    if bool(job) is bool(group):
        raise typer.BadParameter("name a job, or a group")
    work.watch_job(session_of(ctx), job, token_stdin, group)


@app.command("cancel")
def cancel(
    ctx: typer.Context, jobs: Several = None, group: GroupToCancel = "", token_stdin: TokenOnce = False
) -> None:
    """Stop jobs, on their way or at the service."""
    from app.cli.work import jobs as work

    if bool(jobs) is bool(group):
        raise typer.BadParameter("name jobs, or a group")
    work.cancel(session_of(ctx), jobs or [], token_stdin, group)


@app.command("retry")
def retry(
    ctx: typer.Context,
    jobs: Several = None,
    group: Annotated[
        str, typer.Option("--group", help="All that failed, ended or wait of those sent together as this.")
    ] = "",
    token_stdin: TokenOnce = False,
) -> None:
    """Send again what failed, was cancelled or has expired; the answer names the new jobs."""
    from app.cli.work import jobs as work

    if bool(jobs) is bool(group):
        raise typer.BadParameter("name jobs, or a group")
    work.retry(session_of(ctx), jobs or [], token_stdin, group)


@app.command("elsewhere")
def elsewhere(ctx: typer.Context, job: One) -> None:
    """Where a job that is not sent yet could go instead: services that answer and seem to have its panel."""
    from app.cli.work import elsewhere as work

    work.elsewhere(session_of(ctx), job)


@app.command("steps")
def steps(
    ctx: typer.Context,
    job: One,
    done: Annotated[
        list[int] | None, typer.Option("--done", metavar="N", help="Tick this step; may be given again.")
    ] = None,
    undone: Annotated[
        list[int] | None, typer.Option("--undone", metavar="N", help="Take the tick from this step.")
    ] = None,
) -> None:
    """What to do on the page of a service that is only a web page, with the prepared files and the facts."""
    from app.cli.work import by_hand as work

    work.steps(session_of(ctx), job, done or [], undone or [])


@app.command("tell")
def tell(
    ctx: typer.Context,
    job: One,
    state: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="What you saw: uploaded, queued, running, ready, failed, stopped, gone; or not-uploaded.",
        ),
    ],
    note: Annotated[str, typer.Option("--note", help="What the page said, such as why it failed.")] = "",
) -> None:
    """Tell how a job at a web page stands; the program cannot ask it."""
    from app.cli.work import by_hand as work

    work.tell(session_of(ctx), job, state, note)


@app.command("log")
def log(ctx: typer.Context, job: One, token_stdin: TokenOnce = False) -> None:
    """What the run wrote at its service: error output, output, command. Not every service shows it."""
    from app.cli.work import run_log as work

    work.show_log(session_of(ctx), job, token_stdin)
