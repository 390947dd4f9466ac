"""Weights of panels against the plain model, and at the corners."""

import numpy as np
import pytest

from app.results.meta.weights import observed_chances, smooth, start_weights, switch_rates
from tests.unit.results.meta import plain_model


def _drawn(sites: int, panels: int, haplotypes: int, seed: int):
    random = np.random.default_rng(seed)
    positions = np.cumsum(random.integers(1, 40_000, sites)).astype(np.int64)
    alleles = random.integers(0, 2, (sites, haplotypes)).astype(np.int8)
    right = random.random((sites, panels, haplotypes)) < 0.8
    sure = np.round(random.beta(8, 1, (sites, panels, haplotypes)), 3)
    left_out = np.where(right == (alleles[:, None, :] == 1), sure, 1 - sure).astype(np.float32)
    return positions, alleles, left_out


@pytest.mark.parametrize(("panels", "seed"), [(2, 1), (3, 2), (5, 3)])
def test_weights_are_those_of_the_plain_model(panels: int, seed: int) -> None:
    positions, alleles, left_out = _drawn(120, panels, 7, seed)
    start = np.random.default_rng(seed).dirichlet(np.ones(panels), 7).T
    chances = observed_chances(left_out, alleles[:, None, :])
    smooth(chances, switch_rates(positions), start)
    for h in range(7):
        expected = plain_model.weights(
            positions.tolist(), left_out[:, :, h].tolist(), alleles[:, h].tolist(), start[:, h].tolist()
        )
        assert np.abs(chances[:, :, h] - np.array(expected)).max() < 1e-6


def test_certain_and_wrong_panels_far_apart_do_not_vanish() -> None:
    positions = np.array([1, 2, 200_000_000, 200_000_001], dtype=np.int64)
    chances = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)[:, :, None]
    smooth(chances, switch_rates(positions), np.full((2, 1), 0.5))
    assert chances[1, 0, 0] > 0.999
    assert chances[2, 1, 0] > 0.999
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-6)


def test_an_allele_that_was_not_seen_tells_nothing() -> None:
    positions, alleles, left_out = _drawn(30, 2, 4, 9)
    alleles[10] = -1
    chances = observed_chances(left_out, alleles[:, None, :])
    assert np.isnan(chances[10]).all()
    smooth(chances, switch_rates(positions), np.full((2, 4), 0.5))
    kept = np.delete(np.arange(30), 10)
    fewer = observed_chances(left_out[kept], alleles[kept][:, None, :])
    rates = switch_rates(positions)
    joined = np.delete(rates, 10)
    joined[9] = 1 - (1 - rates[9]) * (1 - rates[10])
    smooth(fewer, joined, np.full((2, 4), 0.5))
    assert np.abs(chances[kept] - fewer).max() < 1e-6


def test_one_typed_site_weighs_by_what_was_seen_there() -> None:
    chances = np.array([[[0.9], [0.3]]], dtype=np.float32)
    smooth(chances, switch_rates(np.array([5])), np.full((2, 1), 0.5))
    assert chances[0, :, 0] == pytest.approx([0.75, 0.25], abs=1e-4)


@pytest.mark.parametrize("panels", [2, 3, 4])
def test_fitted_start_has_the_least_squared_error(panels: int) -> None:
    random = np.random.default_rng(panels)
    errors = random.random((50, panels)) * random.random(panels)
    found = start_weights((errors.T @ errors)[None])[:, 0]
    least = float(((errors @ found) ** 2).sum()) * 0.99  # a little is kept for every panel
    assert found.sum() == pytest.approx(1)
    assert found.min() > 0
    for other in random.dirichlet(np.ones(panels) * 0.5, 3000):
        assert least <= float(((errors @ other) ** 2).sum()) + 1e-6


def test_fitted_start_is_equal_where_panels_are() -> None:
    assert start_weights(np.zeros((3, 2, 2))) == pytest.approx(np.full((2, 3), 0.5))
