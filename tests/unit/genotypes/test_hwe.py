"""The exact test against the sum over all tables."""

from math import comb, isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.hwe import hwe_p


def by_definition(ref: int, het: int, alt: int, mid: bool) -> float:
    people, rare = ref + het + alt, 2 * min(ref, alt) + het

    def ways(hets: int) -> int:
        homs = (rare - hets) // 2
        return comb(people, hets) * comb(people - hets, homs) * 2**hets

    tables = [ways(hets) for hets in range(rare % 2, rare + 1, 2)]
    seen = ways(het)
    less = sum(each for each in tables if each < seen)
    equal = sum(each for each in tables if each == seen)
    return (less + equal * (0.5 if mid else 1)) / sum(tables)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.booleans())
@settings(max_examples=300, deadline=None)
def test_equals_the_sum_over_all_tables(ref: int, het: int, alt: int, mid: bool) -> None:
    expected = by_definition(ref, het, alt, mid) if ref + het + alt else 1.0
    assert isclose(float(hwe_p(ref, het, alt, mid_p=mid)[0]), expected, rel_tol=1e-7)


@pytest.mark.parametrize("counts", [(57, 78, 50), (4900, 100, 0), (298, 489, 213)])
def test_counts_of_real_size(counts: tuple[int, int, int]) -> None:
    p = float(hwe_p(*counts, mid_p=False)[0])
    assert p == pytest.approx(by_definition(*counts, mid=False), rel=1e-9)


def test_many_sites_at_once_are_each_their_own() -> None:
    rng = np.random.default_rng(1)
    counts = rng.multinomial(5000, [0.5, 0.3, 0.2], size=40_000)
    found = hwe_p(*counts.T)
    alone = [hwe_p(*row)[0] for row in counts[::4000]]
    assert found[::4000] == pytest.approx(alone)
    assert ((found >= 0) & (found <= 1)).all()


def test_extreme_departures_are_tiny_not_wrong() -> None:
    p = hwe_p([0, 5000], [10_000, 0], [0, 5000])
    assert (p < 1e-300).all()
    assert hwe_p([0], [0], [0]).tolist() == [1.0]
