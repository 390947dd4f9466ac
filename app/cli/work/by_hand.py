"""`jobs steps`, `jobs tell` and `results import --job`: jobs at services that are only a web page."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from app.cli.output import pairs
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.find import find_job
from app.cli.work.jobs import answer_jobs
from app.domain.guided import GuidedSheet
from app.domain.job import Job, JobState
from app.domain.problem import Kind, problem
from app.operations.desk import Desk
from app.operations.tell_job import guided_sheet, tell_job, tick_step

WORDS = {
    "not-uploaded": JobState.WAITING,
    "uploaded": JobState.SUBMITTED,
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "ready": JobState.SUCCESS,
    "failed": JobState.FAILED,
    "stopped": JobState.CANCELLED,
    "gone": JobState.EXPIRED,
}


def tell(session: Session, named: str, word: str, note: str) -> None:
    """Take down what a person saw; the states of the program are understood too."""
    state = WORDS.get(word) or next((each for each in WORDS.values() if each == word), None)
    if state is None:
        raise typer.BadParameter(f"'{word}' is none of: {', '.join(WORDS)}")

    async def work(desk: Desk) -> Job:
        job = await find_job(desk, named)
        await tell_job(desk, job.id, state, note)
        return await desk.job(job.id)

    answer_jobs(session, (with_desk(session, work),))


def steps(session: Session, named: str, done: Sequence[int], undone: Sequence[int]) -> None:
    """Show the sheet of a job, after ticking."""

    async def work(desk: Desk) -> tuple[Job, GuidedSheet]:
        job = await find_job(desk, named)
        for number in done:
            await tick_step(desk, job.id, number - 1, True)
        for number in undone:
            await tick_step(desk, job.id, number - 1, False)
        sheet = await guided_sheet(desk, job.id)
        if sheet is None:
            raise problem(
                Kind.INPUT,
                "There are no steps",
                f"{job.name} is no job at a web page, or its files are not prepared yet.",
                "See 'jobs show'.",
                subject=job.name,
            )
        return job, sheet

    job, sheet = with_desk(session, work)
    answer: dict[str, object] = {"job": job.id, **sheet.model_dump(mode="json")}
    session.out.answer(answer, _lines(sheet))


def _lines(sheet: GuidedSheet) -> list[str]:
    lines = pairs(
        [
            ("page", sheet.page),
            ("folder", sheet.folder),
            ("prepared", sheet.written),
            ("uploaded", sheet.uploaded),
            ("deleted there", sheet.deadline),
            ("result", sheet.results),
        ]
    )
    lines += [f"Mind: {each}" for each in sheet.cautions]
    for number, step in enumerate(sheet.steps, 1):
        lines += ["", f"[{'x' if step.done else ' '}] {number}. {step.text}"]
        lines += [f"      {step.page}"] if step.page else []
        lines += [f"      {field}: {value}" for field, value in step.enter]
    lines += ["", "What is known of the page:"]
    return [*lines, *(f"  {f.label}: {f.value}{f' ({f.source})' if f.source else ''}" for f in sheet.facts)]
