"""One judgement of the build in check and repair, what settles it, and that a refusal is never silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.builds import SURE, length
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.cohort import Cohort
from app.genotypes.reading import read_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import build_of, plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import SiteTable, table_of
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.shared import shared_data

LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)
SITES = 300

FILES = (
    ("formats", "beagle_test.GT_DS_GL.191.vcf.gz"),
    ("formats", "chrX_PAR1_nonPAR_slice.26.vcf.gz"),
    ("formats", "gsa48.bcf"),
    ("formats", "gsa48.pgen"),
    ("formats", "gsa48.ped.gz"),
    ("impute_chr22_eur", "target.gsa_v3.vcf.gz"),
    ("impute_chr22_eur", "target.gsa_v3.GRCh38.vcf.gz"),
)


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_check_and_repair_judge_alike(tmp_path: Path, folder: str, name: str) -> None:
    path = shared_data(folder, name)
    checked = check_files([path], CheckOptions(people=False), folder=tmp_path / "check")
    assert build_of(read_cohort([path], tmp_path / "repair")) == checked.build


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38", None])
def test_contigs_and_odd_records_count_alike(tmp_path: Path, build: str | None) -> None:
    lines = ["##fileformat=VCFv4.2"]
    if build:
        lines += [f"##contig=<ID={n},length={length(build, str(n))}>" for n in range(1, 23)]
    lines.append("#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT a b".replace(" ", "\t"))
    pairs = ["A\tG", "A\tC,G", "AT\tA", "a\tg", "N\tA", "A\t.", "A\t<DEL>", "C\tT"]
    for number in range(2000):
        lines.append(f"22\t{17_000_000 + 5000 * number}\t.\t{pairs[number % 8]}\t.\t.\t.\tGT\t0/1\t0/0")
    path = tmp_path / "odd.vcf"
    path.write_text("\n".join(lines) + "\n")
    checked = check_files([path], CheckOptions(people=False))
    assert build_of(read_cohort([path], tmp_path / "cohort")) == checked.build


def study_of(folder: Path, letters: str = "TC", chromosome: str = "22", step: int = 3511) -> Cohort:
    """Invented sites: no known position is met."""
    random = np.random.default_rng(1)
    names = [f"s{i}" for i in range(10)]
    rows = [
        (chromosome, 17_000_001 + step * at, ".", *letters, random.integers(0, 3, 10).tolist())
        for at in range(SITES)
    ]
    return cohort_of_rows(folder, names, rows)


def panel_of(share: float) -> dict[str, SiteTable]:
    """A panel that has a share of the sites; the others lie a base away."""
    here = int(SITES * share)
    return {"22": table_of([(17_000_001 + 3511 * at + (at >= here), "A", "G") for at in range(SITES)])}


def test_a_refusal_is_told_by_what_was_written(tmp_path: Path) -> None:
    cohort = study_of(tmp_path / "c")
    target = RepairTarget(build="GRCh37", panel=panel_of(0.2))
    outcome = repair([cohort], target, LOOSE, tmp_path / "out")
    assert "not certain" in outcome.refused
    assert [(each.code, each.sites) for each in outcome.unresolved] == [("build_uncertain", SITES)]
    assert outcome.refused == plan_repairs([cohort], target, LOOSE).refused


def test_a_stated_build_settles_it_where_nothing_contradicts(tmp_path: Path) -> None:
    cohort = study_of(tmp_path / "c")
    target = RepairTarget(build="GRCh37", panel=panel_of(0.2), stated_build="GRCh37")
    plan = plan_repairs([cohort], target, LOOSE)
    assert not plan.refused
    assert "stated by you" in plan.cautions[0]
    assert {step.code: step.sites for step in plan.steps}[RepairCode.FLIP] == SITES // 5


def test_a_stated_build_does_not_settle_it_where_positions_contradict(tmp_path: Path) -> None:
    beyond = study_of(tmp_path / "c", step=200_000)
    target = RepairTarget(build="GRCh37", panel=panel_of(0.2), stated_build="GRCh37")
    assert plan_repairs([beyond], target, LOOSE).refused


def test_a_real_array_is_not_of_the_build_that_is_stated_wrongly(tmp_path: Path) -> None:
    cohorts = read_cohort([shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz")], tmp_path)
    target = RepairTarget(build="GRCh38", panel=panel_of(0.2), stated_build="GRCh38")
    assert plan_repairs(cohorts, target, LOOSE).refused


def test_the_panel_settles_the_build_of_sites_that_are_its_own(tmp_path: Path) -> None:
    cohort = study_of(tmp_path / "c")
    guess = BuildGuess(value="GRCh37", confidence=0.5)
    target = RepairTarget(build="GRCh37", panel=panel_of(0.9), study_build=guess)
    plan = plan_repairs([cohort], target, LOOSE)
    assert guess.confidence < SURE
    assert not plan.refused
    assert {step.code: step.sites for step in plan.steps}[RepairCode.FLIP] == SITES * 9 // 10
