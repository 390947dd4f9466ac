"""The rate of switches that a panel tells."""

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.fitting import fitted_model

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
