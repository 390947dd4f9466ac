"""Write a result of this program for another one, and book in its ledger what was written."""

from __future__ import annotations

from collections import Counter, defaultdict

from app.domain.export import DropReason, ExportOutcome, ExportRequest
from app.domain.ledger import Loss, Stage
from app.operations.desk import Desk
from app.operations.export_result import export_result
from app.operations.result_ledger import add_conversion

_WORDS = {
    DropReason.OUTSIDE: "Outside of the region that was asked for",
    DropReason.NO_R2: "No R2 told",
    DropReason.LOW_R2: "R2 under the cut-off",
    DropReason.LOW_ER2: "ER2 under the cut-off",
    DropReason.RARE: "Minor allele under the cut-off of frequency",
    DropReason.FEW_COPIES: "Too few copies of the minor allele",
}


async def export_known(desk: Desk, result_id: str, request: ExportRequest) -> ExportOutcome:
    """As `export_result`; the ledger then says how many records of each chromosome were written, and why
    others were not."""
    outcome = await export_result(desk, request)
    converted, losses = booked(outcome)
    if converted:
        await add_conversion(desk, result_id, converted, losses)
    return outcome


def booked(outcome: ExportOutcome) -> tuple[dict[str, int], dict[str, list[Loss]]]:
    """Records written by chromosome, and the losses, of the files that hold one chromosome each."""
    converted: Counter[str] = Counter()
    losses: dict[str, list[Loss]] = defaultdict(list)
    for each in outcome.sets:
        if len(each.chromosomes) != 1:
            continue
        name = each.chromosomes[0].removeprefix("chr")
        converted[name] += each.kept
        losses[name] += [
            Loss(stage=Stage.CONVERTED, reason=_WORDS[reason], count=count, source="export")
            for reason, count in each.dropped.items()
            if count
        ]
    return dict(converted), dict(losses)
