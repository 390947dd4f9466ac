"""Heterozygosity is compared among people of like ancestry, by axes of the cohort itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import Cohort
from app.genotypes.people.heterozygosity import mixed, outliers
from app.genotypes.people.structure import beyond_structure, components
from app.genotypes.people.tally import tally_of
from app.genotypes.reading import read_cohort
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.shared import shared_data

MIXTURE = 7


def admixed(folder: Path, people: int = 150, sites: int = 900) -> Cohort:
    """People between two populations far apart; one sample is a mixture of two people."""
    random = np.random.default_rng(3)
    one, other = random.uniform(0.1, 0.9, (2, sites))
    share = random.beta(0.5, 0.5, people)
    codes = random.binomial(2, np.outer(one, share) + np.outer(other, 1 - share))
    second = int(np.argsort(np.abs(share - share[MIXTURE]))[1])
    differs = (codes[:, MIXTURE] != codes[:, second]) & (random.random(sites) < 0.5)
    codes[differs, MIXTURE] = 1
    rows = [("1", 1000 * i + 1, ".", "A", "G", codes[i].tolist()) for i in range(sites)]
    return cohort_of_rows(folder, [f"P{i}" for i in range(people)], rows)


def test_a_mixture_is_named_and_admixed_people_are_not(tmp_path: Path) -> None:
    cohort = admixed(tmp_path / "c")
    f = tally_of([cohort], "GRCh37").f
    apart = beyond_structure(f, components([cohort]))
    assert apart is not None
    assert np.flatnonzero(mixed(apart)).tolist() == [MIXTURE]
    assert np.delete(apart, MIXTURE).std() < 0.8 * np.delete(f, MIXTURE).std()
    assert MIXTURE in np.flatnonzero(outliers(apart) < 0)


@pytest.mark.parametrize(("people", "sites"), [(99, 900), (150, 400)])
def test_small_cohorts_have_no_axes(tmp_path: Path, people: int, sites: int) -> None:
    assert components([admixed(tmp_path / "c", people, sites)]) is None
    assert beyond_structure(np.zeros(people), None) is None


@pytest.mark.parametrize(
    ("files", "build"),
    [
        (("gwas", "kgp3_1126_b37", "kgp3_b37.bed"), "GRCh37"),
        (("gwas", "hapmap3_957_b36", "hapmap3_b36.bed"), "NCBI36"),
    ],
)
def test_nobody_of_many_populations_is_called_mixed(
    tmp_path: Path, files: tuple[str, ...], build: str
) -> None:
    cohorts = read_cohort([shared_data(*files)], tmp_path / "c")
    apart = beyond_structure(tally_of(cohorts, build).f, components(cohorts))
    assert apart is not None
    assert not mixed(apart).any()
    assert (outliers(apart) != 0).mean() < 0.02
