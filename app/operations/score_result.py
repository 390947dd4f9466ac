"""Score a result against genotypes that are known otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.accuracy import TruthScore
from app.domain.model import Model
from app.domain.progress import Report, silent
from app.operations.desk import Desk
from app.operations.tasks import TaskKind

if TYPE_CHECKING:
    from app.results.truth.scoring import TruthRequest


class ScoreRequest(Model):
    """What to score: a folder of a result or a dose file, against truth files of any format.

    `people` is a table with the group of each person, `names` one with their names in result and truth;
    both may be missing: then people are grouped by projection, and matched by the same names. `phase` asks
    for switch errors too, which takes phased VCF files on both sides.
    """

    source: str
    truth: tuple[str, ...]
    name: str | None = None
    people: str | None = None
    names: str | None = None
    phase: bool = False


async def score_files(request: ScoreRequest, report: Report = silent) -> TruthScore:
    """Score a result in a process of its own. ProblemError when a file cannot be used."""
    from app.genotypes.worker import run_in_process

    return await run_in_process(_score, request, report=report)


async def score_result(desk: Desk, request: ScoreRequest) -> TruthScore:
    """The same as a task that the window shows and can cancel."""
    title = f"Comparing {request.name or Path(request.source).name} with the truth"
    with desk.tasks.running_task(TaskKind.SCORE, title) as task:
        return await score_files(request, task.report)


def _score(request: ScoreRequest, report: Report) -> TruthScore:
    """In the process, which alone imports NumPy."""
    from app.results.truth.scoring import score

    wanted = truth_request(request)
    told = score(wanted, report)
    if not request.phase:
        return told
    from app.results.truth.switches import compared_phase

    return told.model_copy(update={"switches": compared_phase(wanted.dose, wanted.truth, wanted.names)})


def truth_request(request: ScoreRequest) -> TruthRequest:
    """With the tables read and the dose files found."""
    from app.results.merging.files import result_files
    from app.results.truth.people import read_groups, read_names
    from app.results.truth.scoring import TruthRequest

    files = result_files(request.source, request.name)
    made = TruthRequest(files.name, files.dose, tuple(Path(each) for each in request.truth))
    if request.people is not None:
        made = replace(made, ancestry=read_groups(Path(request.people)))
    if request.names is not None:
        made = replace(made, names=read_names(Path(request.names)))
    return made
