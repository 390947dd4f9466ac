"""Real cohorts with planted faults, and a real lift: what comes out is what was true before."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.matrix import GenotypeMatrix, read_matrix
from app.genotypes.reading import read_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.ready import Means, make_ready
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.rules import RulePack
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.site_table import SiteTable
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.panel_tables import table_of_panel
from tests.helpers.seeded import minor_frequency, score, seed_cohort
from tests.helpers.shared import shared_data

SURE = BuildGuess(value="GRCh37", confidence=0.999)
REPAIRED = ("strand_flip", "ref_alt_swap", "strand_flip_and_swap", "pos_off_by_one", "duplicate_id")


@cache
def panel() -> SiteTable:
    return table_of_panel(shared_data("impute_chr22_eur", "panel.chr22.vcf.gz"))


def pack(build: str = "hg19", panel_build: str = "hg19") -> RulePack:
    parameters = ServerQcParameters(
        build=build, panel_build=panel_build, strand_flips=100, allele_switches=100
    )
    return RulePack(service_id="s", service="A server", panel="Europeans", parameters=parameters)


def means(**more: object) -> Means:
    people = {"22": shared_data("impute_chr22_eur", "panel.chr22.vcf.gz")}
    return Means(**{"panel": {"22": panel()}, "panel_genotypes": people} | more)  # type: ignore[arg-type]


def answer_key() -> list[dict[str, str]]:
    with shared_data("impute_chr22_eur", "messy", "ANSWER_KEY.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_messy_data_pass_the_twin_and_are_true_again(tmp_path: Path) -> None:
    """Every repairable site of the answer key has its true alleles, place and genotypes; the rest is gone."""
    cohort = cohort_of_vcf(shared_data("impute_chr22_eur", "messy", "target.messy.vcf.gz"), tmp_path / "c")
    outcome, verdict = make_ready([cohort], pack(), means(), RepairChoices(), tmp_path / "out")
    assert outcome.ready, verdict.headline
    assert outcome.ledger.adds_up
    got = read_matrix(Path(outcome.files[0].path))
    clean = read_matrix(shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz"))
    assert outcome.ledger.samples_out == len(got.samples) == 46
    key = answer_key()
    mended = {int(row["orig_pos"]) for row in key if row["problem"] in REPAIRED}
    gone = {
        int(row["file_pos"])
        for row in key
        if row["problem"] in ("wrong_allele", "low_call_rate", "hwe_all_het", "monomorphic")
    }
    positions = set(got.positions.tolist())
    assert len(mended - positions) <= 2  # of 325; these two are off HWE in the true data as well
    assert not gone & positions
    differing = differing_sites(got, clean)
    assert not differing, f"{len(differing)} sites differ from the clean original"
    assert len(positions) >= len(clean) - len(gone) - 15


def differing_sites(got: GenotypeMatrix, clean: GenotypeMatrix) -> list[int]:
    """Positions where alleles or called genotypes are not those of the clean original."""
    place = {int(position): at for at, position in enumerate(clean.positions)}
    columns = [clean.samples.index(name) for name in got.samples]
    mine, theirs = got.counts(), clean.counts()
    wrong = []
    for row, position in enumerate(got.positions.tolist()):
        at = place.get(position)
        if at is None:
            continue
        both = (mine[row] >= 0) & (theirs[at][columns] >= 0)
        alleles = (got.refs[row], got.alts[row]) == (clean.refs[at], clean.alts[at])
        if not alleles or (mine[row][both] != theirs[at][columns][both]).any():
            wrong.append(position)
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("with_people", [False, True])
def test_planted_flips_and_switches_are_found(tmp_path: Path, with_people: bool) -> None:
    """Half of the chip's density of sequence sites; palindromic ones are among them."""
    true = cohort_of_vcf(shared_data("impute_chr22_eur", "truth.chr22.vcf.gz"), tmp_path / "true")
    rows = np.arange(0, len(true), 4).tolist()
    seeded = seed_cohort(true, tmp_path / "seeded", np.random.default_rng(4), rows=rows)
    people = {"22": shared_data("impute_chr22_eur", "panel.chr22.vcf.gz")} if with_people else {}
    target = RepairTarget("t", "GRCh37", {"22": panel()}, people, SURE)
    loose = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
    outcome = repair([seeded.cohort], target, loose, tmp_path / "out")
    assert outcome.ledger.adds_up
    plain = score(seeded, Path(outcome.files[0].path), ~seeded.palindromic)
    assert min(plain.recall, plain.precision) >= 0.999
    rare = seeded.palindromic & (minor_frequency(seeded, panel()) < 0.4)
    turned = score(seeded, Path(outcome.files[0].path), rare)
    assert turned.precision >= 0.995
    assert turned.recall >= (0.995 if with_people else 0.975)


def test_lifting_gives_the_known_positions(tmp_path: Path) -> None:
    """The same array in both builds: positions and alleles of the vendor's GRCh38 file come out."""
    cohort = cohort_of_vcf(shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz"), tmp_path / "c")
    target = RepairTarget(
        build="GRCh38",
        study_build=SURE,
        chain=shared_data("chains", "ensembl.GRCh37_to_GRCh38.chain.gz"),
        chain_back=shared_data("chains", "ensembl.GRCh38_to_GRCh37.chain.gz"),
    )
    loose = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
    outcome = repair([cohort], target, loose, tmp_path / "out")
    got = read_matrix(Path(outcome.files[0].path))
    known = read_matrix(shared_data("impute_chr22_eur", "target.gsa_v3.GRCh38.vcf.gz"))
    assert set(got.chromosomes) == {"chr22"}
    mine = {(p, r, a) for p, r, a in zip(got.positions.tolist(), got.refs, got.alts, strict=True)}
    theirs = {(p, r, a) for p, r, a in zip(known.positions.tolist(), known.refs, known.alts, strict=True)}
    assert len(mine & theirs) / len(theirs) > 0.999
    lifted = next(line for line in outcome.ledger.lines if line.code == RepairCode.LIFTOVER)
    assert lifted.changed_sites == len(got)
    assert lifted.changed_sites + lifted.removed_sites == len(cohort)


def test_nothing_is_flipped_when_the_build_is_not_certain(tmp_path: Path) -> None:
    cohort = cohort_of_vcf(shared_data("impute_chr22_eur", "messy", "target.messy.vcf.gz"), tmp_path / "c")
    unsure = BuildGuess(value="GRCh37", confidence=0.94)
    target = RepairTarget("t", None, {"22": panel()}, {}, unsure)  # a panel of GRCh37 would settle it
    plan = plan_repairs([cohort], target)
    codes = {step.code for step in plan.steps}
    assert "94%" in plan.refused
    assert not codes & {
        RepairCode.FLIP,
        RepairCode.SWITCH,
        RepairCode.FLIP_SWITCH,
        RepairCode.UPDATE_POSITION,
    }
    assert RepairCode.DROP_DUPLICATES in codes


@pytest.mark.slow
def test_phase_is_kept_when_alleles_are_exchanged(tmp_path: Path) -> None:
    """Phased people come out with the same haplotypes, each allele by its letter."""
    true = read_matrix(shared_data("impute_chr22_eur", "truth.chr22.vcf.gz"))
    few = true.take(np.arange(0, 2000))
    cohort = cohort_of_vcf(shared_data("impute_chr22_eur", "truth.chr22.vcf.gz"), tmp_path / "c")
    turned = SiteTable(panel().position, np.asarray((panel().code & 3) << 2 | panel().code >> 2, np.uint8))
    target = RepairTarget("t", "GRCh37", {"22": turned}, {}, SURE)
    loose = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
    outcome = repair([cohort], target, loose, tmp_path / "out")
    got = read_matrix(Path(outcome.files[0].path))
    assert got.phased.all()
    place = {int(position): at for at, position in enumerate(got.positions)}
    compared = 0
    for row, position in enumerate(few.positions.tolist()):
        if position not in place or {few.refs[row], few.alts[row]} in ({"A", "T"}, {"C", "G"}):
            continue
        at = place[position]
        assert (got.refs[at], got.alts[at]) == (few.alts[row], few.refs[row])
        assert (got.haplotypes[at] == 1 - few.haplotypes[row]).all()
        compared += 1
    assert compared > 1500


def test_sites_of_several_populations_are_judged_within_each(tmp_path: Path) -> None:
    """Chinese and Europeans together: most sites that are off among all are right in both."""
    target = shared_data("impute_chr1_hapmap2_ceu", "target.humanhap550.chr1.vcf.gz")
    plan = plan_repairs(read_cohort([target], tmp_path / "c"), RepairTarget(study_build=SURE))
    (step,) = [each for each in plan.steps if each.code is RepairCode.DROP_SITES_HWE]
    assert step.chosen
    assert 0 < step.sites < 20
