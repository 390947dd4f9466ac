"""What was written of a result for another program, as it is kept beside the result."""

from __future__ import annotations

from datetime import datetime

from app.domain.export import Cutoffs, ExportFormat, ExportOutcome, PresetName
from app.domain.model import Model
from app.domain.path_text import PathText, ShownText

MOST_KEPT = 20
"""Exports of a result that are remembered."""


class ExportedFiles(Model):
    """The files of one input file, the one with the genotypes first."""

    files: tuple[PathText, ...]
    kept: int
    dropped: int
    missing: int
    command: ShownText = ""


class ExportRecord(Model):
    """An export that is over. `dropped` has a count for each reason; `people` is 0 where all were kept."""

    at: datetime
    folder: PathText
    format: ExportFormat
    preset: PresetName | None = None
    sets: tuple[ExportedFiles, ...] = ()
    variants: int
    kept: int
    dropped: dict[str, int] = {}
    verified: bool = False
    notes: tuple[ShownText, ...] = ()
    seconds: float = 0
    min_r2: float = 0
    r2_by_maf: tuple[tuple[float, float], ...] = ()
    min_maf: float = 0
    regions: tuple[str, ...] = ()
    people: int = 0


def record_of(outcome: ExportOutcome, folder: str, cuts: Cutoffs, at: datetime) -> ExportRecord:
    """What is kept of an export."""
    return ExportRecord(
        at=at,
        folder=folder,
        format=outcome.format,
        preset=outcome.preset,
        sets=tuple(
            ExportedFiles(
                files=each.files,
                kept=each.kept,
                dropped=sum(each.dropped.values()),
                missing=each.missing,
                command=each.command,
            )
            for each in outcome.sets
        ),
        variants=outcome.variants,
        kept=outcome.kept,
        dropped={reason.value: count for reason, count in outcome.dropped.items()},
        verified=all(each.verified for each in outcome.sets),
        notes=outcome.notes,
        seconds=outcome.seconds,
        min_r2=cuts.min_r2,
        r2_by_maf=tuple((step.maf_from, step.min_r2) for step in cuts.r2_steps),
        min_maf=cuts.min_maf,
        regions=cuts.regions,
        people=len(cuts.samples),
    )


def with_record(records: tuple[ExportRecord, ...], new: ExportRecord) -> tuple[ExportRecord, ...]:
    """The records with a new one, the latest first; one whose files it replaced goes."""
    mine = {file for each in new.sets for file in each.files}
    others = [each for each in records if not mine & {file for one in each.sets for file in one.files}]
    return (new, *others)[:MOST_KEPT]
