"""The best of several results of one cohort, variant by variant: where there are dosages and nothing else.

The best result of a variant is the one with the highest R2, computed from the dosages in the same way for
all, so that engines with figures of other kinds compare. It decides for everybody; meta-imputation, which
decides for each haplotype, is better wherever there are empirical dose files.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.batch_merge import ConsensusChromosome, ConsensusSummary
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import naturally
from app.results.merging.builds import refuse_other_builds
from app.results.merging.doses_of import Doses, doses_of, have_haplotypes, wanted_fields, written_fields
from app.results.merging.figures import INFO_HEADER, Moments, info_texts
from app.results.merging.files import OpenedResult, ResultFiles, chromosome_batches, look_at, named_apart
from app.results.merging.output import ChromosomeOutput, refuse_existing, staged
from app.results.merging.people import columns_of_same
from app.results.merging.sites import Aligned, aligned
from app.results.meta.flags import kind_flags, source_flags, source_header

SUMMARY = "consensus.json"


@dataclass(frozen=True)
class ConsensusRequest:
    """Take the best of these results into `out_dir`; `staging` (in it) holds them until all are whole."""

    results: tuple[ResultFiles, ...]
    out_dir: Path
    staging: Path | None = None


def consensus(request: ConsensusRequest, report: Report = silent) -> ConsensusSummary:
    """Write `chrN.dose.vcf.gz` with its index and `chrN.info.gz` for each chromosome that any result has.

    No variant is lost: one that a single result has comes from there. `consensus.json` has the summary.
    Synchronous; memory does not grow with the files. ProblemError for other people or another build.
    """
    began = time.monotonic()
    report(Progress(unit="results", step="Looking at the results"))
    results = [look_at(each) for each in named_apart(request.results)]
    if len(results) < 2:
        raise problem(
            Kind.INPUT,
            "There is only one result",
            "The best of several results needs two or more.",
            "Choose another result of the same cohort.",
        )
    work = _Consensus(results)
    refuse_other_builds(results)
    names = naturally({name for each in results for name in each.dose})
    paths = [p for n in names for p in ChromosomeOutput.paths(request.out_dir, work.spelled(n))]
    refuse_existing([*paths, request.out_dir / SUMMARY])
    with staged(request.out_dir, request.staging) as folder:
        made = tuple(work.chromosome(name, folder, report) for name in names)
        summary = ConsensusSummary(
            results=tuple(each.name for each in results),
            samples=len(results[0].samples),
            chromosomes=made,
            seconds=round(time.monotonic() - began, 3),
        )
        (folder / SUMMARY).write_text(summary.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return summary


class _Consensus:
    def __init__(self, results: Sequence[OpenedResult]) -> None:
        self._results = results
        self._names = [each.name for each in results]
        self._columns = columns_of_same([each.samples for each in results], self._names)
        self._paired = have_haplotypes(results)

    def spelled(self, name: str) -> str:
        """A chromosome as the first result that has it spells it."""
        return next(each.spelled[name] for each in self._results if name in each.dose)

    def chromosome(self, name: str, folder: Path, report: Report) -> ConsensusChromosome:
        """Write one chromosome."""
        streams = [
            chromosome_batches(each.dose.get(name, []), name, wanted_fields(self._paired))
            for each in self._results
        ]
        header = [*INFO_HEADER, *source_header(self._names), _BEST]
        taken, own = np.zeros((2, len(self._results)), np.int64)
        r2 = [0.0, 0]
        fields = written_fields(self._paired)
        samples = self._results[0].samples
        with ChromosomeOutput(folder, self.spelled(name), samples, header, fields) as out:
            for piece in aligned(streams, self._names):
                best, moments = self._write(piece, out)
                taken += np.bincount(best, minlength=len(taken))
                has = piece.present
                own += (has & (has.sum(axis=0) == 1)).sum(axis=1)
                known = moments.r2[np.isfinite(moments.r2)]
                r2 = [r2[0] + float(known.sum()), r2[1] + len(known)]
                report(Progress(done=out.written, unit="variants", step=f"Choosing on chromosome {name}"))
        return ConsensusChromosome(
            chromosome=name,
            variants=out.written,
            mean_r2=r2[0] / r2[1] if r2[1] else None,
            taken=tuple(taken.tolist()),
            own=tuple(own.tolist()),
            dose=out.dose.name,
            info=out.info.name,
        )

    def _write(self, piece: Aligned, out: ChromosomeOutput) -> tuple[NDArray[np.intp], Moments]:
        """Write a piece; gives the number of the best result of each variant, and its figures."""
        doses = [
            doses_of(part, row, columns, name, paired=self._paired)
            for part, row, columns, name in zip(
                piece.parts, piece.rows, self._columns, self._names, strict=True
            )
        ]
        moments = [each.moments() for each in doses]
        r2 = np.stack([each.r2 for each in moments])
        best = np.where(piece.present, np.nan_to_num(r2, nan=-1.0), -2.0).argmax(axis=0)
        chosen = _chosen(doses, best)
        columns = zip(source_flags(piece.present), best.tolist(), kind_flags(piece), strict=True)
        words = [f"{flags};BEST=S{number + 1}{kind}" for flags, number, kind in columns]
        figures = chosen.moments()
        out.write(
            piece.position,
            (piece.ids, piece.refs, piece.alts),
            info_texts(figures, words),
            chosen.haplotypes,
            chosen.genotypes,
        )
        return best, figures


_BEST = '##INFO=<ID=BEST,Number=1,Type=String,Description="Result that the dosages come from">'


def _chosen(doses: Sequence[Doses], best: NDArray[np.intp]) -> Doses:
    """The rows of the best result of each variant."""
    haplotypes = doses[0].haplotypes.copy()
    genotypes = None if doses[0].genotypes is None else doses[0].genotypes.copy()
    for k, each in enumerate(doses[1:], start=1):
        mine = best == k
        haplotypes[mine] = each.haplotypes[mine]
        if genotypes is not None and each.genotypes is not None:
            genotypes[mine] = each.genotypes[mine]
    return Doses(haplotypes, genotypes, doses[0].paired)
