import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.imputation.built_in.stretch import ALT_CARRIERS, BITS, REF_CARRIERS, stretch_of


@given(st.integers(1, 200), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_alleles_come_back_whatever_their_frequency(size: int, sites: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    alleles = (random.random((sites, size)) < random.random((sites, 1))).astype(np.uint8)
    stretch = stretch_of(alleles, np.arange(sites, dtype=np.int64))
    assert (stretch.alleles(slice(None)) == alleles).all()
    assert (stretch.alt_counts == alleles.sum(axis=1)).all()
    few, rows = random.permutation(size)[: size // 2], slice(sites // 3, sites)
    assert (stretch.alleles_of(few, rows) == alleles[rows][:, few]).all()
    some = random.permutation(sites)[: sites // 2]
    assert (stretch.take(some).alleles(slice(None)) == alleles[some]).all()


def test_rare_alleles_are_held_by_their_carriers() -> None:
    alleles = np.zeros((3, 64), dtype=np.uint8)
    alleles[0, 5] = 1
    alleles[1] = 1
    alleles[1, 7] = 0
    alleles[2, :32] = 1
    stretch = stretch_of(alleles, np.array([1, 2, 3]))
    assert stretch.form.tolist() == [ALT_CARRIERS, REF_CARRIERS, BITS]
    assert stretch.carriers.tolist() == [5, 7]
    assert stretch.bits.shape == (1, 8)
