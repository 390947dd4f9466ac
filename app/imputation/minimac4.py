"""Imputation by Minimac4, where it is installed.

Its traps (found with 4.1.2) are kept away here: the panel must be MSAV; the output format and the fields
must be named; a missing genotype aborts it; unphased genotypes are taken as phased (refused before).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.genotypes.matrix import MISSING
from app.imputation.contract import ImputationRequest
from app.imputation.engines import minimac4_command
from app.imputation.output import OutputPaths
from app.imputation.program import run_program
from app.imputation.study import Study, write_target
from app.imputation.tabix import write_index


def impute_with_minimac4(
    request: ImputationRequest,
    study: Study,
    haplotypes: NDArray[np.int8],
    folder: Path,
    paths: OutputPaths,
    plink_map: Path | None,
    report: Report,
) -> None:
    """Impute phased haplotypes [typed, 2 * people]; temporary files go to `folder`.

    Raises ProblemError when it is not installed, a genotype is missing, or the program fails.
    """
    command = minimac4_command()
    if command is None:
        raise problem(Kind.NOT_FOUND, "Minimac4 is not installed", "It is not on the search path.")
    if (haplotypes == MISSING).any():
        raise problem(
            Kind.INPUT,
            "Genotypes are missing",
            "Minimac4 takes no missing genotypes, and the target has some.",
            "Let the target be phased, which fills them, or use the built-in engine.",
        )
    panel, target = folder / "panel.msav", folder / "target.vcf.gz"
    write_target(study, haplotypes, target)
    write_index(target)
    source = str(request.panel_vcf.resolve())
    run_program(
        [*command, "--compress-reference", source, "-o", str(panel)], folder, "Packing the panel", report
    )
    made = OutputPaths.of(folder, "made")
    call = [*command, str(panel), str(target), "-o", str(made.dose), "-s", str(made.info)]
    call += ["-O", "vcf.gz", "-f", "GT,DS,HDS,GP", "--all-typed-sites", "-t", str(request.threads)]
    call += ["--temp-buffer", str(max(200, len(study.target.samples)))]
    call += ["--overlap", str(request.overlap_bp), "--min-r2", str(request.min_r2)]
    call += ["-e", str(made.empirical)] if request.empirical else []
    call += ["--map", str(plink_map)] if plink_map else []
    if request.is_part:
        call += ["--region", f"{study.chromosome}:{request.first}-{request.last}"]
    run_program(call, folder, "Imputing", report)
    for part, final in zip(_files(made, request), _files(paths, request), strict=True):
        os.replace(part, final)


def _files(paths: OutputPaths, request: ImputationRequest) -> tuple[Path, ...]:
    every = (paths.info, paths.empirical, paths.dose)
    return every if request.empirical else (paths.info, paths.dose)
