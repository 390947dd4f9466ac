"""Imputes one chromosome, or one part of X, in chunks; killed at any moment, it goes on where it was.

All of its state lies in one folder: `plan.json` with the cut and what became of the sites, the aligned target
of each chunk, its phased haplotypes, and its finished files with their SHA-256. What is there and whole is
not made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.matrix import Region, read_samples
from app.imputation.aligning import (
    Alignment,
    align,
    megabases,
    panel_alleles,
    positions_within,
)
from app.imputation.built_in.choice import KernelChoice
from app.imputation.chunks import Chunk, plan_chunks
from app.imputation.contract import (
    WHOLE,
    EngineName,
    ImputationFigures,
    ImputationFiles,
    ImputationRequest,
    PhasingName,
    Tools,
)
from app.imputation.filling import fill_missing
from app.imputation.genetic_map import CONSTANT, read_map
from app.imputation.ligation import Ligation, PhasedPiece
from app.imputation.memory import Cut, Load, fit, stretch_bytes
from app.imputation.panel_part import PanelPart, with_packed
from app.imputation.phased_target import PhasedTargets
from app.imputation.ploidy import NON_PAR_PART, expected_het
from app.imputation.run import impute_files, phased_haplotypes
from app.imputation.scratch import scratch_folder
from app.imputation.study import load_study

AUTO = "auto"
PLAN = "plan.json"
NO_SITE_IN_COMMON = "Target and panel have no site in common"
M = TypeVar("M", bound=Model)


class PartTask(Model):
    """What is to be imputed. `folder` keeps the state; `first` and `last` bound the part of X.

    `phasing` is `auto` (only where it is needed) or a PhasingName; `chunk_bp` None lets the memory decide.
    """

    target: Path
    panel_folder: Path
    panel: PanelPart
    folder: Path
    first: int = 1
    last: int = WHOLE
    engine: EngineName = EngineName.BUILTIN
    phasing: str = AUTO
    map_file: Path | None = None
    min_r2: float = 0.0
    threads: int = 1
    memory_mb: int = 4096
    seed: int = 1
    chunk_bp: int | None = None
    tools: Tools = Tools()
    kernel: KernelChoice = KernelChoice.AUTOMATIC


class PartPlan(Model):
    """How a part is done, settled once: a job that goes on uses the same. `fills`: only gaps are filled."""

    cut: Cut
    chunks: tuple[Chunk, ...]
    alignment: Alignment
    phasing: PhasingName
    fills: bool = False


class ChunkResult(Model):
    """A finished chunk; `files` are names in its folder with their SHA-256: dose, info and empirical."""

    chunk: Chunk
    figures: ImputationFigures
    files: dict[str, tuple[str, str]]


class PartResult(Model):
    """What a part gave; `agreement` of the phase at the borders of chunks, None where none was joined."""

    plan: PartPlan
    results: tuple[ChunkResult, ...]
    agreement: float | None = None
    swapped: int = 0

    @property
    def left_out(self) -> tuple[Chunk, ...]:
        """Chunks without a typed site in or around them, which nothing can be said of."""
        done = {each.chunk.number for each in self.results}
        return tuple(chunk for chunk in self.plan.chunks if chunk.number not in done)


class _Joined(Model):
    agreement: float | None
    swapped: int


class PhasedPart(Model):
    """The target of each chunk, phased, in the panel's coding; it has typed sites around the chunk too."""

    plan: PartPlan
    targets: tuple[tuple[Chunk, Path], ...]
    agreement: float | None = None
    swapped: int = 0
    phases: bool = False


def impute_part(task: PartTask, report: Report = silent) -> PartResult:
    """Do everything that is not done yet. Synchronous, meant for a process of its own.

    Raises ProblemError for data that do not fit, too little memory, and engines that fail.
    """
    task = _ready(task, report)
    found = phase_part(task, report)
    plan, chunks = found.plan, [chunk for chunk, _ in found.targets]
    results = [
        _imputed(task, plan, chunk, found.phases, _share(report, "Imputation", done, len(chunks)))
        for done, chunk in enumerate(chunks)
    ]
    _refuse_lost_records(task, results)
    return PartResult(plan=plan, results=tuple(results), agreement=found.agreement, swapped=found.swapped)


def _ready(task: PartTask, report: Report) -> PartTask:
    """The same with a folder that programs find, and a panel in our own form."""
    panel = with_packed(task.panel, task.panel_folder, report)
    return task.model_copy(update={"folder": task.folder.resolve(), "panel": panel})


def phase_part(task: PartTask, report: Report = silent) -> PhasedPart:
    """Only what comes before imputation: bring the sites into the panel's coding, and phase where needed."""
    task = _ready(task, report)
    task.folder.mkdir(parents=True, exist_ok=True)
    report(Progress(unit="chunks", step="Quality control"))
    plan = _kept(task.folder / PLAN, PartPlan, partial(_begin, task))
    if not plan.alignment.typed:
        raise _no_overlap(task, plan.alignment)
    chunks = [chunk for chunk in plan.chunks if plan.alignment.per_chunk[chunk.number]]
    joined = _Joined(agreement=None, swapped=0)
    phases = plan.phasing is not PhasingName.NONE or plan.fills
    if phases:
        for done, chunk in enumerate(chunks):
            _phase(task, plan, chunk, _share(report, "Phasing", done, len(chunks)))
        joined = _kept(task.folder / "joined.json", _Joined, partial(_join, task, plan, chunks))
    name = "target" if phases else "aligned"
    return PhasedPart(
        plan=plan,
        targets=tuple((chunk, task.folder / f"{name}-{chunk.number}.vcf.gz") for chunk in chunks),
        agreement=joined.agreement,
        swapped=joined.swapped,
        phases=phases,
    )


def _kept(path: Path, kind: type[M], make: Callable[[], M]) -> M:
    """A record on disk, made where it is not there or not whole."""
    found = _read(path, kind)
    if found is None:
        found = make()
        write_record(path, found)
    return found


def _read(path: Path, kind: type[M]) -> M | None:
    """A record on disk; None where it is not there, not whole, or as another version writes it."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def write_record(path: Path, record: Model) -> None:
    """Write a record so that it is there whole or not at all, whatever ends the program."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json())
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _share(report: Report, step: str, done: int, total: int) -> Report:
    """The progress of one chunk as that of all, in thousandths."""

    def told(progress: Progress) -> None:
        part = progress.fraction or 0.0
        report(
            Progress(
                done=round(1000 * (done + part)),
                total=1000 * total,
                unit="chunks",
                step=step,
                counts={"chunk": done + 1, "chunks": total},
            )
        )

    return told


def _begin(task: PartTask) -> PartPlan:
    """The plan, without what is left of an earlier one, which may have had other chunks."""
    for left in ("phased-*.npz", "joined.json", "chunk-*.json"):
        for path in task.folder.glob(left):
            path.unlink(missing_ok=True)
    return _prepare(task)


def _prepare(task: PartTask) -> PartPlan:
    region = Region(task.panel.contig, task.first, task.last)
    try:
        positions = positions_within(task.target, region)
    except (OSError, ContainerError) as error:
        raise _unreadable(task, error) from error
    with task.panel.open(task.panel_folder) as panel:
        known = panel_alleles(panel, positions)
        # How often women are heterozygous, where men must be told from them.
        chances = expected_het(panel, positions) if task.panel.part == NON_PAR_PART else {}
        packed = stretch_bytes(panel)
    typed = megabases(positions[np.isin(positions, list(known))])
    samples = len(read_samples(task.target))
    cut = fit(_load(task, samples, typed, packed), task.memory_mb, task.threads)
    if task.chunk_bp is not None:
        cut = replace(cut, chunk_bp=min(cut.chunk_bp, task.chunk_bp))
        cut = replace(cut, overlap_bp=min(cut.overlap_bp, cut.chunk_bp // 2))
    chunks = plan_chunks(task.panel.first, task.panel.last, cut.chunk_bp, cut.overlap_bp)
    alignment = align(task.target, region, task.panel.contig, known, chunks, task.folder, chances)
    if alignment.haploid and cut.temp_buffer < samples and task.engine is EngineName.MINIMAC4:
        cut = fit(_load(task, samples, typed, packed, haploid=True), task.memory_mb, task.threads)
        if cut.chunk_bp < max(c.last - c.first + 1 for c in chunks):
            chunks = plan_chunks(task.panel.first, task.panel.last, cut.chunk_bp, cut.overlap_bp)
            alignment = align(task.target, region, task.panel.contig, known, chunks, task.folder, chances)
    phasing, fills = _phasing(task, alignment)
    return PartPlan(cut=cut, chunks=chunks, alignment=alignment, phasing=phasing, fills=fills)


def _load(
    task: PartTask, samples: int, typed: tuple[int, ...], packed: tuple[int, ...], *, haploid: bool = False
) -> Load:
    return Load(
        engine=task.engine,
        phasing=_usual_phasing(task) if task.phasing == AUTO else PhasingName(task.phasing),
        samples=samples,
        panel_haplotypes=task.panel.haplotypes,
        panel_sites=task.panel.per_mb,
        typed_sites=typed,
        haploid=haploid,
        panel_bytes=packed,
        kernel=task.kernel,
    )


def _usual_phasing(task: PartTask) -> PhasingName:
    return PhasingName.BEAGLE if task.engine is EngineName.BEAGLE else PhasingName.BUILTIN


def _phasing(task: PartTask, alignment: Alignment) -> tuple[PhasingName, bool]:
    """Who phases, and whether gaps of phased data must be filled: no engine is given what it cannot take."""
    if task.phasing not in (AUTO, PhasingName.NONE):
        return PhasingName(task.phasing), False
    if not alignment.phased and task.phasing == PhasingName.NONE:
        raise problem(
            Kind.INPUT,
            "The target is not phased",
            f"{task.target.name} has heterozygous genotypes written with a slash on {task.panel.name}.",
            "Choose a phasing; no engine can impute from unphased genotypes.",
            subject=task.target.name,
        )
    if not alignment.phased:
        return _usual_phasing(task), False
    return PhasingName.NONE, bool(alignment.missing) and task.engine is EngineName.MINIMAC4


def _request(task: PartTask, plan: PartPlan, chunk: Chunk, target: Path, panel: Path) -> ImputationRequest:
    """`panel` is where a VCF of the panel may be, for an engine that has no other form of it."""

    def packed(name: str | None) -> Path | None:
        return task.panel_folder / name if name else None

    return ImputationRequest(
        panel_vcf=panel,
        panel_packed=packed(task.panel.packed),
        panel_msav=packed(task.panel.msav),
        panel_bref3=packed(task.panel.bref3),
        target_vcf=target,
        out_dir=task.folder / f"chunk-{chunk.number}",
        chromosome=task.panel.contig,
        engine=task.engine,
        map_file=task.map_file,
        min_r2=task.min_r2,
        threads=plan.cut.threads,
        seed=task.seed,
        first=chunk.first,
        last=chunk.last,
        window_bp=max(1, chunk.last - chunk.first + 1),
        overlap_bp=plan.cut.overlap_bp,
        memory_mb=max(256, plan.cut.memory_mb if task.engine is EngineName.BEAGLE else task.memory_mb),
        temp_buffer=plan.cut.temp_buffer,
        tools=task.tools,
        kernel=task.kernel,
    )


def _write_panel(task: PartTask, engine: str, chunk: Chunk, path: Path) -> None:
    """The panel of a chunk as a VCF, for an engine that has no better form of it."""
    forms = {EngineName.MINIMAC4: task.panel.msav, EngineName.BEAGLE: task.panel.bref3}
    if engine in forms and forms[EngineName(engine)] is None:
        task.panel.write_slice(task.panel_folder, chunk.informed_first, chunk.informed_last, path)


def _phase(task: PartTask, plan: PartPlan, chunk: Chunk, report: Report) -> None:
    """Phase a chunk, or fill its gaps, into `phased-N.npz`."""
    path = task.folder / f"phased-{chunk.number}.npz"
    if _is_whole(path):
        return
    report(Progress(step="Phasing"))
    target = task.folder / f"aligned-{chunk.number}.vcf.gz"
    with scratch_folder(task.folder) as folder:
        vcf = folder / "panel.vcf.gz"
        _write_panel(task, plan.phasing, chunk, vcf)
        request = _request(task, plan, chunk, target, vcf)
        request = replace(request, phasing=plan.phasing)
        with task.panel.open(task.panel_folder) as panel:
            study = load_study(request, panel)
        genetic_map = read_map(task.map_file, task.panel.contig) if task.map_file else CONSTANT
        if plan.fills:
            haplotypes = fill_missing(study, genetic_map, plan.cut.threads)
        else:
            reads_it = task.map_file is not None and plan.phasing is PhasingName.BEAGLE
            plink_map = folder / "map.txt" if reads_it else None
            if plink_map is not None:
                genetic_map.write_plink(plink_map, study.chromosome)
            haplotypes = phased_haplotypes(request, study, genetic_map, folder, plink_map, report)
        sites = study.panel
        keys = [f"{p}\t{r}\t{a}" for p, r, a in zip(sites.positions, sites.refs, sites.alts, strict=True)]
        draft = folder / "phased.npz"
        np.savez(draft, positions=sites.positions, keys=np.array(keys, dtype=np.str_), haplotypes=haplotypes)
        os.replace(draft, path)


def _is_whole(path: Path) -> bool:
    """Whether a phased chunk can be read; a computer that lost its power may leave one that cannot."""
    try:
        with np.load(path) as kept:
            return all(len(kept[name]) for name in ("positions", "keys", "haplotypes"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def _join(task: PartTask, plan: PartPlan, chunks: Sequence[Chunk]) -> _Joined:
    """Ligate all pieces and write the phased target of each chunk."""
    ligation = Ligation()
    samples = read_samples(task.folder / f"aligned-{chunks[0].number}.vcf.gz")
    with PhasedTargets(task.folder, task.panel.contig, samples, chunks) as targets:
        for chunk in chunks:
            with np.load(task.folder / f"phased-{chunk.number}.npz") as kept:
                piece = PhasedPiece(chunk, kept["positions"], kept["keys"], kept["haplotypes"])
            targets.write(ligation.add(piece))
    return _Joined(agreement=ligation.agreement, swapped=ligation.swapped)


def _imputed(task: PartTask, plan: PartPlan, chunk: Chunk, phased: bool, report: Report) -> ChunkResult:
    record = task.folder / f"chunk-{chunk.number}.json"
    folder = task.folder / f"chunk-{chunk.number}"
    kept = _read(record, ChunkResult)
    if kept is not None and all(sha256_of(folder / name) == told for name, told in kept.files.values()):
        report(Progress(done=1, total=1))
        return kept
    report(Progress(step="Imputation"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    target = task.folder / f"{'target' if phased else 'aligned'}-{chunk.number}.vcf.gz"
    panel = folder / "panel.vcf.gz"
    _write_panel(task, task.engine, chunk, panel)
    made = impute_files(_request(task, plan, chunk, target, panel), report)
    panel.unlink(missing_ok=True)
    done = ChunkResult(chunk=chunk, figures=made.figures, files=_files(made))
    write_record(record, done)
    return done


def _refuse_lost_records(task: PartTask, results: Sequence[ChunkResult]) -> None:
    """Every site of the panel must come back once; an engine that leaves some out is not believed."""
    if task.min_r2 > 0:
        return  # then the engine leaves out what it was told to
    with task.panel.open(task.panel_folder) as panel:
        places = panel.positions()
    for result in results:
        chunk = result.chunk
        wanted = int(np.searchsorted(places, chunk.last, "right") - np.searchsorted(places, chunk.first))
        if result.figures.panel_sites != wanted:
            raise problem(
                Kind.REFUSED,
                "The engine did not impute all sites",
                f"Of {wanted:,} sites of the panel from {chunk.first:,} to {chunk.last:,} on "
                f"{task.panel.name} it wrote {result.figures.panel_sites:,}.",
                "Use another engine, and tell us which panel it was.",
            )


def _files(made: ImputationFiles) -> dict[str, tuple[str, str]]:
    there = {"dose": made.dose, "info": made.info, "empirical": made.empirical}
    return {kind: (path.name, sha256_of(path)) for kind, path in there.items() if path is not None}


def sha256_of(path: Path) -> str:
    """The hash of a file; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _no_overlap(task: PartTask, found: Alignment) -> ProblemError:
    return problem(
        Kind.INPUT,
        NO_SITE_IN_COMMON,
        f"None of the {found.sites:,} sites of {task.target.name} on {task.panel.name} is in the panel.",
        "Check the genome build and the panel.",
        subject=task.target.name,
    )


def _unreadable(task: PartTask, error: OSError | ContainerError) -> ProblemError:
    why = f"is {error.fault}" if isinstance(error, ContainerError) else (error.strerror or str(error))
    return problem(
        Kind.INPUT,
        "The target cannot be read",
        f"{task.target.name}: {why}.",
        "Copy or make the file again.",
        subject=task.target.name,
    )
