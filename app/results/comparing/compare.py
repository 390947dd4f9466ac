"""Compares any number of results of one cohort in one pass through their files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.domain.result_comparison import ComparedResult, RankedBy, ResultComparison, TruthBin
from app.genotypes.builds import naturally
from app.results.accuracy import Accuracy, Site, accuracy
from app.results.comparing.exchanged import ExchangedSites
from app.results.comparing.sums import AgreementSums, CoverageSums
from app.results.doses.contract import SiteKind
from app.results.merging.builds import refuse_other_builds
from app.results.merging.doses_of import Doses, doses_of, have_haplotypes, wanted_fields
from app.results.merging.files import OpenedResult, ResultFiles, chromosome_batches, look_at, named_apart
from app.results.merging.people import columns_of_common
from app.results.merging.sites import Aligned, aligned

RUN_FILE = "run.json"
MOST_SECONDS = 1e9  # thirty years; more is no time that anything took


@dataclass(frozen=True)
class Compared:
    """A result and what is known of it elsewhere: seconds from sending to the end, and its price in words."""

    source: str
    files: ResultFiles
    seconds: float | None = None
    price: str | None = None


@dataclass(frozen=True)
class CompareRequest:
    """Compare these results, with a truth VCF where there is one."""

    results: tuple[Compared, ...]
    truth: Path | None = None


def compare(request: CompareRequest, report: Report = silent) -> ResultComparison:
    """The comparison. People are matched by name, those who are not in all results are left out.

    R2 and frequency are computed anew from the dosages, haplotype dosages where all results have them, so
    that engines compare. Synchronous; memory does not grow with the files. ProblemError when builds differ,
    when the results have nobody in common or a file cannot be read.
    """
    began = time.monotonic()
    if len(request.results) < 2:
        raise problem(
            Kind.INPUT,
            "One result cannot be compared",
            "A comparison needs two results or more.",
            "Choose another result of the same cohort.",
        )
    report(Progress(unit="results", step="Looking at the results"))
    opened = [look_at(each) for each in named_apart([each.files for each in request.results])]
    refuse_other_builds(opened)
    work = _Comparison(opened)
    for name in naturally({name for each in opened for name in each.dose}):
        work.chromosome(name, report, note_typed=request.truth is not None)
    told = [work.true_accuracy(each, request.truth, report) for each in opened]
    known = [each for each in told if each is not None]
    scores = _scores(known) if known else work.estimates()
    rows = zip(request.results, told, scores, strict=True)
    results = tuple(work.result(k, *row) for k, row in enumerate(rows))
    return ResultComparison(
        people=work.people,
        union=work.coverage.union,
        shared=work.coverage.shared,
        results=results,
        agreements=work.agreement.told(),
        chromosomes=tuple(sums.told(name) for name, sums in work.coverage.chromosomes.items()),
        ranking=_ranking(results),
        ranked_by=RankedBy.ESTIMATE if request.truth is None else RankedBy.TRUTH,
        truth=None if request.truth is None else request.truth.name,
        findings=work.exchanged.findings([each.name for each in opened]),
        seconds=round(time.monotonic() - began, 3),
    )


def run_seconds(folder: Path) -> float | None:
    """The seconds that an imputation on this computer took, by the `run.json` beside it; None without one."""
    try:
        told = json.loads((folder / RUN_FILE).read_text("utf-8")).get("seconds")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(told, int | float) or isinstance(told, bool) or not 0 <= told < MOST_SECONDS:
        return None
    return float(told)


class _Comparison:
    """The sums over all chromosomes."""

    def __init__(self, results: Sequence[OpenedResult]) -> None:
        self._results = results
        self._columns = columns_of_common([each.samples for each in results])
        self._paired = have_haplotypes(results)
        self.people = len(self._columns[0])
        self.coverage = CoverageSums(len(results))
        self.agreement = AgreementSums(len(results))
        self.exchanged = ExchangedSites(len(results))
        self.typed: set[Site] = set()

    def chromosome(self, name: str, report: Report, *, note_typed: bool) -> None:
        """Read one chromosome of all results."""
        streams = [
            chromosome_batches(each.dose.get(name, []), name, wanted_fields(self._paired))
            for each in self._results
        ]
        for piece in aligned(streams, [each.name for each in self._results]):
            self._add(name, piece)
            self.exchanged.add(name, piece)
            if note_typed:
                self.typed.update(_typed(name, piece))
            report(Progress(done=self.coverage.union, unit="variants", step=f"Comparing chromosome {name}"))

    def _add(self, name: str, piece: Aligned) -> None:
        doses = [
            doses_of(part, row, columns, each.name, paired=self._paired)
            for part, row, columns, each in zip(
                piece.parts, piece.rows, self._columns, self._results, strict=True
            )
        ]
        moments = [each.moments() for each in doses]
        imputed = piece.present & ~_typed_only(piece)
        r2 = np.where(imputed, np.stack([each.r2 for each in moments]), np.nan)
        self.coverage.add(name, piece.present, r2, np.stack([each.minor for each in moments]))
        self.agreement.add(imputed, [_dosage(each) for each in doses], moments)

    def true_accuracy(self, result: OpenedResult, truth: Path | None, report: Report) -> Accuracy | None:
        """Of a result at sites that no result marks as typed; None without a truth."""
        if truth is None:
            return None
        report(Progress(unit="variants", step=f"Comparing {result.name} with the truth"))
        return accuracy(result.files.dose, truth, self.typed)

    def estimates(self) -> list[float | None]:
        """The mean estimated R2 of each result over the variants that any has; one it lacks counts as 0."""
        union = self.coverage.union
        return [float(each) / union if union else None for each in self.coverage.r2_all]

    def result(self, k: int, given: Compared, truth: Accuracy | None, score: float | None) -> ComparedResult:
        """What is told of one result."""
        return ComparedResult(
            dir=given.source,
            name=self._results[k].name,
            variants=self.coverage.variants(k),
            own=int(self.coverage.own[k]),
            score=score,
            by_maf=() if truth is None else tuple(TruthBin(**each.model_dump()) for each in truth.by_maf),
            missed=None if truth is None else truth.missed,
            estimated=self.coverage.estimated(k),
            coverage=self.coverage.coverage(k),
            seconds=given.seconds,
            price=given.price,
        )


def _scores(told: Sequence[Accuracy]) -> list[float | None]:
    """The mean of r2 over the sites of the truth that the fullest result has, 0 at those that are lacking.

    Ranges of frequency where r2 is defined for no result (nobody carries ALT) do not count.
    """
    bins = list(zip(*(each.by_maf for each in told), strict=True))
    counted = [row for row in bins if any(cell.r2 is not None for cell in row)]
    sites = sum(max(cell.sites for cell in row) for row in counted)
    sums = [sum(row[k].sites * (row[k].r2 or 0.0) for row in counted) for k in range(len(told))]
    return [each / sites if sites else None for each in sums]


def _ranking(results: Sequence[ComparedResult]) -> tuple[str, ...]:
    ordered = sorted(results, key=lambda each: -1.0 if each.score is None else each.score, reverse=True)
    return tuple(each.dir for each in ordered)


def _dosage(doses: Doses) -> NDArray[np.float32]:
    first, second = doses.haplotypes[:, :, 0], doses.haplotypes[:, :, 1]
    return np.where(np.isnan(second), first, first + second)


def _typed_only(piece: Aligned) -> NDArray[np.bool_]:
    """Records that are on the array and not in the panel, [results, variants]: they were not imputed."""
    only = np.zeros((len(piece.parts), len(piece)), dtype=bool)
    for k, (part, row) in enumerate(zip(piece.parts, piece.rows, strict=True)):
        has = row >= 0
        only[k, has] = part.info.kind[row[has]] == SiteKind.TYPED
    return only


def _typed(chromosome: str, piece: Aligned) -> Iterable[Site]:
    rows = np.flatnonzero(piece.kinds & SiteKind.TYPED)
    return (
        (chromosome, position, ref, alt)
        for position, ref, alt in zip(
            piece.position[rows].tolist(), piece.refs[rows], piece.alts[rows], strict=True
        )
    )
