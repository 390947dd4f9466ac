"""Write a result of this program for another one, and book in its ledger what was written."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.export import DropReason, ExportOutcome, ExportRequest
from app.domain.export_record import ExportRecord, record_of, with_record
from app.domain.ledger import Loss, Stage
from app.operations.desk import Desk
from app.operations.export_result import export_result
from app.operations.packed_folders import packed_folders
from app.operations.result_ledger import add_conversion
from app.operations.result_rule import keep_rule_of_export, keep_rule_of_result, rule_stands
from app.store import datasets, jobs, results
from app.store.store import Connection as StoreConnection

_WORDS = {
    DropReason.OUTSIDE: "Outside of the region that was asked for",
    DropReason.NO_R2: "No R2 told",
    DropReason.LOW_R2: "R2 under the cut-off",
    DropReason.LOW_ER2: "ER2 under the cut-off",
    DropReason.RARE: "Minor allele under the cut-off of frequency",
    DropReason.FEW_COPIES: "Too few copies of the minor allele",
}


async def export_known(desk: Desk, result_id: str, request: ExportRequest) -> ExportOutcome:
    """As `export_result`, with the sexes that the data told which were sent; the result then knows of it.

    Its ledger says how many records of each chromosome were written, and why others were not.
    What is written is under the rule of the result, which stands beside it.
    """
    rule = await keep_rule_of_result(desk, result_id)
    request = replace(request, cohorts=await _sent_genotypes(desk, result_id))
    async with rule_stands(rule, Path(request.out)):
        outcome = await export_result(desk, request)
    written = [file for each in outcome.sets for file in each.files]
    await keep_rule_of_export(desk, result_id, rule, written)
    converted, losses = booked(outcome)
    if converted:
        await add_conversion(desk, result_id, converted, losses)
    await _remember(desk, result_id, record_of(outcome, request.out, request.cutoffs, desk.clock.now()))
    return outcome


async def _sent_genotypes(desk: Desk, result_id: str) -> tuple[str, ...]:
    """Folders with the packed genotypes of the dataset that was sent, where they are known."""

    def read(c: StoreConnection) -> Dataset | None:
        result = results.result(c, result_id)
        job = jobs.job(c, result.job_id) if result is not None and result.job_id else None
        sent = (result.dataset_id if result is not None else None) or (job.dataset_id if job else None)
        return datasets.dataset(c, sent) if sent else None

    dataset = await desk.store.read(read)
    return () if dataset is None else await asyncio.to_thread(packed_folders, desk, dataset)


async def _remember(desk: Desk, result_id: str, record: ExportRecord) -> None:
    def write(c: StoreConnection) -> None:
        found = results.result(c, result_id)
        if found is not None:
            kept = with_record(found.exports, record)
            results.save_result(c, found.model_copy(update={"exports": kept}))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.RESULT, result_id))


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
