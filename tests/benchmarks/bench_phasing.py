"""Phasing by the built-in engine beside Beagle 5.4: switch errors, CPU seconds and memory, in one run.

`python -m tests.benchmarks.bench_phasing FOLDER [CASE ...] [--keep]`: FOLDER holds the data (the simulated
ones are made at the first run) and Beagle's output. Both read the same VCF files of panel and target and use
two threads; each is a process of its own. `--keep` takes Beagle's output and time of an earlier run. Switch
errors are those between neighbouring genotypes that are heterozygous in result and truth. Cases: simulated,
chr22_eur, chr22_multi, chrX_PAR1_multi, pgx_chr1, pgx_chr7, pgx_chr10, pgx_chr19; all by default.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import SwitchErrors
from app.genotypes.matrix import read_matrix
from app.imputation.contract import ImputationRequest
from app.imputation.fitting import fitted_model
from app.imputation.genetic_map import read_map
from app.imputation.phasing import phase
from app.imputation.study import genotype_counts, load_study
from app.results.truth.switches import switch_errors
from tests.benchmarks.engine_cases import Case, real_cases, simulated
from tests.benchmarks.engine_peers import THREADS, Used, beagle, kept, measured
from tests.helpers.shared import shared_folder

_HEAD = f"{'case':16}{'':10}{'joins':>8}{'wrong':>8}{'rate':>9}{'CPU s':>8}{'wall s':>8}{'MB':>7}"


def main() -> None:
    """Print a table of all cases that are asked for."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("cases", nargs="*")
    words.add_argument("--keep", action="store_true")
    words.add_argument("--one", nargs=5, metavar=("PANEL", "TARGET", "MAP", "CHROMOSOME", "OUT"))
    told = words.parse_args()
    if told.one:
        panel, target, chart, chromosome, out = told.one
        _phase(Path(panel), Path(target), Path(chart), chromosome, Path(out))
        return
    root = shared_folder()
    cases = [] if root is None else list(real_cases(root / "data", told.folder))
    if not told.cases or "simulated" in told.cases:
        cases.insert(0, simulated(told.folder))
    print(_HEAD)
    for case in cases:
        if not told.cases or case.name in told.cases:
            _compare(case, told.folder, keep=told.keep)


def _compare(case: Case, folder: Path, *, keep: bool) -> None:
    out = folder / "peers" / case.name
    made = out / "ours_phasing.npy"
    command: list[str | Path] = [sys.executable, "-m", "tests.benchmarks.bench_phasing", folder, "--one"]
    command += [case.panel, case.target, case.map, case.chromosome, made]
    used = measured(command, out, "ours_phasing")
    known = kept(out, "beagle_phasing") if keep else None
    path = out / "beagle_phasing.vcf.gz"
    if known is None:
        path, known = beagle(case, out, impute=False)
    study = load_study(_request(case.panel, case.target, case.chromosome, out))
    places = study.panel.positions
    theirs, truth = (_at(each, study.panel.site_keys(), places) for each in (path, case.truth))
    rates = []
    for name, haplotypes, took in (("ours", np.load(made), used), ("Beagle", theirs, known)):
        errors = switch_errors(truth, haplotypes)
        rates.append(errors.rate or float("nan"))
        _line(case.name, name, errors, took)
    ratios = (rates[0] / rates[1], used.cpu / known.cpu, used.wall / known.wall, used.peak_mb / known.peak_mb)
    print("{:16}{:10}{:25.2f}{:8.2f}{:8.2f}{:7.2f}".format(case.name, "ratio", *ratios), flush=True)


def _line(case: str, name: str, errors: SwitchErrors, used: Used) -> None:
    rate = errors.rate or float("nan")
    counts = f"{errors.joins:8d}{errors.wrong:8d}{rate:9.5f}"
    print(f"{case:16}{name:10}{counts}{used.cpu:8.1f}{used.wall:8.1f}{used.peak_mb:7.0f}")


def _request(panel: Path, target: Path, chromosome: str, out: Path) -> ImputationRequest:
    return ImputationRequest(panel_vcf=panel, target_vcf=target, out_dir=out, chromosome=chromosome)


def _phase(panel: Path, target: Path, chart: Path, chromosome: str, out: Path) -> None:
    """What the child does: from the files to phased haplotypes."""
    study = load_study(_request(panel, target, chromosome, out.parent))
    alleles, places = study.typed_alleles(), read_map(chart, chromosome).at(study.panel.positions)
    model = fitted_model(alleles, places)
    np.save(out, phase(alleles, genotype_counts(study), places, model=model, threads=THREADS))


def _at(path: Path, keys: list[tuple[str, int, str, str]], positions: NDArray[np.int64]) -> NDArray[np.int8]:
    """The haplotypes of a VCF at these sites, in their order."""
    found = read_matrix(path, None, positions)
    rows = {key[1:]: row for row, key in enumerate(found.site_keys())}
    return found.haplotypes[[rows[key[1:]] for key in keys]]


if __name__ == "__main__":
    main()
