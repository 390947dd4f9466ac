"""Imputes one chromosome from file to files, with whichever engine is asked for.

Each engine is imported when it is asked for: the modules of all are as much memory as a small job.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app import __version__
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.matrix import ABSENT, MISSING, GenotypeMatrix, bare_name
from app.imputation.allocator import give_freed_memory_back, trim
from app.imputation.blas import use_one_blas_thread
from app.imputation.built_in.kernels import settled
from app.imputation.built_in.model import Model
from app.imputation.builtin import impute_builtin
from app.imputation.contract import (
    EngineName,
    ImputationFigures,
    ImputationFiles,
    ImputationRequest,
    PhasingName,
)
from app.imputation.engines import find_engine
from app.imputation.fitting import fitted_model
from app.imputation.genetic_map import CONSTANT, GeneticMap, read_map
from app.imputation.kernel_choice import refuse_absent_kernel
from app.imputation.output import Block, OutputPaths, ResultWriter
from app.imputation.panel_format.reader import Panel, is_packed_panel
from app.imputation.panel_source import open_panel
from app.imputation.scratch import remove_abandoned, scratch_folder
from app.imputation.study import Study, genotype_counts, load_study


def impute_files(request: ImputationRequest, report: Report = silent) -> ImputationFiles:
    """Phase if asked, impute, and write `chrN.dose.vcf.gz`, `chrN.info.gz`, `chrN.empiricalDose.vcf.gz`.

    Synchronous; meant for a process of its own. A report that raises stops it. Files have their names only
    when they are whole. Raises ProblemError for input that cannot be imputed and for engines that fail.
    """
    began = time.monotonic()
    give_freed_memory_back()
    use_one_blas_thread()
    if request.engine is EngineName.BUILTIN:
        refuse_absent_kernel(request.kernel)
    report(Progress(unit="sites", step="Reading"))
    request.out_dir.mkdir(parents=True, exist_ok=True)
    remove_abandoned(request.out_dir)
    genetic_map = read_map(request.map_file, request.chromosome) if request.map_file else CONSTANT
    paths = OutputPaths.of(request.out_dir, bare_name(request.chromosome))
    with scratch_folder(request.out_dir) as folder:
        figures, index = _impute(request, genetic_map, folder.resolve(), paths, report)
    figures = replace(figures, seconds=round(time.monotonic() - began, 3))
    has_empirical = request.empirical and request.engine is not EngineName.BEAGLE
    return ImputationFiles(
        dose=paths.dose,
        info=paths.info,
        empirical=paths.empirical if has_empirical else None,
        index=index,
        figures=figures,
    )


def _impute(
    request: ImputationRequest,
    genetic_map: GeneticMap,
    folder: Path,
    paths: OutputPaths,
    report: Report,
) -> tuple[ImputationFigures, Path]:
    """The figures, and the index of the dose file."""
    is_packed = request.panel_packed is not None or is_packed_panel(request.panel_vcf)
    own = is_packed or request.engine is EngineName.BUILTIN
    with open_panel(request, folder, report) if own else nullcontext() as panel:
        study = load_study(request, panel)
        trim()
        if panel is not None and panel.path == request.panel_vcf:
            request = _for_others(request, panel, folder)
        plink_map = None
        if genetic_map is not CONSTANT and EngineName.BEAGLE in (request.engine, str(request.phasing)):
            plink_map = folder / "map.txt"
            genetic_map.write_plink(plink_map, study.chromosome)
        haplotypes = phased_haplotypes(request, study, genetic_map, folder, plink_map, report)
        figures = _figures(request, study)
        if request.engine is EngineName.BEAGLE:  # it estimates its parameters itself
            from app.imputation.beagle import impute_with_beagle

            blocks = impute_with_beagle(request, study, haplotypes, folder, genetic_map, plink_map, report)
            return _written(request, study, blocks, figures, paths)
        model = _model(study, genetic_map)
        if panel is None or request.engine is EngineName.MINIMAC4:
            from app.imputation.minimac4 import impute_with_minimac4

            impute_with_minimac4(request, study, haplotypes, folder, paths, genetic_map, model, report)
            return _counted(request, figures, paths)
        blocks = impute_builtin(request, study, panel, haplotypes, genetic_map, model, folder, report)
        return _written(request, study, blocks, figures, paths)


def _for_others(request: ImputationRequest, panel: Panel, folder: Path) -> ImputationRequest:
    """The request with a VCF in place of a packed panel, where another program has to read it."""
    programs = {request.engine, str(request.phasing)} & {EngineName.MINIMAC4, EngineName.BEAGLE}
    if not programs:
        return request
    from app.imputation.panel_format.vcf_out import write_vcf

    vcf = folder / "panel.vcf.gz"
    write_vcf(panel, vcf, *request.informing)
    return replace(request, panel_vcf=vcf)


def _model(study: Study, genetic_map: GeneticMap) -> Model:
    """The model that the panel tells at some of the typed sites."""
    return fitted_model(study.typed, genetic_map.at(study.panel.positions))


def _counted(
    request: ImputationRequest, figures: ImputationFigures, paths: OutputPaths
) -> tuple[ImputationFigures, Path]:
    """Look whether what another program wrote is whole, and make its index."""
    from app.imputation.figures import read_figures
    from app.imputation.tabix import write_counted_index

    try:
        figures = read_figures(figures, paths.info)
    except (ContainerError, ValueError, IndexError) as error:
        raise _cut_short(request, 0, 0) from error
    try:
        index, records = write_counted_index(paths.dose)
    except ContainerError as error:
        raise _cut_short(request, 0, figures.written) from error
    if records != figures.written:
        raise _cut_short(request, records, figures.written)
    return figures, index


def phased_haplotypes(
    request: ImputationRequest,
    study: Study,
    genetic_map: GeneticMap,
    folder: Path,
    plink_map: Path | None,
    report: Report,
) -> NDArray[np.int8]:
    """The alleles of the typed sites, phased, [typed, 2 * people]."""
    if request.phasing is PhasingName.BEAGLE:
        from app.imputation.beagle import phase_with_beagle

        return phase_with_beagle(request, study, folder, plink_map, report)
    if request.phasing is PhasingName.BUILTIN:
        return _phased_here(request, study, genetic_map, report)
    if not study.target.phased.all():
        raise problem(
            Kind.INPUT,
            "The target is not phased",
            f"{request.target_vcf.name} has heterozygous genotypes written with a slash.",
            "Choose a phasing, or give phased data.",
            subject=request.target_vcf.name,
        )
    return study.target.haplotypes


def _phased_here(
    request: ImputationRequest, study: Study, genetic_map: GeneticMap, report: Report
) -> NDArray[np.int8]:
    from app.imputation.phasing import phase

    def told(share: float) -> None:
        report(Progress(done=round(100 * share), total=100, unit="percent", step="Phasing"))

    told(0.0)
    panel, places = study.typed_alleles(), genetic_map.at(study.panel.positions)
    model = _model(study, genetic_map)
    haplotypes = phase(
        panel,
        genotype_counts(study),
        places,
        model=model,
        threads=request.threads,
        seed=request.seed,
        progress=told,
    )
    haplotypes[:, ~study.present] = ABSENT
    return haplotypes


def _figures(request: ImputationRequest, study: Study) -> ImputationFigures:
    positions = study.target.positions
    inside = (positions >= request.first) & (positions <= request.last)
    missing = (study.target.haplotypes[inside] == MISSING) & study.present
    return ImputationFigures(
        engine=request.engine,
        engine_version=find_engine(request.engine, request.tools).version,
        phasing=request.phasing,
        kernel=settled(request.kernel) if request.engine is EngineName.BUILTIN else "",
        samples=len(study.target.samples),
        panel_haplotypes=study.typed.size,
        target_sites=study.target_sites,
        typed=int(inside.sum()),
        mismatched=study.mismatched,
        typed_only=len(study.typed_only),
        unusable=study.unusable,
        missing_genotypes=int((missing[:, 0::2] | missing[:, 1::2]).sum()),
    )


def _written(
    request: ImputationRequest,
    study: Study,
    blocks: Iterator[Block],
    figures: ImputationFigures,
    paths: OutputPaths,
) -> tuple[ImputationFigures, Path]:
    source = f"Haplodesk v{__version__} ({request.engine})"
    empirical = request.empirical and request.engine is EngineName.BUILTIN
    waiting = _typed_only(study) if request.phasing is PhasingName.NONE else None
    sites = 0
    writer = ResultWriter(
        paths,
        study.chromosome,
        study.target.samples,
        source,
        empirical=empirical,
        min_r2=request.min_r2,
        threads=request.threads,
    )
    try:
        with writer as out:
            for block in blocks:
                sites += len(block)
                if waiting is not None and len(block):
                    due = waiting.positions <= block.positions[-1]
                    block, waiting = block.joined(waiting.take(due)), waiting.take(~due)
                out.write(block)
            if waiting is not None:
                out.write(waiting)
        index = writer.write_index()
    except ContainerError as error:
        raise _cut_short(request, 0, writer.written) from error
    return replace(writer.counted(figures), panel_sites=sites), index


def _cut_short(request: ImputationRequest, records: int, wanted: int) -> ProblemError:
    """An engine that ended as if all were well, with a file that is not whole; a full disk does the same."""
    from app.imputation.program import full_disk

    if full := full_disk(request.out_dir):
        return full
    what = f"Its list of sites has {wanted:,} records, the dosages have {records:,}."
    return problem(
        Kind.REFUSED,
        "The engine wrote a file that is not whole",
        what if records else "The end of the list of sites or of the dosages is missing.",
        f"Look whether the disk is full. If not, {request.engine} may be of a version that does not work; "
        "the built-in engine does without it.",
    )


def _typed_only(study: Study) -> Block:
    """Sites that only the target has, as they came: certain dosages, or none where a call is missing."""
    only: GenotypeMatrix = study.typed_only
    dosages = only.haplotypes.astype(np.int16)
    dosages[dosages > 0] = 1000
    missing = (dosages[:, 0::2] == MISSING) | (dosages[:, 1::2] == MISSING)
    dosages[np.repeat(missing, 2, axis=1)] = MISSING
    none = np.zeros(len(only), dtype=bool)
    return Block(
        only.positions,
        only.ids,
        only.refs,
        only.alts,
        dosages,
        none,
        ~none,
        np.empty((0, dosages.shape[1]), dtype=np.int16),
        np.empty((0, dosages.shape[1]), dtype=np.int8),
    )
