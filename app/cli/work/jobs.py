"""`jobs …`: what the commands do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.desk import give_secret, with_desk
from app.cli.work.find import find_job, find_service
from app.cli.work.shapes import file_names, group_row, job_row
from app.cli.work.side_by_side import at_each_service
from app.cli.work.stdin import optional_secret
from app.cli.work.watch import watch
from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Event, Job, JobState, JobStep
from app.domain.job_group import GroupState, group_state, standing
from app.domain.problem import Kind, ProblemError, problem
from app.operations.desk import Desk
from app.operations.end_job import cancel_job, restart_job
from app.store import jobs
from app.store.secrets import token_name
from app.store.store import Connection

HEADS = ("id", "name", "service", "panel", "state", "progress", "submitted", "expires")
GROUP_HEADS = ("group", "its jobs")
TO_RETRY = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.DELETED})


def answer_jobs(
    session: Session,
    found: Sequence[Job],
    empty: str = "No jobs.",
    groups: Mapping[str, GroupState] | None = None,
) -> None:
    """Jobs as a table, or as `{"jobs": […]}`; with `groups`, how those stand that were sent together."""
    rows = [
        (
            j.id,
            j.name,
            j.service_id,
            j.panel_name or j.panel_id,
            j.state,
            None if j.progress is None else f"{j.progress * 100:.0f} %",
            j.submitted,
            j.expires,
        )
        for j in found
    ]
    answer: dict[str, object] = {"jobs": [job_row(j) for j in found]}
    lines = table(HEADS, rows, empty)
    if groups:
        answer["groups"] = [group_row(each, state) for each, state in groups.items()]
        lines += ["", *table(GROUP_HEADS, [(each, state.words()) for each, state in groups.items()])]
    session.out.answer(answer, lines)


def end_with(found: Sequence[Job]) -> None:
    """Exit code 1 unless every job succeeded."""
    if any(job.state is not JobState.SUCCESS for job in found):
        raise typer.Exit(1)


Groups = dict[str, GroupState]


def list_jobs(session: Session, states: Sequence[str], service: str, group: str = "") -> None:
    """Jobs as they were last seen, and how those stand that were sent together."""
    chosen = tuple(_state(each) for each in states) or None

    async def work(desk: Desk) -> tuple[tuple[Job, ...], Groups]:
        service_id = (await find_service(desk, service)).id if service else None
        found = await desk.store.read(lambda c: jobs.jobs(c, states=chosen, service_id=service_id))
        if group:
            found = tuple(job for job in found if job.group == group)
        return found, await _groups(desk, found)

    found, groups = with_desk(session, work)
    answer_jobs(session, found, groups=groups)


async def _groups(desk: Desk, found: Sequence[Job]) -> Groups:
    """The state of every group of these jobs, with all its jobs."""

    def read(c: Connection) -> Groups:
        named = dict.fromkeys(job.group for job in found if job.group)
        return {each: group_state(jobs.group_jobs(c, each)) for each in named}

    return await desk.store.read(read)


def _state(text: str) -> JobState:
    try:
        return JobState(text)
    except ValueError:
        known = ", ".join(JobState)
        raise typer.BadParameter(f"'{text}' is no state; known are {known}") from None


def show(session: Session, named: str) -> None:
    """One job with its steps, files and timeline."""

    async def work(desk: Desk) -> tuple[Job, tuple[Event, ...], Groups]:
        job = await find_job(desk, named)
        events = await desk.store.read(lambda c: jobs.events(c, job_id=job.id))
        return job, events, await _groups(desk, (job,))

    job, events, groups = with_desk(session, work)
    answer: dict[str, object] = {"jobs": [job_row(job)]}
    if groups:
        answer["groups"] = [group_row(each, state) for each, state in groups.items()]
    session.out.answer(answer, _job_lines(job, events, groups))


def _job_lines(job: Job, events: Sequence[Event], groups: Groups) -> list[str]:
    raw = f" (server: {job.raw_state})" if job.raw_state is not None else ""
    lines = pairs(
        [
            ("name", job.name),
            ("id", job.id),
            ("at the server", job.remote_id),
            ("service", job.service_id),
            ("panel", job.panel_name or job.panel_id),
            ("files", file_names(job.files)),
            ("state", f"{job.state}{raw}"),
            ("sent together", next((f"{each}: {state.words()}" for each, state in groups.items()), None)),
            ("submitted", job.submitted),
            ("ended", job.ended),
            ("deleted there", job.expires),
            ("problem", job.problem.sentence() if job.problem else None),
        ]
    )
    for step in job.steps:
        lines += _step_lines(step)
    if job.remote_files:
        rows = [(f.name, f.size_text, f.state, f.downloads_left) for f in job.remote_files]
        lines += ["", *table(("file", "size", "state", "downloads left"), rows)]
    if events:
        lines += ["", *table(("when", "what"), [(e.at, e.text) for e in reversed(events)])]
    return lines


def _step_lines(step: JobStep) -> list[str]:
    texts = [line for m in step.messages for line in m.text.splitlines() if line.strip()]
    return ["", f"{step.name}: {step.state}", *(f"  {line}" for line in texts)]


def watch_job(session: Session, named: str, token_stdin: bool, group: str = "") -> None:
    """Wait until a job has ended, or all of a group."""
    token = optional_secret(token_stdin, "token")

    async def work(desk: Desk) -> tuple[Job, ...]:
        found = await _that_count(desk, group) if group else (await find_job(desk, named),)
        for job in found:
            give_secret(desk, token_name(job.service_id), token)
        return await watch(desk, tuple(job.id for job in found), session.out.note)

    found = with_desk(session, work)
    answer_jobs(session, found)
    end_with(found)


def cancel(session: Session, named: Sequence[str], token_stdin: bool, group: str = "") -> None:
    """Stop jobs wherever they are, or all of a group that have not ended."""
    _each(session, named, token_stdin, cancel_job, partial(_to_cancel, group=group) if group else None)


def retry(session: Session, named: Sequence[str], token_stdin: bool, group: str = "") -> None:
    """Send ended jobs again, or all of a group that can be; the answer holds the new ones."""
    _each(session, named, token_stdin, restart_job, partial(_to_retry, group=group) if group else None)


async def _that_count(desk: Desk, group: str) -> tuple[Job, ...]:
    """The jobs of a group without those that others took the place of; ProblemError for an unknown one."""
    together = await desk.store.read(lambda c: jobs.group_jobs(c, group))
    if not together:
        raise problem(
            Kind.NOT_FOUND,
            "No such group",
            f"No jobs were sent together as '{group}'.",
            "See the groups by 'jobs list'.",
            subject=group,
        )
    return standing(together)


async def _to_cancel(desk: Desk, group: str) -> tuple[Job, ...]:
    """The jobs of a group that have not ended; ProblemError for none."""
    together = await _that_count(desk, group)
    found = tuple(job for job in together if job.state in OPEN_STATES)
    if not found:
        raise problem(
            Kind.NOT_FOUND,
            "Nothing to stop",
            f"Of '{group}' every job has ended ({group_state(together).words()}).",
            "See the groups by 'jobs list'.",
            subject=group,
        )
    return found


async def _to_retry(desk: Desk, group: str) -> tuple[Job, ...]:
    """The jobs of a group without a result that may be sent again; ProblemError for none."""
    together = await _that_count(desk, group)
    found = tuple(job for job in together if _may_go_again(job))
    if not found:
        raise problem(
            Kind.NOT_FOUND,
            "Nothing to send again",
            f"Of '{group}' nothing failed, was cancelled or has expired ({group_state(together).words()}).",
            "See the groups by 'jobs list'.",
            subject=group,
        )
    return found


def _may_go_again(job: Job) -> bool:
    """What the service deleted after its result was fetched is not missing."""
    return job.is_to_send or (job.state in TO_RETRY and not job.is_fetched)


Choose = Callable[[Desk], Awaitable[tuple[Job, ...]]]


def _each(
    session: Session,
    named: Sequence[str],
    token_stdin: bool,
    change: Callable[[Desk, str], Awaitable[Changes]],
    choose: Choose | None = None,
) -> None:
    """Do the same to several jobs; a problem with one does not keep the others from it."""
    token = optional_secret(token_stdin, "token")

    async def work(desk: Desk) -> tuple[list[Job], ProblemError | None]:
        made: dict[str, list[str]] = {}

        async def one(job: Job) -> None:
            give_secret(desk, token_name(job.service_id), token)
            changes = await change(desk, job.id)
            made[job.id] = [each for each in changes.ids(Noun.JOB) if each != job.id] or [job.id]

        wanted = await choose(desk) if choose else [await find_job(desk, each) for each in named]
        first = await at_each_service(wanted, one)
        touched = [each for job in wanted for each in made.get(job.id, ())]
        return [await desk.job(each) for each in touched], first

    found, first = with_desk(session, work)
    if first is not None:
        for job in found:
            session.out.note(f"{job.id}: {job.state}")
        raise first
    answer_jobs(session, found)
