"""Sites that only one group of people has in another frequency, among chance and other populations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess, Severity
from app.genotypes.checks.batch_effects import batch_effects, batch_sites, batch_statistic
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.people.groups import PeopleGroup
from tests.helpers.cohorts import cohort_of_rows

SITES, PEOPLE, PLANTED = 4000, 250, 40
SURE = BuildGuess(value="GRCh37", confidence=0.999)


def drawn(random: np.random.Generator, fst: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Copies of three groups, the last of which has other frequencies at the first sites."""
    mean = random.uniform(0.1, 0.9, SITES)
    shape = (1 - fst) / fst if fst else 0.0
    frequency = np.stack(
        [random.beta(mean * shape, (1 - mean) * shape) if fst else mean for _ in range(3)], axis=1
    )
    frequency[:PLANTED, 2] = np.where(mean[:PLANTED] > 0.5, mean[:PLANTED] - 0.35, mean[:PLANTED] + 0.35)
    called = np.full((SITES, 3), 2 * PEOPLE)
    return random.binomial(called, np.clip(frequency, 0, 1)), called


def test_the_statistic_is_that_of_a_table_of_alleles() -> None:
    """Pearson's chi-square of each column against the others: N (ad - bc)² over the margins."""
    margins = np.array([100 * 300, 200 * 200, 100 * 300]) * 135 * 265
    wanted = 400 * np.array([30 * 195 - 70 * 105, 60 * 125 - 140 * 75, 45 * 210 - 55 * 90]) ** 2 / margins
    found = batch_statistic(np.array([[30, 60, 45]]), np.array([[100, 200, 100]]))
    assert found[0] == pytest.approx(wanted)
    assert np.isnan(batch_statistic(np.array([[1, 2, 0]]), np.array([[100, 200, 100]]))).all()


def test_planted_sites_are_found_and_chance_is_not() -> None:
    alt, called = drawn(np.random.default_rng(1))
    odd = batch_sites(alt, called)
    assert odd[:PLANTED, 2].mean() >= 0.98
    assert not odd[PLANTED:].any()


def test_other_populations_are_no_batch_effect() -> None:
    alt, called = drawn(np.random.default_rng(2), fst=0.05)
    odd = batch_sites(alt, called)
    assert odd[PLANTED:].any(axis=1).mean() < 0.001


def parts(folder: Path, *, turned: bool = False, people: int = 60) -> list[tuple[PeopleGroup, CohortSubject]]:
    """Two groups; the second has two odd sites, and where `turned` another order and strand."""
    random = np.random.default_rng(3)
    frequency = random.uniform(0.2, 0.4, 300)
    found = []
    for name in ("a", "b"):
        mine = frequency.copy()
        if name == "b":
            mine[[5, 9]] = 0.9
        copies = random.binomial(2, mine[:, None], (300, people))
        other = turned and name == "b"
        letters = ("C", "T") if other else ("A", "G")
        codes = 2 - copies if other else copies
        rows = [("7", 1000 + i, ".", *letters, codes[i].tolist()) for i in range(300)]
        cohort = cohort_of_rows(folder / name, [f"{name}{i}" for i in range(people)], rows)
        group = PeopleGroup(name, (len(found),), people)
        found.append((group, CohortSubject([cohort], CheckOptions(), SURE)))
    return found


@pytest.mark.parametrize("turned", [False, True])
def test_groups_are_compared_by_allele(tmp_path: Path, turned: bool) -> None:
    (found,) = batch_effects(parts(tmp_path, turned=turned))
    assert (found.code, found.severity, found.count) == ("frequency.batch", Severity.WARNING, 2)
    assert found.where == "7:1,005, 7:1,009"
    assert "a 2, b 2" in found.detail


def test_few_people_and_other_builds_tell_nothing(tmp_path: Path) -> None:
    assert list(batch_effects(parts(tmp_path / "few", people=15))) == []
    first, (group, second) = parts(tmp_path / "build")
    second.build = BuildGuess(value="GRCh38", confidence=0.999)
    assert list(batch_effects([first, (group, second)])) == []
