"""The quality control of a Cloudgene imputation server, on files that lie here.

The practice server answers with it, and the program predicts with it what a real server would say. Built from
the rules of `cloudgene.md` 7 with the corrections of 7.12; it keeps the server's oddities on purpose.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.domain.progress import Progress, Report, silent
from app.genotypes.server.panel_sites import PanelSource
from app.genotypes.server.parameters import ServerQcAnswer, ServerQcCounters, ServerQcParameters
from app.genotypes.server.stops import ServerStop
from tests.helpers.server_oracle import indexing
from tests.helpers.server_oracle.statistics import Statistics
from tests.helpers.server_oracle.validation import Validated, validate

__all__ = ["ask_oracle"]


def ask_oracle(
    files: Sequence[str | os.PathLike[str]],
    parameters: ServerQcParameters,
    panel: PanelSource,
    report: Report = silent,
) -> ServerQcAnswer:
    """Index, validate and judge an upload as the server does. Bad files give an answer, never an exception.

    `files` in the order in which the server sees them (by name). `report` counts files of each step.
    """
    paths = [Path(each) for each in files]
    try:
        for number, path in enumerate(paths):
            report(Progress(done=number, total=len(paths), unit="files", step="Reading files"))
            indexing.index(path)
    except ServerStop as stop:
        return ServerQcAnswer(accepted=False, stage="index", index_error=stop.message)
    try:
        validated = validate(paths, parameters)
    except ServerStop as stop:
        return ServerQcAnswer(accepted=False, stage="validate", error=stop.message)
    return _quality_control(validated, parameters, panel, report)


def _quality_control(
    validated: list[Validated], parameters: ServerQcParameters, panel: PanelSource, report: Report
) -> ServerQcAnswer:
    first = ServerQcAnswer(
        accepted=False,
        stage="qc",
        samples=validated[0].samples,
        chromosomes=tuple(each.chromosome for each in validated),
        snps=sum(each.snps for each in validated),
        chunks_total=sum(len(each.chunks) for each in validated),
        phased=all(each.phased for each in validated),
    )
    statistics = Statistics(parameters, panel)
    try:
        for number, file in enumerate(validated):
            report(Progress(done=number, total=len(validated), unit="files", step="Quality control"))
            statistics.process(file)
    except ServerStop as stop:
        return first.model_copy(update={"error": stop.message})
    return _with_figures(first, statistics)


def _with_figures(answer: ServerQcAnswer, statistics: Statistics) -> ServerQcAnswer:
    books, sites = statistics.books, statistics.sites
    error = statistics.abort_reason()
    known = ServerQcCounters.model_fields.keys()
    figures = {name: count for name, count in sites.counts.items() if name in known}
    return answer.model_copy(
        update={
            "accepted": error is None,
            "stage": "ok" if error is None else "qc",
            "error": error,
            "counters": ServerQcCounters(**figures, reference_overlap_pct=sites.overlap_percent),
            "chunks": tuple(books.remaining),
            "chunks_remaining": len(books.remaining) + books.reasons[""],
            "chunks_excluded": tuple(sorted(books.excluded, key=lambda each: each.chunk)),
            "lift_over_failed": tuple(statistics.lift_over_failed),
            "warnings": tuple(statistics.warnings()),
            "excluded_sites": tuple(sites.excluded),
            "typed_only_sites": tuple(sites.typed_only),
            "x_ploidy": tuple(statistics.x_ploidy),
        }
    )
