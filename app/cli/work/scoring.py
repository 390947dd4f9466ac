"""`results score`: what the command does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.check import readable
from app.cli.work.desk import with_desk
from app.cli.work.find import find_job
from app.domain.accuracy import ScoredBin, SwitchErrors, TruthScore
from app.domain.problem import Kind, problem
from app.domain.result import Result
from app.operations.desk import Desk
from app.operations.score_result import ScoreRequest, score_files
from app.store import results

BIN_HEADS = ("MAF", "sites", "missing", "r2", "± error", "non-ref discordance", "IQS")


def score(
    session: Session,
    source: str,
    truth: Sequence[Path],
    people: Path | None,
    names: Path | None,
    *,
    phase: bool = False,
) -> None:
    """Score a folder, or the result of a job of the data folder."""
    files = tuple(str(each) for each in readable(tuple(truth)))
    folder, name = source, None
    if not Path(source).exists():
        folder, name = with_desk(session, partial(_found, named=source))
    request = ScoreRequest(
        source=folder,
        truth=files,
        name=name,
        people=str(people) if people is not None else None,
        names=str(names) if names is not None else None,
        phase=phase,
    )
    show = partial(session.out.bar.show, "Comparing")
    told = asyncio.run(score_files(request, report=show))
    session.out.answer(told.model_dump(mode="json"), score_lines(told))


async def _found(desk: Desk, named: str) -> tuple[str, str | None]:
    """The folder and the name of a result of this data folder."""
    result = await desk.store.read(lambda c: results.result(c, named))
    if result is not None:
        return result.folder, result.name or None
    job = await find_job(desk, named)
    fetched: Result | None = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    if fetched is None:
        raise problem(
            Kind.NOT_FOUND,
            "The result is not on this computer",
            f"{job.name} was not fetched yet.",
            f"Fetch it by 'results fetch {job.id}'.",
            subject=job.name,
        )
    return fetched.folder, job.name


def score_lines(told: TruthScore) -> list[str]:
    """A score as text."""
    counts: list[tuple[str, object]] = [("people", told.people), ("sites compared", told.sites)]
    counts += [(f"matched: {each.reason}", each.sites) for each in told.matched]
    counts += [(f"not compared: {each.reason}", each.sites) for each in told.missed]
    counts += switch_pairs(told.switches)
    lines = [*pairs(counts), "", *table(BIN_HEADS, map(bin_row, _filled(told.by_maf)))]
    if told.by_ancestry:
        heads = ("group", "people", *BIN_HEADS)
        rows = [
            (group.label, group.people, *bin_row(each))
            for group in told.by_ancestry
            for each in (group.whole, *_filled(group.by_maf))
        ]
        lines += ["", f"By ancestry ({told.ancestry_source})", *table(heads, rows)]
    return [*lines, *told.notes]


def switch_pairs(told: SwitchErrors | None) -> list[tuple[str, object]]:
    """How often the phase changes sides, where it was compared."""
    if told is None:
        return []
    rate = "-" if told.rate is None else f"{100 * told.rate:.3f} %"
    return [("heterozygous joins", told.joins), ("switch errors", told.wrong), ("switch error rate", rate)]


def bin_row(each: ScoredBin) -> tuple[object, ...]:
    """A range of frequency as a row of a table."""
    return (
        f"{each.maf_from:g}–{each.maf_to:g}",
        each.sites,
        each.missing,
        each.r2,
        each.r2_error,
        each.nonref_discordance,
        each.iqs,
    )


def _filled(bins: Sequence[ScoredBin]) -> list[ScoredBin]:
    return [each for each in bins if each.sites or each.missing]
