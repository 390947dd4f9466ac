"""Phasing and imputation by Beagle 5, where Java and its jar are installed.

Beagle drops sites silently when alleles or order do not fit, so only matched sites in order are given to it,
and the number that comes back is compared. And it chooses the panel haplotypes that it looks at by what they
share with a target in steps of 0.1 cM. A gene by itself has one or two such steps, and the choice is near
blind: on 200 kb around ABCB1 (0.1 cM) the r2 at a MAF of 0.05 to 0.1 was 0.82, with shorter steps 0.92. So
short pieces get shorter steps; longer ones are imputed just as Beagle does by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import ABSENT, MISSING, read_matrix
from app.imputation.contract import ImputationRequest
from app.imputation.engines import beagle_command
from app.imputation.genetic_map import GeneticMap
from app.imputation.minimac4 import lost_sites
from app.imputation.output import Block
from app.imputation.program import run_program
from app.imputation.study import Study, write_target

_ROWS = 500
_STEP_CM = 0.1  # the default of Beagle
_FEWEST_STEPS = 20
_SHORTEST_CM = 0.002
_STUDY_MARKERS = re.compile(r"Study\s+markers:\s+([\d,]+)")


def phase_with_beagle(
    request: ImputationRequest, study: Study, folder: Path, plink_map: Path | None, report: Report
) -> NDArray[np.int8]:
    """Phase the typed sites against the panel, missing genotypes filled; int8 [typed, 2 * people]."""
    target = folder / "unphased.vcf.gz"
    write_target(study, study.target.haplotypes, target, phased=False)
    out = folder / "phased"
    _run(request, study, target, out, plink_map, ["impute=false"], "Phasing", report)
    phased = read_matrix(out.with_name("phased.vcf.gz"))
    if phased.positions.tolist() != study.panel.positions.tolist():
        raise lost_sites("Beagle", len(study.panel), len(phased))
    haplotypes = phased.haplotypes
    haplotypes[:, ~study.present] = ABSENT
    return haplotypes


def impute_with_beagle(
    request: ImputationRequest,
    study: Study,
    haplotypes: NDArray[np.int8],
    folder: Path,
    genetic_map: GeneticMap,
    plink_map: Path | None,
    report: Report,
) -> Iterator[Block]:
    """Impute phased haplotypes; blocks of records with haploid dosages (two decimals, as Beagle gives them).

    Beagle has no leave-one-out dosages, so there is no ER2.
    """
    target, out = folder / "target.vcf.gz", folder / "imputed"
    write_target(study, haplotypes, target)
    step = step_cm(genetic_map.at(study.panel.positions))
    more = ["ap=true", *([f"imp-step={step:.4f}"] if step < _STEP_CM else [])]
    _run(request, study, target, out, plink_map, more, "Imputing", report)
    typed = {key[1:] for key in study.panel.site_keys()}
    for block in _blocks(out.with_name("imputed.vcf.gz"), typed, study.present):
        yield block.take((block.positions >= request.first) & (block.positions <= request.last))


def step_cm(centimorgans: NDArray[np.float64]) -> float:
    """How long a step of Beagle may be, so that typed sites at these places fill enough of them.

    Gaps without typed sites count as one step, so that genes far apart are not taken for a long piece.
    """
    covered = float(np.minimum(np.diff(centimorgans), _STEP_CM).sum())
    return min(_STEP_CM, max(_SHORTEST_CM, covered / _FEWEST_STEPS))


def _run(
    request: ImputationRequest,
    study: Study,
    target: Path,
    out: Path,
    plink_map: Path | None,
    more: list[str],
    step: str,
    report: Report,
) -> None:
    command = beagle_command(request.memory_mb, request.tools)
    if command is None:
        raise problem(
            Kind.NOT_FOUND,
            "Beagle is not installed",
            "Java or the file beagle.jar was not found.",
            "Install Beagle 5 and Java, or name the jar in HAPLODESK_BEAGLE_JAR.",
        )
    panel = (request.panel_bref3 or request.panel_vcf).resolve()
    call = [*command, f"gt={target}", f"ref={panel}", f"out={out}"]
    call += [f"nthreads={request.threads}", f"seed={request.seed}", *more]
    call += [f"map={plink_map}"] if plink_map else []
    if request.is_part:
        first, last = request.informing
        call += [f"chrom={study.chromosome}:{first}-{last}"]
    words = run_program(call, target.parent, step, report)
    used = _STUDY_MARKERS.findall(words)
    if used and int(used[-1].replace(",", "")) != len(study.panel):
        raise lost_sites("Beagle", len(study.panel), int(used[-1].replace(",", "")))


def _blocks(vcf: Path, typed: set[tuple[int, str, str]], present: NDArray[np.bool_]) -> Iterator[Block]:
    """The records with one ALT allele: no other has one dosage a haplotype."""
    rows: list[list[str]] = []
    for line in read_lines(vcf):
        if not line.startswith(b"#") and b"," not in line.split(b"\t", 5)[4]:
            rows.append(line.decode("utf-8", "replace").split("\t"))
        if len(rows) == _ROWS:
            yield _block(rows, typed, present)
            rows = []
    if rows:
        yield _block(rows, typed, present)


def _block(rows: list[list[str]], typed: set[tuple[int, str, str]], present: NDArray[np.bool_]) -> Block:
    def column(number: int) -> NDArray[np.object_]:
        values = np.empty(len(rows), dtype=object)
        values[:] = [row[number] for row in rows]
        return values

    dosages = np.array([_haploid(row) for row in rows], dtype=np.int16)
    dosages[:, ~present] = ABSENT
    is_typed = [(int(row[1]), row[3], row[4]) in typed for row in rows]
    nobody = np.full((sum(is_typed), len(present)), MISSING, dtype=np.int16)
    return Block(
        positions=np.array([int(row[1]) for row in rows], dtype=np.int64),
        ids=column(2),
        refs=column(3),
        alts=column(4),
        dosages=dosages,
        imputed=np.ones(len(rows), dtype=bool),
        typed=np.array(is_typed, dtype=bool),
        left_out=nobody,
        observed=nobody.astype(np.int8),
    )


def _haploid(row: list[str]) -> list[int]:
    """The two haploid dosages of each person, from AP1 and AP2, or GT where a typed record has no AP."""
    keys = row[8].split(":")
    if "AP1" in keys and "AP2" in keys:
        one, two = keys.index("AP1"), keys.index("AP2")
        cells = [cell.split(":") for cell in row[9:]]
        return [_chance(cell, at) for cell in cells for at in (one, two)]
    alleles = [(cell.split(":")[0].split("|") + [""])[:2] for cell in row[9:]]
    return [1000 * int(letter) if letter.isdigit() else ABSENT for pair in alleles for letter in pair]


def _chance(cell: list[str], at: int) -> int:
    """One of the chances of a cell; a haploid person has no second one."""
    return round(1000 * float(cell[at])) if at < len(cell) and cell[at] not in ("", ".") else ABSENT
