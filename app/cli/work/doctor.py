"""`doctor`: every component with its state and milliseconds."""

from __future__ import annotations

import time

import typer

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.domain.problem import ProblemError
from app.operations.examine import Examination, examine

OK = "ok"


def doctor(session: Session) -> None:
    """Look at every component; ends with 1 when one has failed."""
    began = time.perf_counter()
    try:
        found = with_desk(session, examine)
    except ProblemError as error:
        found = (_not_opened(error, time.perf_counter() - began),)
    rows = [(e.component, e.state, e.ms, e.detail) for e in found]
    lines = table(("component", "state", "ms", "detail"), rows)
    session.out.answer({"components": [e.model_dump() for e in found]}, lines)
    if any(e.state == "failed" for e in found):
        raise typer.Exit(1)


def _not_opened(error: ProblemError, seconds: float) -> Examination:
    """What keeps the data folder from being opened is what the doctor is asked for."""
    name = error.problem.subject or "data folder"
    return Examination(component=name, state="failed", ms=seconds * 1000, detail=error.problem.sentence())
