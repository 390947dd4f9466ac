"""The rate of switches that a panel tells."""

import itertools
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.fitting import fitted_model, stayed_chances

SITES, SIZE = 400, 120
CM: NDArray[np.float64] = np.arange(SITES, dtype=np.float64) * 0.001


def panel(breaks: int) -> NDArray[np.int8]:
    """Haplotypes that are mosaics of ten founders, each with so many breaks along 0.4 cM."""
    draw = np.random.default_rng(5)
    founders = draw.integers(0, 2, (SITES, 10)).astype(np.int8)
    columns = []
    for _ in range(SIZE):
        cuts = np.sort(draw.choice(np.arange(1, SITES), breaks, replace=False))
        source = np.repeat(draw.integers(0, 10, breaks + 1), np.diff([0, *cuts, SITES]))
        columns.append(founders[np.arange(SITES), source])
    return np.stack(columns, axis=1)


def test_more_breaks_mean_a_larger_size() -> None:
    few, some, many = (fitted_model(panel(breaks), CM).effective_size for breaks in (2, 40, 100))
    assert few == Model().effective_size  # never less than usual
    assert few < some < many <= 1_000_000


def test_the_expected_switches_are_those_that_were_made() -> None:
    """40 breaks, most to another founder, are 9,000 a morgan; the other haplotype may break off too."""
    size = fitted_model(panel(40), CM).effective_size
    rate = 4 * size / (SIZE - 32)
    assert 9_000 < rate < 4 * 9_000


def test_too_little_to_learn_from() -> None:
    usual = Model()
    assert fitted_model(panel(40)[:50], CM[:50]) == usual
    assert fitted_model(panel(40)[:, :40], CM) == usual
    assert fitted_model(panel(40), np.zeros(SITES)) == usual


def test_it_is_the_same_with_and_without_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("app.imputation._switches", reason="the extension was not built")
    draw = np.random.default_rng(6)
    alleles = (draw.random((60, 90)) < 0.3).astype(np.int8)
    change = draw.random(59) * 0.2
    for targets in (1, 7, 16):
        fast = stayed_chances(alleles, alleles[:, :targets], change, 0.002)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "app.imputation._switches", None)
            patch.delattr("app.imputation._switches")
            slow = stayed_chances(alleles, alleles[:, :targets], change, 0.002)
        assert fast.shape == slow.shape == (59, targets)
        assert np.abs(fast - slow).max() < 1e-5


def test_weights_are_those_of_all_paths() -> None:
    """By brute force: the weight of all paths that do not switch between two sites, among those that may."""
    draw = np.random.default_rng(8)
    alleles, change, error = draw.integers(0, 2, (4, 3)).astype(np.int8), np.array([0.1, 0.3, 0.2]), 0.01
    target = alleles[:, 1:2].copy()
    target[2] ^= 1
    frequency = alleles.mean(axis=1)

    def chance(site: int, state: int) -> float:
        drawn = error * (frequency[site] if target[site, 0] else 1 - frequency[site])
        same = alleles[site, state] == target[site, 0]
        return float(1 - error + drawn if same else max(drawn, error * 1e-3))

    kept, moved = np.zeros(3), np.zeros(3)
    for path in itertools.product(range(3), repeat=4):
        emitted = np.prod([chance(site, state) for site, state in enumerate(path)])
        for gap in range(3):
            others = [
                change[i] / 3 + (1 - change[i]) * (path[i] == path[i + 1]) for i in range(3) if i != gap
            ]
            weight = emitted * np.prod(others)
            kept[gap] += weight * (1 - change[gap]) * (path[gap] == path[gap + 1])
            moved[gap] += weight * change[gap] / 3
    found = stayed_chances(alleles, target, change, error)[:, 0]
    drawn = change / 3
    assert found / (found + drawn) == pytest.approx(kept / (kept + moved), abs=1e-5)
