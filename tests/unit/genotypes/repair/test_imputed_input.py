"""Data that were imputed before: the plan says so first, and offers to thin them, not by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairPlan
from app.genotypes.cohort import MISSING, Cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from tests.helpers.cohorts import cohort_of_rows

TARGET = RepairTarget(study_build=BuildGuess(value="GRCh37", confidence=0.999))
PEOPLE = 12


def cohort_of(folder: Path, spacing: int, missing: int = 0) -> Cohort:
    codes = np.random.default_rng(2).integers(0, 3, (1500, PEOPLE))
    codes[0, :missing] = MISSING
    rows = [("22", 20_000_000 + spacing * at, ".", "A", "G", row.tolist()) for at, row in enumerate(codes)]
    return cohort_of_rows(folder, [f"s{i}" for i in range(PEOPLE)], rows)


def thinning(plan: RepairPlan) -> list[bool]:
    return [step.chosen for step in plan.steps if step.code == RepairCode.THIN]


def test_imputed_data_are_told_first_and_may_be_thinned(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path / "c", 400)
    plan = plan_repairs([cohort], TARGET)
    assert "imputed" in plan.cautions[0]
    assert thinning(plan) == [False]
    chosen = RepairChoices(chosen=frozenset({RepairCode.THIN}), het_deviations=99)
    outcome = repair([cohort], TARGET, chosen, tmp_path / "out")
    assert outcome.ledger.sites_out == 1500 * 400 // 2000
    assert outcome.ledger.adds_up


@pytest.mark.parametrize(("spacing", "missing"), [(3000, 0), (400, 1)])
def test_arrays_and_sequences_are_not_taken_for_it(tmp_path: Path, spacing: int, missing: int) -> None:
    plan = plan_repairs([cohort_of(tmp_path / "c", spacing, missing)], TARGET)
    assert not plan.cautions
    assert not thinning(plan)
