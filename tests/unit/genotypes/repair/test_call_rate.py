"""Which sites have too many missing calls: by the limit of the services, and after duplicates were merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.cohort import MISSING
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import draft_repairs, plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import table_of
from tests.helpers.cohorts import cohort_of_rows, cohort_of_vcf

SURE = BuildGuess(value="GRCh37", confidence=0.999)
CHOICES = RepairChoices(sample_call_rate=0, hwe_p=0, het_deviations=99)
PEOPLE = 100
NAMES = [f"s{i}" for i in range(PEOPLE)]


@pytest.mark.parametrize(("missing", "stays"), [(5, True), (7, True), (10, True), (11, False)])
def test_a_site_goes_where_a_server_would_leave_it_out(tmp_path: Path, missing: int, stays: bool) -> None:
    codes = np.tile([0, 1, 1, 2, 1], PEOPLE // 5)
    gaps = codes.copy()
    gaps[:missing] = MISSING
    rows = [
        ("22", 20_000_001, ".", "A", "G", codes.tolist()),
        ("22", 20_000_009, ".", "A", "G", gaps.tolist()),
    ]
    cohort = cohort_of_rows(tmp_path, NAMES, rows)
    plan = plan_repairs([cohort], RepairTarget(study_build=SURE), CHOICES)
    step = next((each for each in plan.steps if each.code == RepairCode.DROP_SITES_CALL_RATE), None)
    assert (step is None) == stays
    assert step is None or "90%" in step.why


@pytest.mark.parametrize("turned", [False, True])
def test_call_rate_is_that_after_duplicates_were_merged(tmp_path: Path, turned: bool) -> None:
    """Each of the two has a third of the calls missing; together they have all."""
    random = np.random.default_rng(3)
    rows = []
    for site in range(40):
        codes = random.integers(0, 3, PEOPLE)
        for start in (0, 50):
            part = codes.copy()
            part[start : start + 33] = MISSING
            rows.append(("22", 20_000_000 + 1000 * site, ".", "A", "G", part.tolist()))
    cohort = cohort_of_rows(tmp_path / "c", NAMES, rows)
    pair = ("G", "A") if turned else ("A", "G")
    panel = {"22": table_of([(20_000_000 + 1000 * site, *pair) for site in range(40)])}
    target = RepairTarget(study_build=SURE, panel=panel)
    choices = RepairChoices(hwe_p=0, het_deviations=99, drop_samples=frozenset(NAMES[:2]))
    draft = draft_repairs([cohort], target, choices)
    outcome = repair([cohort], target, choices, tmp_path / "out")
    assert (outcome.ledger.sites_out, outcome.ledger.samples_out) == (40, PEOPLE - 2)
    assert outcome.ledger.adds_up
    again = cohort_of_vcf(Path(outcome.files[0].path), tmp_path / "again")
    assert (again.counts == draft.oriented_counts(draft.alive)).all()
    assert not again.counts[:, MISSING].any()


@pytest.mark.parametrize(("service", "gone"), [(False, 1), (True, 2)])
def test_one_missing_call_of_three_people_says_nothing_of_a_site(
    tmp_path: Path, service: bool, gone: int
) -> None:
    """Only a service, which counts so, leaves out the second one."""
    calls = [[0, 1, 2], [MISSING, 1, 2], [MISSING, MISSING, MISSING], *[[0, 1, 2]] * 9]
    rows = [("22", 20_000_000 + 1000 * at, ".", "A", "G", codes) for at, codes in enumerate(calls)]
    cohort = cohort_of_rows(tmp_path, NAMES[:3], rows)
    target = RepairTarget(study_build=SURE, for_service=service)
    plan = plan_repairs([cohort], target, CHOICES)
    (step,) = (each for each in plan.steps if each.code == RepairCode.DROP_SITES_CALL_RATE)
    assert step.sites == gone
