"""Makes batches of one cohort, imputed apart, one result: all people, the same variants, figures anew."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.batch_merge import Keep, MergedChromosome, MergeSummary
from app.domain.meta_imputation import LeftOut
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import naturally
from app.results.doses.contract import SiteKind
from app.results.merging.builds import refuse_other_builds
from app.results.merging.doses_of import doses_of, have_haplotypes, wanted_fields, written_fields
from app.results.merging.figures import INFO_HEADER, Moments, info_texts
from app.results.merging.files import OpenedResult, ResultFiles, chromosome_batches, look_at, named_apart
from app.results.merging.frequencies import FrequencyCheck
from app.results.merging.left_out import Key, empirical_path, merge_left_out
from app.results.merging.losses import LOSSES, LossList
from app.results.merging.output import ChromosomeOutput, refuse_existing, staged
from app.results.merging.sites import Aligned, aligned

SUMMARY = "merge.json"
_HEADER = (
    *INFO_HEADER,
    '##INFO=<ID=ER2,Number=1,Type=Float,Description="Empirical (leave-one-out) R-square, typed sites only">',
    '##INFO=<ID=NB,Number=1,Type=Integer,Description="Number of batches that have the variant">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="Site was genotyped in a batch">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="Site is in the panel">',
)


@dataclass(frozen=True)
class MergeRequest:
    """Make these batches one result in `out_dir`; `staging` (in it) holds the files until all are whole."""

    batches: tuple[ResultFiles, ...]
    out_dir: Path
    keep: Keep = Keep.INTERSECT
    staging: Path | None = None


def merge_batches(request: MergeRequest, report: Report = silent) -> MergeSummary:
    """Write `chrN.dose.vcf.gz` with index, `chrN.info.gz`, empirical doses where all batches have them.

    AF, MAF, R2 and ER2 are computed anew from all people, as if they had been imputed in one batch. Variants
    that not all batches have are left out (`intersect`) or have missing dosages (`union`); either way they
    are listed in `variants_not_in_all.tsv.gz`. `merge.json` has the summary. Synchronous; memory does not
    grow with the files. ProblemError when a person is in two batches or builds differ.
    """
    began = time.monotonic()
    report(Progress(unit="batches", step="Looking at the batches"))
    batches = [look_at(each) for each in named_apart(request.batches)]
    _refuse_people(batches)
    refuse_other_builds(batches)
    plan, left_out = _plan(batches)
    paths = [path for name in plan for path in _paths(request.out_dir, batches[0].spelled[name])]
    refuse_existing([*paths, request.out_dir / SUMMARY, request.out_dir / LOSSES])
    with staged(request.out_dir, request.staging) as folder:
        work = _Merge(batches, request.keep, folder)
        with LossList(folder, [each.name for each in batches]) as losses:
            made = [work.chromosome(name, losses, report) for name in plan]
        summary = MergeSummary(
            batches=tuple(each.name for each in batches),
            samples=tuple(len(each.samples) for each in batches),
            keep=request.keep,
            chromosomes=tuple(made),
            left_out=tuple(left_out),
            losses=LOSSES,
            differing=work.check.differing,
            differences=work.check.greatest(),
            seconds=round(time.monotonic() - began, 3),
        )
        (folder / SUMMARY).write_text(summary.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return summary


def _paths(folder: Path, chromosome: str) -> tuple[Path, ...]:
    return *ChromosomeOutput.paths(folder, chromosome), empirical_path(folder, chromosome)


def _refuse_people(batches: Sequence[OpenedResult]) -> None:
    if len(batches) < 2:
        raise problem(
            Kind.INPUT,
            "One batch needs no merging",
            "Merging needs two batches or more.",
            "Choose another batch of the cohort.",
        )
    seen = Counter(name for each in batches for name in each.samples)
    twice = [name for name, count in seen.items() if count > 1]
    if twice:
        raise problem(
            Kind.INPUT,
            "A person is in two batches",
            f"{len(twice):,} sample names stand in more than one batch, such as {twice[0]}.",
            "Merge batches of different people; results of the same people are joined by meta-imputation.",
        )


def _plan(batches: Sequence[OpenedResult]) -> tuple[list[str], list[LeftOut]]:
    """The chromosomes that all batches have, and those that cannot be merged."""
    names = naturally({name for each in batches for name in each.dose})
    missing = {name: [each.name for each in batches if name not in each.dose] for name in names}
    left_out = [
        LeftOut(chromosome=name, why=f"{', '.join(lacking)} lacks it")
        for name, lacking in missing.items()
        if lacking
    ]
    plan = [name for name in names if not missing[name]]
    if not plan:
        raise problem(
            Kind.INPUT,
            "The batches have no chromosome in common",
            "; ".join(f"chromosome {each.chromosome}: {each.why}" for each in left_out[:5]) + ".",
            "Merge batches of the same chromosomes.",
        )
    return plan, left_out


class _Merge:
    """The work on all chromosomes."""

    def __init__(self, batches: Sequence[OpenedResult], keep: Keep, folder: Path) -> None:
        self._batches = batches
        self._keep = keep
        self._folder = folder
        self._paired = have_haplotypes(batches)
        self._samples = [name for each in batches for name in each.samples]
        self._everybody = [np.arange(len(each.samples)) for each in batches]
        self.check = FrequencyCheck([each.name for each in batches])

    def chromosome(self, name: str, losses: LossList, report: Report) -> MergedChromosome:
        """Merge one chromosome."""
        spelled = self._batches[0].spelled[name]
        complete = all(name in each.empirical for each in self._batches)
        er2 = merge_left_out(self._batches, name, self._folder, write=complete)
        want, fields = wanted_fields(self._paired), written_fields(self._paired)
        streams = [chromosome_batches(each.dose[name], name, want) for each in self._batches]
        before, r2 = losses.count, [0.0, 0.0]
        with ChromosomeOutput(self._folder, spelled, self._samples, _HEADER, fields) as out:
            for piece in aligned(streams, [each.name for each in self._batches]):
                everywhere = piece.present.all(axis=0)
                losses.add(spelled, piece, np.flatnonzero(~everywhere))
                kept = np.arange(len(piece)) if self._keep is Keep.UNION else np.flatnonzero(everywhere)
                known = self._write(piece, kept, er2, out)
                r2 = [r2[0] + float(known.sum()), r2[1] + len(known)]
                report(Progress(done=out.written, unit="variants", step=f"Merging chromosome {name}"))
        return MergedChromosome(
            chromosome=name,
            variants=out.written,
            not_in_all=losses.count - before,
            mean_r2=r2[0] / r2[1] if r2[1] else None,
            dose=out.dose.name,
            info=out.info.name,
            empirical=empirical_path(self._folder, spelled).name if complete else None,
        )

    def _write(
        self, piece: Aligned, kept: NDArray[np.intp], er2: dict[Key, float], out: ChromosomeOutput
    ) -> NDArray[np.float64]:
        """Write the kept variants of a piece; gives their known R2."""
        if not len(kept):
            return np.empty(0)
        chosen = _chosen(piece, kept)
        parts = [
            doses_of(part, row, everybody, batch.name, paired=self._paired)
            for part, row, everybody, batch in zip(
                chosen.parts, chosen.rows, self._everybody, self._batches, strict=True
            )
        ]
        moments = [each.moments() for each in parts]
        self.check.add(chosen.parts[0].chromosome, chosen, moments)
        whole = _sum(moments)
        genotypes = [each.genotypes for each in parts if each.genotypes is not None]
        out.write(
            chosen.position,
            (chosen.ids, chosen.refs, chosen.alts),
            info_texts(whole, _words(chosen, er2)),
            np.concatenate([each.haplotypes for each in parts], axis=1),
            np.concatenate(genotypes, axis=1) if genotypes else None,
        )
        return whole.r2[np.isfinite(whole.r2)]


def _sum(moments: Sequence[Moments]) -> Moments:
    whole = moments[0]
    for each in moments[1:]:
        whole = whole + each
    return whole


def _chosen(piece: Aligned, kept: NDArray[np.intp]) -> Aligned:
    texts = piece.ids[kept], piece.refs[kept], piece.alts[kept]
    return Aligned(piece.position[kept], *texts, piece.parts, tuple(row[kept] for row in piece.rows))


def _words(piece: Aligned, er2: dict[Key, float]) -> list[str]:
    """ER2, NB, TYPED and IMPUTED of each variant."""
    number = piece.present.sum(axis=0).tolist()
    kinds = piece.kinds.tolist()
    keys = zip(piece.position.tolist(), piece.refs.raws(), piece.alts.raws(), strict=True)
    texts = []
    for key, many, kind in zip(keys, number, kinds, strict=True):
        empirical = er2.get(key, np.nan) if kind & SiteKind.TYPED else np.nan
        words = [f"ER2={empirical:.7g}"] if empirical == empirical else []
        words += [f"NB={many}"] + ["TYPED"] * bool(kind & SiteKind.TYPED)
        texts.append(";".join(words + ["IMPUTED"] * (kind != SiteKind.TYPED)))
    return texts
