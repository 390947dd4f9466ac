"""Sites that are called in cases and not in controls, or the other way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess, Finding
from app.genotypes.checks.cohort_missing import chi_squared, differing, fisher
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.cohort import CASE, CONTROL, MISSING, UNKNOWN
from tests.helpers.cohorts import cohort_of_rows


def found(folder: Path, cases: int, controls: int, phenotype: list[int] | None = None) -> list[Finding]:
    """Site 3 lacks half of the cases, site 5 as many of both, site 7 on Y all controls."""
    people = cases + controls
    codes = np.random.default_rng(1).integers(0, 3, (10, people))
    codes[3, : cases // 2] = MISSING
    codes[5, ::2] = MISSING
    codes[7, cases:] = MISSING
    rows = [("Y" if i == 7 else "1", 1000 + i, ".", "A", "G", codes[i].tolist()) for i in range(10)]
    stated = phenotype if phenotype is not None else [CASE] * cases + [CONTROL] * controls
    cohort = cohort_of_rows(folder, [f"P{i}" for i in range(people)], rows, phenotype=stated)
    build = BuildGuess(value="GRCh37", confidence=0.999)
    return list(differing(CohortSubject([cohort], CheckOptions(), build)))


@pytest.mark.parametrize(("cases", "controls"), [(60, 60), (40, 900)])
def test_a_site_that_lacks_cases_is_named(tmp_path: Path, cases: int, controls: int) -> None:
    (finding,) = found(tmp_path / "c", cases, controls)
    assert (finding.code, finding.count, finding.where) == ("variant.missing_differs", 1, "1:1,003")


def test_few_people_and_unknown_phenotypes_are_not_compared(tmp_path: Path) -> None:
    assert found(tmp_path / "few", 19, 60) == []
    assert found(tmp_path / "unknown", 60, 60, [UNKNOWN] * 120) == []
    assert found(tmp_path / "none", 60, 60, []) == []


def test_p_values_are_those_of_the_books() -> None:
    assert fisher(3, 4, 1, 4) == pytest.approx(0.4857142857)  # the lady tasting tea, both sides
    assert fisher(8, 10, 1, 6) == pytest.approx(0.0349650350)
    assert chi_squared(np.array([20, 0]), 50, np.array([5, 0]), 50).tolist() == [pytest.approx(12.0), 0.0]
