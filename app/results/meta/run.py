"""Meta-imputes results of one cohort, chromosome by chromosome, from files to files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.meta_imputation import JoinedChromosome, LeftOut, MetaSummary, PanelWeight, WeightTrack
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import naturally
from app.results.doses.contract import DoseBatch, Field
from app.results.merging.builds import refuse_other_builds
from app.results.merging.figures import INFO_HEADER, Moments, info_texts
from app.results.merging.files import (
    OpenedResult,
    ResultFiles,
    chromosome_batches,
    look_at,
    named_apart,
)
from app.results.merging.output import ChromosomeOutput, refuse_existing, staged
from app.results.merging.people import Columns, columns_of_same, is_in_order
from app.results.merging.sites import Aligned, aligned
from app.results.meta.combine import combined
from app.results.meta.flags import kind_flags, source_flags, source_header
from app.results.meta.training import Training, spool_for, train
from app.results.meta.weights import Start

SUMMARY = "meta.json"
_TRACK = 200


@dataclass(frozen=True)
class MetaRequest:
    """Join these results into files in `out_dir`; `staging` (in it) holds them until all are whole."""

    results: tuple[ResultFiles, ...]
    out_dir: Path
    start: Start = Start.UNIFORM
    staging: Path | None = None


def meta_impute(request: MetaRequest, report: Report = silent) -> MetaSummary:
    """Write `chrN.dose.vcf.gz` with its index and `chrN.info.gz` for each chromosome, and `meta.json`.

    Synchronous; meant for a process of its own. ProblemError for results that cannot be joined: other people,
    another build, another phasing, no empirical dose files. Memory does not grow with the files; weights of
    large cohorts lie on disk meanwhile (4 bytes a typed site, result and haplotype).
    """
    began = time.monotonic()
    files = named_apart(request.results)
    if len(files) < 2:
        raise _too_few()
    report(Progress(unit="results", step="Looking at the results"))
    results = [look_at(each) for each in files]
    columns = columns_of_same([each.samples for each in results], [each.name for each in results])
    refuse_other_builds(results)
    plan, left_out = _plan(results)
    outputs = [ChromosomeOutput.paths(request.out_dir, name) for name in plan]
    refuse_existing([*(path for pair in outputs for path in pair), request.out_dir / SUMMARY])
    with staged(request.out_dir, request.staging) as folder:
        made = []
        for name, numbers in plan.items():
            some = [results[k] for k in numbers], [columns[k] for k in numbers]
            made.append(_Chromosome(name, *some, numbers, request.start, folder).run(report))
        summary = MetaSummary(
            results=tuple(each.name for each in results),
            samples=len(results[0].samples),
            start=str(request.start),
            chromosomes=tuple(made),
            left_out=tuple(left_out),
            seconds=round(time.monotonic() - began, 3),
        )
        (folder / SUMMARY).write_text(summary.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return summary


def _plan(results: Sequence[OpenedResult]) -> tuple[dict[str, list[int]], list[LeftOut]]:
    """Which results take part in which chromosome, and the chromosomes that cannot be joined."""
    plan: dict[str, list[int]] = {}
    left_out = []
    for name in naturally({name for each in results for name in each.dose}):
        whole = [k for k, each in enumerate(results) if name in each.dose and name in each.empirical]
        having = [each.name for each in results if name in each.dose]
        if len(whole) > 1:
            plan[name] = whole
        elif len(having) == 1:
            left_out.append(LeftOut(chromosome=name, why=f"only {having[0]} has it"))
        else:
            left_out.append(LeftOut(chromosome=name, why="fewer than two results have empirical doses"))
    if not plan:
        raise problem(
            Kind.INPUT,
            "There is nothing to join",
            "No chromosome has both dose and empirical dose files in two results: "
            + "; ".join(f"{each.chromosome}: {each.why}" for each in left_out[:5])
            + ".",
            "Impute with the meta-imputation file switched on, or take the better result of each variant "
            "(consensus).",
        )
    return plan, left_out


class _Chromosome:
    """One chromosome while it is joined."""

    def __init__(
        self,
        name: str,
        results: Sequence[OpenedResult],
        columns: Sequence[Columns],
        numbers: Sequence[int],
        start: Start,
        folder: Path,
    ) -> None:
        self._name = name
        self._results = results
        self._columns = columns
        self._numbers = numbers
        self._start = start
        self._folder = folder
        self._variants = np.zeros(len(results), np.int64)
        self._own = np.zeros(len(results), np.int64)
        self._in_all = 0
        self._r2 = [0.0, 0.0]  # sum, number
        self._samples = results[0].samples

    def run(self, report: Report) -> JoinedChromosome:
        """Learn the weights, then stream the doses."""
        people = len(self._samples)
        spelled = self._results[0].spelled[self._name]
        output = ChromosomeOutput(
            self._folder,
            spelled,
            self._samples,
            _header([each.name for each in self._results], self._numbers),
        )
        with spool_for(self._folder, len(self._results), people) as spool, output as out:
            training = train(
                self._results, self._columns, self._name, spool, start=self._start, report=report
            )
            panels = _panel_order(training, self._columns)
            streams = [
                chromosome_batches(each.dose[self._name], self._name, Field.HAPLOTYPES)
                for each in self._results
            ]
            for piece in aligned(streams, [each.name for each in self._results]):
                self._write(piece, training, panels, out)
                report(Progress(done=out.written, unit="variants", step=f"Joining chromosome {self._name}"))
            track, means = _track(training)
        return self._told(training, means, track, output)

    def _write(
        self, piece: Aligned, training: Training, panels: Sequence[Columns | None], out: ChromosomeOutput
    ) -> None:
        has = piece.present
        doses = [
            self._haplotypes(k, part, row, panels[k])
            for k, (part, row) in enumerate(zip(piece.parts, piece.rows, strict=True))
        ]
        meta = combined(training, piece.position, doses, has)
        moments = Moments.of(meta)
        self._count(has, moments)
        info = info_texts(moments, _flags(piece, has, training.keys, self._numbers))
        shape = (len(piece), len(self._samples), 2)
        out.write(piece.position, (piece.ids, piece.refs, piece.alts), info, meta.reshape(shape))

    def _haplotypes(
        self, k: int, part: DoseBatch, row: NDArray[np.intp], order: Columns | None
    ) -> NDArray[np.float32]:
        """Dosages [variants, haplotypes] in the order of the first result; a variant it lacks has any."""
        width = 2 * len(self._samples)
        if not len(part):
            return np.zeros((len(row), width), np.float32)
        if part.haplotypes is None:
            raise _no_haplotypes(self._results[k].name)
        flat = part.haplotypes.reshape(len(part), -1)
        if not (len(row) == len(flat) and (row == np.arange(len(row))).all()):
            flat = flat[np.maximum(row, 0)]
        return flat if order is None else flat[:, order]

    def _count(self, has: NDArray[np.bool_], moments: Moments) -> None:
        number = has.sum(axis=0)
        self._variants += has.sum(axis=1)
        self._own += (has & (number == 1)).sum(axis=1)
        self._in_all += int((number == len(has)).sum())
        known = moments.r2[np.isfinite(moments.r2)]
        self._r2[0] += float(known.sum())
        self._r2[1] += len(known)

    def _told(
        self, training: Training, means: NDArray[np.float64], track: WeightTrack, out: ChromosomeOutput
    ) -> JoinedChromosome:
        panels = tuple(
            PanelWeight(
                name=each.name,
                mean_weight=float(means[k]),
                typed=training.typed[k],
                variants=int(self._variants[k]),
                own=int(self._own[k]),
                exchanged=int(training.exchanged[k].sum()),
            )
            for k, each in enumerate(self._results)
        )
        return JoinedChromosome(
            chromosome=self._name,
            typed=len(training.positions),
            variants=out.written,
            in_all=self._in_all,
            mean_r2=self._r2[0] / self._r2[1] if self._r2[1] else None,
            panels=panels,
            track=track,
            dose=out.dose.name,
            info=out.info.name,
        )


def _panel_order(training: Training, columns: Sequence[Columns]) -> list[Columns | None]:
    """The haplotypes of each result in the order of the first, exchanged ones turned; None: as they are."""
    orders: list[Columns | None] = []
    for theirs, exchanged in zip(columns, training.exchanged, strict=True):
        pairs = np.stack([2 * theirs, 2 * theirs + 1], axis=1)
        pairs[exchanged] = pairs[exchanged, ::-1]
        order = np.asarray(pairs.ravel(), dtype=np.intp)
        orders.append(None if is_in_order(order, len(order)) else order)
    return orders


def _flags(
    piece: Aligned, has: NDArray[np.bool_], keys: frozenset[tuple[int, bytes, bytes]], numbers: Sequence[int]
) -> list[str]:
    """NST, S1 … SK, TRAINING, TYPED and IMPUTED of each variant."""
    sites = zip(piece.position.tolist(), piece.refs.raws(), piece.alts.raws(), strict=True)
    columns = zip(sites, source_flags(has, numbers), kind_flags(piece), strict=True)
    return [f"{sources}{';TRAINING' * (site in keys)}{kind}" for site, sources, kind in columns]


def _header(names: Sequence[str], numbers: Sequence[int]) -> list[str]:
    training = "Typed site that the weights were learned from"
    return [
        *INFO_HEADER,
        *source_header(names, numbers),
        f'##INFO=<ID=TRAINING,Number=0,Type=Flag,Description="{training}">',
    ]


def _track(training: Training) -> tuple[WeightTrack, NDArray[np.float64]]:
    """Mean weights at up to 200 places, and over all typed sites."""
    each = np.array([np.asarray(site).mean(axis=1, dtype=np.float64) for site in training.weights])
    pieces = np.array_split(np.arange(len(each)), min(_TRACK, len(each)))
    track = WeightTrack(
        positions=tuple(int(training.positions[rows].mean()) for rows in pieces),
        weights=tuple(tuple(round(float(w), 6) for w in each[rows].mean(axis=0)) for rows in pieces),
    )
    return track, np.asarray(each.mean(axis=0), dtype=np.float64)


def _too_few() -> Exception:
    return problem(
        Kind.INPUT,
        "One result cannot be joined with itself",
        "Meta-imputation needs two results or more.",
        "Choose another result of the same cohort.",
    )


def _no_haplotypes(name: str) -> Exception:
    return problem(
        Kind.INPUT,
        "There are no haplotype dosages",
        f"A dose file of {name} has no field HDS.",
        "Impute with haplotype dosages (HDS), or take the better result of each variant (consensus).",
        subject=name,
    )
