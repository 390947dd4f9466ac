"""What a known service would say of files: the prediction that `check --service` shows beside findings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import pairs, table
from app.cli.program import Session
from app.domain.finding import CheckReport
from app.domain.verdict import Outcome, Verdict
from app.genotypes.worker import Throttle

if TYPE_CHECKING:
    from app.cli.work.check import Target
    from app.operations.desk import Desk
    from app.operations.predict import PredictionErrand

MOST_CHUNKS = 20
_WORDS = {
    Outcome.ACCEPTS: "would be taken",
    Outcome.PARTLY: "nothing found against it",
    Outcome.REFUSES: "would be refused",
    Outcome.UNKNOWN: "not known",
}


def verdict_for(session: Session, paths: Sequence[Path], target: Target, report: CheckReport) -> Verdict:
    """Predict for the service, panel and population of a target; the build is that stated, else that found.

    Site lists and chain files of the data folder are used. ProblemError for an unknown service or panel.
    """
    from app.cli.work.desk import with_desk
    from app.genotypes.rules import RulePack
    from app.genotypes.verdict import verdict_by_limits
    from app.operations.predict import judge_errand

    errand = with_desk(session, partial(_errand, paths=paths, target=target, report=report))
    rules = RulePack.model_validate(errand.rules)
    if not rules.known:
        return verdict_by_limits(rules, report)
    return judge_errand(errand, Throttle(partial(session.out.bar.show, "Predicting")))


async def _errand(
    desk: Desk, *, paths: Sequence[Path], target: Target, report: CheckReport
) -> PredictionErrand:
    from app.cli.work.find import find_service, pick_panel
    from app.operations.predict import errand_for
    from app.store import services

    service = await find_service(desk, target.service)
    panel = None
    if target.panel:
        known = await desk.store.read(lambda c: services.panels(c, service.id))
        panel = pick_panel(known, service, target.panel)
    files = tuple(str(each.resolve()) for each in paths)
    build = target.build or None
    return await errand_for(desk, files, service, panel, target.population, build, report)


def verdict_row(verdict: Verdict) -> dict[str, object]:
    """The prediction as the contract writes it, under the key `verdict`."""
    row: dict[str, object] = verdict.model_dump(mode="json")
    return row


def verdict_lines(verdict: Verdict) -> list[str]:
    """The prediction for people."""
    name = f"{verdict.service}, {verdict.panel}" if verdict.panel else verdict.service
    lines = pairs([("service", name), ("prediction", _WORDS[verdict.outcome]), ("why", verdict.headline)])
    lines += pairs([("remedy", verdict.remedy)]) if verdict.remedy else []
    lines += pairs([("server's words", verdict.server_says)]) if verdict.server_says else []
    lines += pairs([("lift-over", verdict.lifted)]) if verdict.lifted else []
    if verdict.reasons:
        rows = [
            (
                "stops" if each.stops else "loses",
                each.text,
                each.here,
                each.allowed,
                each.repairable,
                each.fix,
            )
            for each in verdict.reasons
        ]
        lines += ["", *table(("", "reason", "here", "allowed", "repairable", "repair"), rows)]
    if verdict.lost_chunks:
        chunks = [
            (f"{each.chromosome}:{each.start}-{each.end}", each.reason, each.variants, ", ".join(each.people))
            for each in verdict.lost_chunks[:MOST_CHUNKS]
        ]
        lines += ["", *table(("part left out", "reason", "variants", "people"), chunks)]
    lines += [f"Not judged: {each}" for each in verdict.not_judged]
    lines += [f"Warning: {each}" for each in verdict.warnings]
    return [*lines, f"Rules: {verdict.rules}"] if verdict.rules else lines
