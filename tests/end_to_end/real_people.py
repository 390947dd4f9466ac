"""Real people for servers that a test starts, with what they truly carry; elsewhere invented ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.genotypes.bgzf import BgzfWriter, read_lines
from app.practice.cohort import make_practice_data
from app.results.accuracy import Accuracy, accuracy
from tests.helpers.shared import shared_folder
from tests.helpers.stretches import stretch

FOLDER = "impute_chr22_eur"
WHOLE = (0, 2**31)
COMMON_MAF = 0.05
LEAST_REAL_R2 = 0.8
"""Of common sites: Minimac 4 by itself, without a map, reaches 0.82 to 0.90 with these files."""
LEAST_INVENTED_R2 = 0.5
"""Invented people: what matters is that they were imputed from the panel that was sent."""


@dataclass(frozen=True)
class Cohort:
    """Phased people at the sites of an array, a panel of others, and all that the people truly carry."""

    target: Path
    panel: Path
    truth: Path
    people: int
    sites: int
    least_r2: float
    enough: int
    """Sites that make the r² of a bin say something."""


def real_or_invented(folder: Path, span: tuple[int, int] = WHOLE) -> Cohort:
    """48 Europeans of 1000 Genomes at a real array, and 310 others; without the shared data invented ones."""
    folder.mkdir(parents=True, exist_ok=True)
    root = shared_folder()
    if root is None:
        data = make_practice_data(folder, samples=24, sites=600, chromosomes=("22",))
        typed = _positions(data.cohort[0])
        target = _phased(data.truth[0], typed, folder / "study.chr22.vcf.gz")
        sites = len(_positions(data.panel[0]))
        return Cohort(target, data.panel[0], data.truth[0], 24, sites, LEAST_INVENTED_R2, 20)
    source = root / "data" / FOLDER
    panel, truth = (source / f"{name}.chr22.vcf.gz" for name in ("panel", "truth"))
    if span != WHOLE:
        panel, truth = (stretch(each, folder / each.name, *span) for each in (panel, truth))
    target = _phased(truth, _positions(source / "target.gsa_v3.vcf.gz"), folder / "study.chr22.vcf.gz")
    return Cohort(target, panel, truth, 48, len(_positions(panel)), LEAST_REAL_R2, 1_000)


def _positions(file: Path) -> frozenset[bytes]:
    return frozenset(line.split(b"\t", 2)[1] for line in read_lines(file) if not line.startswith(b"#"))


def _phased(truth: Path, typed: frozenset[bytes], target: Path) -> Path:
    """The people at the sites of their array, phased as they were released: Minimac wants it."""
    with BgzfWriter(target, level=1) as writer:
        for line in read_lines(truth):
            if line.startswith(b"#") or line.split(b"\t", 2)[1] in typed:
                writer.write(line + b"\n")
    return target


def judge(cohort: Cohort, dose: Path) -> Accuracy:
    """How true a result is: said to whoever reads the log of the test, and held to its bound."""
    found = accuracy([dose], cohort.truth)
    assert (found.samples, found.missed) == (cohort.people, 0)
    common = [each for each in found.by_maf if each.maf_from >= COMMON_MAF and each.sites >= cohort.enough]
    assert common
    for each in common:
        words = f"MAF {each.maf_from:.2f}–{each.maf_to:.2f}: {each.sites:,} sites, r2 {each.r2}"
        print(words)  # noqa: T201
        assert each.r2 is not None
        assert each.r2 > cohort.least_r2, words
    return found
