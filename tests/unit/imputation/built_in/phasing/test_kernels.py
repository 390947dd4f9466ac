"""The parts of the kernels against one another and against what they should find."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in.phasing.kernels import (
    DRAW,
    EVERY,
    UNKNOWN_HETS,
    VOTE,
    Neighbours,
    PhasingKernel,
    Walks,
    compiled,
)
from app.imputation.built_in.phasing.numpy_walks import NumpyKernel
from app.imputation.built_in.phasing.randomness import key_of, uniform
from app.imputation.built_in.phasing.words import packed, unpacked, width

SITES, PANEL, PEOPLE = 77, 40, 3


@pytest.fixture(scope="module")
def fast() -> PhasingKernel:
    found = compiled()
    if found is None:
        pytest.skip("nothing was compiled here")
    return found


def alleles() -> NDArray[np.int8]:
    return np.random.default_rng(4).integers(0, 2, (SITES, PANEL + 2 * PEOPLE)).astype(np.int8)


def walks() -> Walks:
    haplotypes = alleles()
    own = haplotypes[:, PANEL:]
    het = own[:, 0::2] != own[:, 1::2]
    places = np.concatenate([[0], np.cumsum(het.sum(axis=0))]).astype(np.int64)
    return Walks(
        words=packed(haplotypes),
        sites=SITES,
        panel=PANEL,
        change=np.full(SITES, 0.01, dtype=np.float32),
        het=np.ascontiguousarray(packed(het).T),
        missing=np.zeros((PEOPLE, width(SITES)), dtype=np.uint32),
        out=np.zeros((width(SITES), 2 * PEOPLE), dtype=np.uint32),
        places=places,
        votes=np.zeros((2, places[-1]), dtype=np.float32),
        states=16,
        error=1e-3,
    )


def found(most: int = 3) -> Neighbours:
    return Neighbours.empty(np.arange(5, SITES, 10, dtype=np.int64), 2 * PEOPLE, most)


def match_before(haplotypes: NDArray[np.int8], one: int, two: int, site: int) -> int:
    """How many sites up to one are equal."""
    differ = np.flatnonzero(haplotypes[: site + 1, one] != haplotypes[: site + 1, two])
    return site + 1 if not len(differ) else site - int(differ[-1])


def test_words_hold_the_alleles() -> None:
    haplotypes = alleles()
    assert np.array_equal(unpacked(packed(haplotypes), SITES), haplotypes)
    assert packed(haplotypes).shape == (3, PANEL + 2 * PEOPLE)


def test_the_nearest_share_the_longest_stretch() -> None:
    """By brute force: nobody left out shares a longer one with a target than those that were picked."""
    these, haplotypes, picks = walks(), alleles(), found()
    NumpyKernel().nearest(these, picks, backward=False)
    for step, site in enumerate(picks.steps.tolist()):
        for own in range(2 * PEOPLE):
            person = {PANEL + own, PANEL + (own ^ 1)}
            others = [each for each in range(haplotypes.shape[1]) if each not in person]
            longest = sorted(match_before(haplotypes, PANEL + own, each, site) for each in others)[-3:]
            got = [match_before(haplotypes, PANEL + own, each, site) for each in picks.before[step, own]]
            assert got == longest[::-1]


def test_both_kernels_pick_the_same(fast: PhasingKernel) -> None:
    for backward in (False, True):
        one, two = found(), found()
        fast.nearest(walks(), one, backward=backward)
        NumpyKernel().nearest(walks(), two, backward=backward)
        assert np.array_equal(one.before, two.before)
        assert np.array_equal(one.after, two.after)
    one, two = found(2), found(2)
    fast.relatives(walks(), one, 3, (0, PEOPLE))
    NumpyKernel().relatives(walks(), two, 3, (0, PEOPLE))
    assert np.array_equal(one.before, two.before)
    assert np.array_equal(one.after, two.after)
    assert (one.before % 3 == 0).all()


@pytest.mark.parametrize("flags", [UNKNOWN_HETS, 0, DRAW, DRAW | VOTE, DRAW | VOTE | EVERY])
def test_both_kernels_walk_the_same(fast: PhasingKernel, flags: int) -> None:
    """With genotypes of which only one allele or none is settled, side by side."""
    picks, one, two = found(), walks(), walks()
    NumpyKernel().nearest(one, picks, backward=False)
    NumpyKernel().nearest(one, picks, backward=True)
    missing = np.random.default_rng(6).random((SITES, PEOPLE)) < 0.3
    for these, kernel in ((one, fast), (two, NumpyKernel())):
        these.missing[:] = packed(missing).T & ~these.het
        kernel.walk(these, picks, (0, PEOPLE), 11, flags)
    assert one.missing.any()
    assert np.array_equal(one.out, two.out)
    assert one.votes == pytest.approx(two.votes, abs=1e-4)
    assert bool(one.votes.any()) == bool(flags & VOTE)


def test_sizes_that_do_not_fit_are_refused(fast: PhasingKernel) -> None:
    these, picks = walks(), found()
    with pytest.raises(ValueError, match="do not fit"):
        fast.walk(these, picks, (0, PEOPLE + 1), 1, 0)
    with pytest.raises(ValueError, match="do not fit"):
        fast.walk(these, Neighbours.empty(np.array([SITES]), 2 * PEOPLE, 3), (0, 1), 1, 0)
    with pytest.raises(ValueError, match="do not fit"):
        fast.nearest(these, Neighbours.empty(picks.steps, PEOPLE, 3), backward=False)


def test_numbers_whose_products_overflow_are_refused(fast: PhasingKernel) -> None:
    """Else a product of 0 modulo 2**64 would fit an array without any room."""
    these = walks()
    none = np.empty((0, 2 * PEOPLE, 2**40), dtype=np.int32)
    picks = Neighbours(np.empty(0, dtype=np.int64), none, none)
    with pytest.raises(ValueError, match="do not fit"):
        fast.nearest(these, picks, backward=True)
    with pytest.raises(ValueError, match="do not fit"):
        fast.relatives(these, picks, 1, (0, 1))
    with pytest.raises(ValueError, match="do not fit"):
        fast.walk(these, picks, (0, 1), 1, 0)
    with pytest.raises(ValueError, match="do not fit"):
        fast.relatives(these, found(), 2**62, (0, 1))


def test_random_numbers_are_spread_and_depend_on_their_place() -> None:
    keys = key_of(5, np.arange(2000))
    drawn = uniform(keys, 17)
    assert 0 <= drawn.min() < 0.01
    assert 0.99 < drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.03
    assert not np.array_equal(drawn, uniform(keys, 18))
    assert np.array_equal(drawn, uniform(keys, 17))
