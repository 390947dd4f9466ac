"""Sites whose genotypes belong elsewhere are known by their neighbours, given the panel's people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairPlan
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.cohort import Codes
from app.genotypes.reading import read_cohort
from app.genotypes.repair.errand import RepairErrand, plan_errand
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices
from tests.helpers.shared import shared_data

BLOCK, BLOCKS = 15, 8
WRONG = (20, 47, 80)


def haplotypes(random: np.random.Generator, people: int, founders: NDArray[np.int64]) -> NDArray[np.int64]:
    """[sites, 2 × people] of few founders in each block, which everybody draws anew."""
    drawn = random.integers(0, founders.shape[1], (BLOCKS, 2 * people))
    return np.concatenate([founders[b * BLOCK : (b + 1) * BLOCK, drawn[b]] for b in range(BLOCKS)])


def write_vcf(path: Path, alleles: NDArray[np.int64]) -> Path:
    people = alleles.shape[1] // 2
    with BgzfWriter(path) as writer:
        names = "\t".join(f"P{i}" for i in range(people))
        head = "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566>\n"
        writer.write(f"{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n".encode())
        for site, row in enumerate(alleles):
            cells = "\t".join(f"{a}|{b}" for a, b in zip(row[0::2], row[1::2], strict=True))
            writer.write(f"22\t{20_000_000 + 2_000 * site}\t.\tA\tG\t.\tPASS\t.\tGT\t{cells}\n".encode())
    return path


def planned(folder: Path, wrong: tuple[int, ...]) -> RepairPlan:
    random = np.random.default_rng(2)
    founders = random.integers(0, 2, (BLOCK * BLOCKS, 5))
    founders[:, :2] = [[0, 1]] * (BLOCK * BLOCKS)  # so that every site varies
    panel = write_vcf(folder / "panel.vcf.gz", haplotypes(random, 150, founders))
    study = haplotypes(random, 80, founders)
    for site in wrong:
        study[site] = random.permutation(study[site])
    errand = RepairErrand(
        paths=(str(write_vcf(folder / "study.vcf.gz", study)),),
        site_lists=(str(panel),),
        panel_build="GRCh37",
        study_build=BuildGuess(value="GRCh37", confidence=0.999),
        choices=RepairChoices(hwe_p=0, sample_call_rate=0),
    )
    return plan_errand(errand)


def test_sites_that_do_not_fit_their_neighbours_are_offered(tmp_path: Path) -> None:
    (step,) = [s for s in planned(tmp_path, WRONG).steps if s.code is RepairCode.DROP_LINKAGE]
    assert step.examples == tuple(f"22:{20_000_000 + 2_000 * site}" for site in WRONG)
    assert not step.chosen


def test_none_is_named_among_good_ones(tmp_path: Path) -> None:
    assert RepairCode.DROP_LINKAGE not in {step.code for step in planned(tmp_path, ()).steps}


@pytest.mark.parametrize("array", ["gsa_v3", "core_v1.2"])
def test_on_real_data_permuted_sites_are_found_and_few_others(tmp_path: Path, array: str) -> None:
    """Of sites that have correlated neighbours; among 48 people chance hides some."""
    from app.genotypes.repair.errand import _begun, _target

    panel = shared_data("impute_chr22_eur", "panel.chr22.vcf.gz")
    study = shared_data("impute_chr22_eur", f"target.{array}.vcf.gz")
    errand = RepairErrand(paths=(str(study),), site_lists=(str(panel),), panel_build="GRCh37")
    (true,) = read_cohort([study], tmp_path / "true")
    rows = np.random.default_rng(3).choice(len(true), len(true) // 50, replace=False)
    codes = np.array(true.genotypes(slice(None)))
    copies = np.where(codes == 3, 0, codes).sum(axis=1)
    common = rows[np.minimum(copies[rows], 2 * codes.shape[1] - copies[rows]) >= 20]
    with _begun(errand, lambda progress: None) as (groups, means):
        shuffled = [Shuffled(groups[0].cohorts[0], common)]
        plan = plan_repairs(shuffled, _target(errand, means), RepairChoices(hwe_p=0))  # type: ignore[arg-type]
        clean = plan_repairs(groups[0].cohorts, _target(errand, means), RepairChoices())
    found = {step.code: step.sites for step in plan.steps}[RepairCode.DROP_LINKAGE]
    assert found >= len(common) / 2
    assert {step.code: step.sites for step in clean.steps}.get(RepairCode.DROP_LINKAGE, 0) <= 2


class Shuffled:
    """A cohort whose people are exchanged at some sites."""

    def __init__(self, cohort: object, rows: NDArray[np.int64]) -> None:
        self._cohort, self._rows = cohort, rows

    def __getattr__(self, name: str) -> object:
        return getattr(self._cohort, name)

    def __len__(self) -> int:
        return len(self._cohort)  # type: ignore[arg-type]

    def genotypes(self, rows: slice | NDArray[np.intp]) -> Codes:
        codes: Codes = np.array(self._cohort.genotypes(rows))  # type: ignore[attr-defined]
        numbers = np.arange(len(self))[rows]
        for at in np.flatnonzero(np.isin(numbers, self._rows)):
            codes[at] = np.random.default_rng(int(numbers[at])).permutation(codes[at])
        return codes
