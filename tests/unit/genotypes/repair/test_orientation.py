"""Files whose letters and genotypes do not belong together are told, and not made worse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_frequency import frequencies
from app.genotypes.checks.cohort_people import ancestry
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.cohort import Cohort
from app.genotypes.matrix import read_matrix
from app.genotypes.reading import read_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import NO_FREQUENCY, SiteTable, letters_code
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.shared import shared_data

SURE = BuildGuess(value="GRCh37", confidence=0.999)
SITES, PEOPLE = 200, 60


PAIRS = [("A", "G"), ("G", "A"), ("T", "C"), ("C", "T")]
ALLELES_CHANGE = {RepairCode.SWITCH, RepairCode.FLIP, RepairCode.FLIP_SWITCH}


def study(
    folder: Path, pair: tuple[str, str], exchanged: int, mirrored_list: bool = False
) -> tuple[Cohort, RepairTarget, np.ndarray]:
    """The panel has A/G; genotypes of the first `exchanged` sites count the letter that is not ALT.

    Gives also the true copies of G.
    """
    random = np.random.default_rng(4)
    frequency = random.uniform(0.1, 0.4, SITES)  # of the panel's ALT
    copies = random.binomial(2, frequency[:, None], (SITES, PEOPLE))
    codes = copies if pair in (("A", "G"), ("T", "C")) else 2 - copies
    codes = np.where(np.arange(SITES)[:, None] < exchanged, 2 - codes, codes)
    rows = [("1", 1000 + i, ".", *pair, codes[i].tolist()) for i in range(SITES)]
    cohort = cohort_of_rows(folder / "c", [f"s{i}" for i in range(PEOPLE)], rows)
    letters = letters_code(Texts.of(["A"] * SITES), Texts.of(["G"] * SITES))
    told = 1 - frequency if mirrored_list else frequency
    written = np.round(told * (NO_FREQUENCY - 1)).astype(np.uint16)
    table = SiteTable(np.arange(1000, 1000 + SITES, dtype=np.uint32), letters, written, None, {})
    return cohort, RepairTarget(build="GRCh37", panel={"1": table}, study_build=SURE), copies


LOOSE = RepairChoices(hwe_p=0, het_deviations=99)


@pytest.mark.parametrize("exchanged", [0, SITES])
@pytest.mark.parametrize("pair", PAIRS)
def test_genotypes_count_the_panels_allele_afterwards(
    tmp_path: Path, pair: tuple[str, str], exchanged: int
) -> None:
    """Whichever way the letters stand, and whether the genotypes count the second or the first."""
    cohort, target, copies = study(tmp_path, pair, exchanged)
    outcome = repair([cohort], target, LOOSE, tmp_path / "out")
    assert not outcome.refused
    assert (RepairCode.EXCHANGE_LETTERS in {each.code for each in outcome.applied}) == bool(exchanged)
    written = read_matrix(Path(outcome.files[0].path))
    assert set(zip(written.refs, written.alts, strict=True)) == {("A", "G")}
    assert (written.haplotypes.reshape(SITES, PEOPLE, 2).sum(axis=2) == copies).all()


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize(("exchanged", "mirrored_list"), [(150, False), (0, True)])
def test_doubtful_letters_are_left_alone(
    tmp_path: Path, pair: tuple[str, str], exchanged: int, mirrored_list: bool
) -> None:
    """Three quarters of the sites are no fault of the columns, and a list may have the frequencies of REF."""
    cohort, target, _ = study(tmp_path, pair, exchanged, mirrored_list)
    plan = plan_repairs([cohort], target, LOOSE)
    assert "frequency of the other allele" in plan.refused
    assert not (ALLELES_CHANGE | {RepairCode.EXCHANGE_LETTERS}) & {each.code for each in plan.steps}


def test_letters_that_may_not_be_exchanged_stop_all_that_compares_them(tmp_path: Path) -> None:
    cohort, target, _ = study(tmp_path, ("G", "A"), SITES)
    plan = plan_repairs([cohort], target, replace(LOOSE, chosen=frozenset({RepairCode.SWITCH})))
    assert plan.refused
    assert not ALLELES_CHANGE & {each.code for each in plan.steps}


def test_one_file_of_several_with_exchanged_letters_is_found(tmp_path: Path) -> None:
    good, target, copies = study(tmp_path / "good", ("A", "G"), 0)
    bad, _, _ = study(tmp_path / "bad", ("A", "G"), SITES)
    plan = plan_repairs([good, bad], target, LOOSE)
    (found,) = [each for each in plan.steps if each.code is RepairCode.EXCHANGE_LETTERS]
    assert found.sites == SITES


def test_another_order_of_all_sites_is_told_in_one_sentence(tmp_path: Path) -> None:
    cohort, target, _ = study(tmp_path, ("G", "A"), 0)
    plan = plan_repairs([cohort], target, LOOSE)
    assert [each.sites for each in plan.steps if each.code is RepairCode.SWITCH] == [SITES]
    (told,) = [each for each in plan.cautions if "other order" in each]
    assert told.startswith("REF and ALT stand in the other order than in the panel at 100% of the sites")


def test_no_ancestry_is_told_of_a_real_cohort_with_exchanged_letters(tmp_path: Path) -> None:
    """The columns of alleles of this list are exchanged: 379 Europeans would look like South Asians."""
    cohorts = read_cohort([shared_data("gwas", "eur379_chr20_b37", "eur379_chr20.bed")], tmp_path / "c")
    subject = CohortSubject(cohorts, CheckOptions(), SURE, {})
    assert list(ancestry(subject)) == []
    assert "letters" in subject.summary.why["ancestry"]
    assert subject.summary.ancestry == ()
    told = {finding.code: finding for finding in frequencies(subject)}
    assert "other allele" in told["frequency.correlation"].detail
    assert "people like these" not in told["frequency.apart"].detail
