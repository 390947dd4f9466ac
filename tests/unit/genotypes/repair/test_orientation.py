"""Files whose letters and genotypes do not belong together are told, and not made worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_frequency import frequencies
from app.genotypes.checks.cohort_people import ancestry
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.reading import read_cohort
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import NO_FREQUENCY, SiteTable, letters_code
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.shared import shared_data

SURE = BuildGuess(value="GRCh37", confidence=0.999)
SITES, PEOPLE = 200, 60


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("pair", [("A", "G"), ("G", "A"), ("T", "C"), ("C", "T")])
def test_genotypes_of_the_other_allele_are_not_switched(
    tmp_path: Path, pair: tuple[str, str], exchanged: bool
) -> None:
    """The panel has A/G; whichever way the letters stand, genotypes count the second, or the first."""
    random = np.random.default_rng(4)
    frequency = random.uniform(0.1, 0.4, SITES)  # of the panel's ALT
    copies = random.binomial(2, frequency[:, None], (SITES, PEOPLE))
    counts_alt = (pair in (("A", "G"), ("T", "C"))) != exchanged
    codes = copies if counts_alt else 2 - copies
    rows = [("1", 1000 + i, ".", *pair, codes[i].tolist()) for i in range(SITES)]
    cohort = cohort_of_rows(tmp_path / "c", [f"s{i}" for i in range(PEOPLE)], rows)
    letters = letters_code(Texts.of(["A"] * SITES), Texts.of(["G"] * SITES))
    written = np.round(frequency * (NO_FREQUENCY - 1)).astype(np.uint16)
    table = SiteTable(np.arange(1000, 1000 + SITES, dtype=np.uint32), letters, written, None, {})
    target = RepairTarget(build="GRCh37", panel={"1": table}, study_build=SURE)
    plan = plan_repairs([cohort], target, RepairChoices(hwe_p=0))
    assert bool(plan.refused) == exchanged
    changes = {RepairCode.SWITCH, RepairCode.FLIP, RepairCode.FLIP_SWITCH}
    assert bool(changes & {step.code for step in plan.steps}) == (not exchanged and pair != ("A", "G"))


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
