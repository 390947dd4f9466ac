"""Imputation by Minimac4, where it is installed.

Its traps (found with 4.1.2) are kept away here: the panel must be MSAV; the output format and the fields
must be named; a missing genotype aborts it; unphased genotypes are taken as phased (refused before); sites
that do not fit are left out without a word (so what it used is counted). And it takes a genetic map at its
word: switches as in one meiosis. A haplotype follows one of the panel only as far as both come from a common
ancestor, which is far shorter; with a plain map the r2 of common variants on real data fell from 0.91 to
0.88. So distances are scaled to the panel, as the built-in engine and Beagle do by themselves, and of a small
panel no haplotype is left out in advance.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.genotypes.matrix import MISSING
from app.imputation.built_in.model import Model
from app.imputation.contract import WHOLE, ImputationRequest
from app.imputation.engines import minimac4_command
from app.imputation.genetic_map import GeneticMap
from app.imputation.output import OutputPaths
from app.imputation.program import run_program
from app.imputation.study import Study, write_target
from app.imputation.tabix import write_index

_USED = re.compile(r"Typed sites to imputed sites ratio: \S+ \((\d+)/\d+\)")
_SMALL_PANEL = 2000  # haplotypes up to which all are looked at: a third more time
_ALL = ["--prob-threshold", "0", "--prob-threshold-s1", "0", "--diff-threshold", "0"]


def impute_with_minimac4(
    request: ImputationRequest,
    study: Study,
    haplotypes: NDArray[np.int8],
    folder: Path,
    paths: OutputPaths,
    genetic_map: GeneticMap,
    model: Model,
    report: Report,
) -> None:
    """Impute phased haplotypes [typed, 2 * people]; temporary files go to `folder`. `model` scales the map.

    Raises ProblemError when it is not installed, a genotype is missing, it left sites out, or fails.
    """
    command = minimac4_command(request.tools)
    if command is None:
        raise problem(Kind.NOT_FOUND, "Minimac4 is not installed", "It is not on the search path.")
    if (haplotypes == MISSING).any():
        raise problem(
            Kind.INPUT,
            "Genotypes are missing",
            "Minimac4 takes no missing genotypes, and the target has some.",
            "Let the target be phased, which fills them, or use the built-in engine.",
        )
    panel, target, map_file = _panel(command, request, folder, report), folder / "target.vcf.gz", folder / "m"
    write_target(study, haplotypes, target)
    write_index(target)
    size = study.typed.size
    genetic_map.scaled(model.meioses / size).write_plink(map_file, study.chromosome)
    made = OutputPaths.of(folder, "made")
    call = [*command, str(panel), str(target), "-o", str(made.dose), "-s", str(made.info)]
    call += ["-O", "vcf.gz", "-f", "GT,DS,HDS,GP", "--all-typed-sites", "-t", str(request.threads)]
    call += ["--map", str(map_file), *(_ALL if size <= _SMALL_PANEL else [])]
    call += [*_window(request, study), "--min-r2", str(request.min_r2)]
    call += ["-e", str(made.empirical)] if request.empirical else []
    words = run_program(call, folder, "Imputing", report)
    if request.panel_msav is not None and request.is_part:
        refuse_lost_sites(words, len(study.panel))
    for part, final in zip(_files(made, request), _files(paths, request), strict=True):
        os.replace(part, final)


def _panel(command: list[str], request: ImputationRequest, folder: Path, report: Report) -> Path:
    if request.panel_msav is not None:
        return request.panel_msav.resolve()
    panel = folder / "panel.msav"
    source = str(request.panel_vcf.resolve())
    run_program(
        [*command, "--compress-reference", source, "-o", str(panel)], folder, "Packing the panel", report
    )
    return panel


def _window(request: ImputationRequest, study: Study) -> list[str]:
    """The range to write, in one piece where the caller made the pieces; haploid people need one buffer."""
    buffer = request.temp_buffer if study.present.all() else max(request.temp_buffer, len(study.present))
    window = ["--temp-buffer", str(buffer), "--overlap", str(request.overlap_bp)]
    if not request.is_part:  # its own pieces of 20 Mb end it where the panel has no site in one
        return [*window, "--chunk", str(WHOLE)]
    span = f"{study.chromosome}:{request.first}-{request.last}"
    return [*window, "--region", span, "--chunk", str(max(1, request.last - request.first + 1))]


def refuse_lost_sites(words: str, sent: int) -> None:
    """Compare the typed sites that Minimac4 says it used with those it was given; ProblemError if fewer."""
    used = [int(each) for each in _USED.findall(words)]
    if len(used) == 1 and used[0] != sent:
        raise lost_sites("Minimac4", sent, used[0])


def lost_sites(engine: str, sent: int, used: int) -> ProblemError:
    """An engine that leaves typed sites out without a word."""
    return problem(
        Kind.REFUSED,
        f"{engine} did not use all sites",
        f"{sent:,} typed sites were given to it and it used {used:,}.",
        "Add the panel again, so that it is packed anew, or use the built-in engine.",
    )


def _files(paths: OutputPaths, request: ImputationRequest) -> tuple[Path, ...]:
    every = (paths.info, paths.empirical, paths.dose)
    return every if request.empirical else (paths.info, paths.dose)
