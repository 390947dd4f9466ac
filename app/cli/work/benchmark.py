"""`benchmark …`: what the commands do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.check import readable
from app.cli.work.desk import with_desk
from app.cli.work.find import find_service, pick_panel
from app.cli.work.jobs import answer_jobs, end_with
from app.cli.work.watch import watch
from app.domain.benchmark import Benchmark, BenchmarkEntry
from app.domain.changes import Noun
from app.domain.job import REMOTE_OPEN_STATES, Job, JobState
from app.domain.problem import Kind, ProblemError, problem
from app.operations.add_dataset import add_dataset
from app.operations.benchmark_scores import refresh_benchmark, winner_draft
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.operations.masked_benchmark import (
    BenchmarkPlan,
    BenchmarkTarget,
    accept_terms,
    benchmark_drafts,
    benchmark_of,
    jobs_of,
    make_benchmark,
    remove_benchmark,
    send_benchmark,
)
from app.operations.submit_job import submit_job
from app.operations.sync_panels import read_form, sync_panels
from app.operations.visit_jobs import visit_jobs
from app.store import benchmarks, datasets, services

ACCEPTED = "accepted"
GROUP_HEADS = ("group", "people", "panel", "service", "r2 at hidden sites", "sites")
HEADS = (
    "place",
    "panel",
    "service",
    "state",
    "score",
    "± error",
    "not told apart from",
    "r2 where there",
    "there",
    "seconds",
    "problem",
)


@dataclass(frozen=True)
class Wanted:
    """What is to be compared, as it was typed."""

    files: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    share: float
    seed: int | None
    chromosomes: tuple[str, ...]
    people: Path | None
    name: str


@dataclass(frozen=True)
class Sending:
    """How it is sent."""

    options: dict[str, str] = field(default_factory=dict)
    wait: bool = False
    skip_check: bool = False
    override_reason: str = ""

    def filled(self, draft: JobDraft) -> JobDraft:
        """The draft with what was typed beside its options."""
        return draft.model_copy(
            update={"skip_check": self.skip_check, "override_reason": self.override_reason}
        )

    @property
    def accepted(self) -> list[str]:
        """The ids of terms that the person accepts."""
        return [name for name, value in self.options.items() if value.strip().lower() == ACCEPTED]

    @property
    def rest(self) -> dict[str, str | bool]:
        """The other parameters."""
        return {name: value for name, value in self.options.items() if name not in self.accepted}


def make(session: Session, wanted: Wanted) -> None:
    """Hide sites of a dataset, which is added when files are named."""
    people = str(readable((wanted.people,))[0]) if wanted.people is not None else None

    async def work(desk: Desk) -> Benchmark:
        targets = tuple([await _target(desk, pair) for pair in wanted.pairs])
        plan = BenchmarkPlan(
            dataset_id=await _dataset(desk, wanted),
            targets=targets,
            share=wanted.share,
            seed=wanted.seed,
            chromosomes=wanted.chromosomes,
            name=wanted.name,
            people=people,
        )
        changes = await make_benchmark(desk, plan)
        return await benchmark_of(desk, changes.ids(Noun.BENCHMARK)[0])

    _answer(session, with_desk(session, work))


async def _target(desk: Desk, pair: tuple[str, str]) -> BenchmarkTarget:
    service = await find_service(desk, pair[0])
    known = await desk.store.read(lambda c: services.panels(c, service.id))
    if not known:
        await sync_panels(desk, (service.id,))
        known = await desk.store.read(lambda c: services.panels(c, service.id))
    panel = pick_panel(known, await desk.service(service.id), pair[1])
    return BenchmarkTarget(service_id=service.id, panel_id=panel.id, app_id=panel.app_id)


async def _dataset(desk: Desk, wanted: Wanted) -> str:
    if len(wanted.files) == 1:
        known = await desk.store.read(lambda c: datasets.dataset(c, wanted.files[0]))
        if known is not None:
            return known.id
    files = readable(tuple(Path(each) for each in wanted.files))
    dataset_id = (await add_dataset(desk, tuple(files), wanted.name or None)).ids(Noun.DATASET)[0]
    await check_dataset(desk, dataset_id)
    return dataset_id


def send(session: Session, benchmark_id: str, sending: Sending) -> None:
    """Send the masked dataset; the answer is the benchmark."""

    async def work(desk: Desk) -> tuple[Benchmark, tuple[Job, ...]]:
        drafts = await benchmark_drafts(desk, benchmark_id, sending.rest)
        filled = {
            key: await accept_terms(desk, sending.filled(draft), sending.accepted)
            for key, draft in drafts.items()
        }
        sent = (await send_benchmark(desk, benchmark_id, filled)).ids(Noun.JOB)
        found = await watch(desk, sent, session.out.note) if sending.wait and sent else ()
        return await benchmark_of(desk, benchmark_id), tuple(found)

    made, found = with_desk(session, work)
    _answer(session, made)
    if sending.wait:
        end_with(found)


def score(session: Session, benchmark_id: str) -> None:
    """Bring a benchmark up to date; exit code 1 while nothing was scored."""

    async def work(desk: Desk) -> Benchmark:
        made = await benchmark_of(desk, benchmark_id)
        for job in (await jobs_of(desk, made)).values():
            await _bring(desk, session, job)
        await refresh_benchmark(desk, benchmark_id, anew=True)
        return await benchmark_of(desk, benchmark_id)

    made = with_desk(session, work)
    _answer(session, made)
    if made.winner is None:
        raise typer.Exit(1)


async def _bring(desk: Desk, session: Session, job: Job) -> None:
    """Look at a job and fetch its result; what does not work is a note, for the others go on."""
    try:
        if job.state in REMOTE_OPEN_STATES:
            await visit_jobs(desk, job.service_id)
            job = await desk.job(job.id)
        if job.state is JobState.SUCCESS:
            await fetch_results(desk, job.id)
    except ProblemError as error:
        session.out.note(f"{job.name}: {error.problem.sentence()}")


def show(session: Session, benchmark_id: str) -> None:
    """One benchmark, or the list of all."""

    async def work(desk: Desk) -> tuple[Benchmark, ...]:
        if benchmark_id:
            return (await benchmark_of(desk, benchmark_id),)
        return await desk.store.read(benchmarks.benchmarks)

    found = with_desk(session, work)
    if benchmark_id:
        _answer(session, found[0])
        return
    rows = [
        (each.id, each.name, each.created, each.states(), each.winner.panel_name if each.winner else None)
        for each in found
    ]
    session.out.answer(
        {"benchmarks": [benchmark_row(each) for each in found]},
        table(("id", "name", "made", "state", "best so far"), rows, "No benchmarks."),
    )


def winner(session: Session, benchmark_id: str, panel: str, sending: Sending, *, again: bool = False) -> None:
    """Send everything to the winner, or to a named panel of the benchmark; a second time only by `again`."""

    async def work(desk: Desk) -> tuple[Job, ...]:
        key = await _key(desk, benchmark_id, panel)
        draft = await winner_draft(desk, benchmark_id, key, again=again)
        await read_form(desk, draft.service_id, draft.app_id)
        draft = draft.model_copy(update={"options": {**draft.options, **sending.rest}})
        draft = await accept_terms(desk, sending.filled(draft), sending.accepted)
        if not sending.skip_check:
            await check_dataset(desk, draft.dataset_id, draft.service_id, draft.panel_id)
        sent = (await submit_job(desk, draft)).ids(Noun.JOB)
        if sending.wait:
            return await watch(desk, sent, session.out.note)
        return tuple([await desk.job(each) for each in sent])

    found = with_desk(session, work)
    answer_jobs(session, found)
    if sending.wait:
        end_with(found)


async def _key(desk: Desk, benchmark_id: str, panel: str) -> str | None:
    if not panel:
        return None
    made = await benchmark_of(desk, benchmark_id)
    found = next((e.key for e in made.entries if panel in (e.panel_id, e.panel_name, e.key)), None)
    if found is None:
        names = ", ".join(each.panel_id for each in made.entries)
        raise problem(
            Kind.NOT_FOUND,
            "No such panel",
            f"'{panel}' is no panel of {made.name}.",
            f"Choose one of: {names}.",
            subject=panel,
        )
    return found


def remove(session: Session, benchmark_id: str) -> None:
    """Forget a benchmark."""

    async def work(desk: Desk) -> None:
        await remove_benchmark(desk, benchmark_id)

    with_desk(session, work)
    session.out.answer({"removed": benchmark_id}, [f"{benchmark_id} is forgotten."])


def benchmark_row(made: Benchmark) -> dict[str, object]:
    """A benchmark as JSON: the model, its state in words, and the keys of the ranking."""
    row: dict[str, object] = made.model_dump(mode="json")
    row["state"] = made.states()
    row["ranking"] = [each.key for each in made.ranking]
    row["winner"] = made.winner.key if made.winner is not None else None
    return row


def _answer(session: Session, made: Benchmark) -> None:
    session.out.answer({"benchmark": benchmark_row(made)}, list(_lines(made)))


def _lines(made: Benchmark) -> Sequence[str]:
    hidden = made.hidden
    lines = pairs(
        [
            ("benchmark", made.id),
            ("name", made.name),
            ("hidden", f"{hidden.hidden:,} of {hidden.typed:,} typed sites, {hidden.people:,} people"),
            ("chromosomes", ", ".join(hidden.chromosomes)),
            ("seed", str(hidden.seed)),
            ("state", made.states()),
        ]
    )
    rest = [each for each in made.entries if each.standing is None]
    lines += ["", *table(HEADS, map(_row, (*made.ranking, *rest)))]
    if made.used:
        used = ", ".join(f"{low:g}–{high:g}" for low, high in made.used)
        lines += [
            "",
            f"Scores are means over the frequencies {used} of r2 (at the hidden sites, carried over to all "
            "untyped ones) times the share of sites that are there.",
        ]
    groups = made.by_group()
    if groups:
        rows = [(g.group, g.people, g.panel_name, g.service_name, g.r2, g.sites) for g in groups]
        lines += ["", *table(GROUP_HEADS, rows)]
    if made.full_job_id is not None:
        lines += ["", f"Everything was sent: job {made.full_job_id}."]
    return [*lines, *made.warnings]


def _row(entry: BenchmarkEntry) -> tuple[object, ...]:
    told = entry.standing
    figures: tuple[object, ...] = (None, None, "", None, "")
    if told is not None:
        alike = ", ".join(map(str, told.not_apart))
        figures = (told.score, told.error, alike, told.r2, f"{told.present:.0%}")
    named = (entry.panel_name, entry.service_name, entry.state)
    return (told.place if told is not None else None, *named, *figures, entry.seconds, entry.problem)
