"""What the engines are measured on: simulated and real panels, phased and unphased input, and the truth."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.imputation.genetic_map import read_map
from tests.benchmarks.engine_data import make, pack_msav

_PGX = (1, 7, 10, 19)
_THINNED = "genetic_map.b37.thinned.tsv.gz"


@dataclass(frozen=True)
class Case:
    """Files of one job. `target` is unphased, `phased` the same sites with the true phase."""

    name: str
    chromosome: str
    panel: Path
    msav: Path
    target: Path
    phased: Path
    truth: Path
    map: Path


def simulated(folder: Path) -> Case:
    """The simulated panel of `engine_data`, made where it is not there yet."""
    if not (folder / "ref.msav").exists():
        make(folder, 20, 2_504, 500, 20)
    return Case("simulated", "20", *_files(folder, "ref"))


def scaling(folder: Path, haplotypes: int, *, same: bool) -> Case:
    """One of the panels that `engine_data --scaling` makes."""
    name = f"ref.{haplotypes}" + (".same" if same else "")
    return Case(name, "20", *_files(folder / "scale", name))


def _files(folder: Path, panel: str) -> tuple[Path, ...]:
    names = (f"{panel}.vcf.gz", f"{panel}.msav", "target.vcf.gz", "target.phased.vcf.gz", "truth.vcf.gz")
    return *(folder / name for name in names), folder / "imp.map"


def real_cases(data: Path, folder: Path) -> Iterator[Case]:
    """The panels of real people; what programs want of them is made in `folder` once."""
    eur, multi, par = (data / f"impute_{name}" for name in ("chr22_eur", "chr22_multi", "chrX_PAR1_multi"))
    yield _real(folder, "chr22_eur", "22", eur, ("panel.chr22", "target.gsa_v3", "truth.chr22"), data)
    yield _real(folder, "chr22_multi", "22", multi, ("panel.chr22", "target.chr22", "truth.chr22"), data)
    names = ("panel.chrX.PAR1", "target.chrX.PAR1", "truth.chrX.PAR1")
    yield _real(folder, "chrX_PAR1_multi", "X", par, names, data)
    for number in _PGX:
        names = (f"panel.chr{number}", "target.all_chr", f"truth.chr{number}")
        yield _real(folder, f"pgx_chr{number}", str(number), data / "impute_pgx_kgp3", names, data)


def _real(
    folder: Path, name: str, chromosome: str, source: Path, names: tuple[str, str, str], data: Path
) -> Case:
    here = folder / "real" / name
    panel, target, truth = (source / f"{each}.vcf.gz" for each in names)
    msav = here / "panel.msav"
    case = Case(
        name,
        chromosome,
        panel,
        msav,
        here / "target.vcf.gz",
        here / "target.phased.vcf.gz",
        truth,
        here / "imp.map",
    )
    if not msav.exists():
        here.mkdir(parents=True, exist_ok=True)
        _cut(target, chromosome, case.target)
        _agreed(truth, case.target, case.phased)
        source_map = {"22": "plink.chr22.GRCh37.map", "X": "chrX_par1.b37.gmap.gz"}.get(chromosome, _THINNED)
        read_map(data / "maps" / source_map, chromosome).write_plink(case.map, chromosome)
        link = here / "panel.vcf.gz"
        link.symlink_to(panel)
        Path(f"{link}.tbi").symlink_to(f"{panel}.tbi")
        pack_msav(link)
    return case


def _cut(source: Path, chromosome: str, out: Path) -> None:
    subprocess.run(["bcftools", "view", "-r", chromosome, "-Oz", "-o", out, source], check=True)
    subprocess.run(["tabix", "-f", "-p", "vcf", out], check=True)


def _agreed(truth: Path, target: Path, out: Path) -> None:
    """The truth, which is phased, at the sites of the target."""
    subprocess.run(["bcftools", "isec", "-n=2", "-w1", "-Oz", "-o", out, truth, target], check=True)
    subprocess.run(["tabix", "-f", "-p", "vcf", out], check=True)
