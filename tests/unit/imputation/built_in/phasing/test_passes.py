"""Phasing by many passes, with both kernels."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from app.imputation.built_in.phasing.kernels import PhasingKernel, compiled
from app.imputation.built_in.phasing.numpy_walks import NumpyKernel
from app.imputation.built_in.phasing.passes import PhasingTask, Settings, forecast_bytes, phased
from tests.helpers.switches import switch_errors
from tests.unit.imputation.built_in.phasing.mosaics import QUICK, People, people


@pytest.fixture(scope="module", params=["c", "numpy"])
def kernel(request: pytest.FixtureRequest) -> PhasingKernel:
    found = compiled() if request.param == "c" else NumpyKernel()
    if found is None:
        pytest.skip("nothing was compiled here")
    return found


@pytest.fixture(scope="module")
def some() -> People:
    return people()


def test_people_made_of_the_panel_come_back(kernel: PhasingKernel, some: People) -> None:
    found = phased(some.task(), kernel=kernel)
    told = switch_errors(some.truth, found)
    assert told.joins > 150
    assert told.rate is not None
    assert told.rate < 0.02
    gone = some.counts < 0
    sums = found[:, 0::2] + found[:, 1::2]
    right = sums == some.truth[:, 0::2] + some.truth[:, 1::2]
    assert right[~gone].all()  # genotypes are never changed
    assert right[gone].mean() > 0.9  # missing ones are filled
    assert set(np.unique(found)) <= {0, 1}


def test_the_answer_depends_on_the_seed_only(kernel: PhasingKernel) -> None:
    some = people(count=18, sites=40)
    brief = replace(QUICK, passes=1)
    once = phased(some.task(brief), kernel=kernel)
    assert np.array_equal(once, phased(some.task(brief, threads=2), kernel=kernel))
    assert not np.array_equal(once, phased(some.task(brief, seed=2), kernel=kernel))


def test_one_person_and_an_order_of_the_panel(kernel: PhasingKernel, some: People) -> None:
    alone = replace(some, counts=some.counts[:, :1], truth=some.truth[:, :2])
    assert switch_errors(alone.truth, phased(alone.task(), kernel=kernel)).wrong <= 2
    order = np.random.default_rng(1).permutation(some.panel.shape[1])
    mixed = replace(some, panel=some.panel[:, order])
    assert (switch_errors(some.truth, phased(mixed.task(), kernel=kernel)).rate or 0) < 0.02


def test_all_haplotypes_where_the_panel_is_small(kernel: PhasingKernel) -> None:
    some = people(panel=20, count=4)
    found = phased(some.task(), kernel=kernel)
    assert (switch_errors(some.truth, found).rate or 0) < 0.02
    few = replace(some, panel=some.panel[:, :1])
    found = phased(few.task(), kernel=kernel)
    known = some.counts >= 0
    assert (found[:, 0::2] + found[:, 1::2] == some.counts)[known].all()


def test_nothing_to_phase(kernel: PhasingKernel, some: People) -> None:
    homozygous = np.where(some.counts == 1, 2, np.maximum(some.counts, 0)).astype(np.int8)
    found = phased(replace(some, counts=homozygous).task(), kernel=kernel)
    assert np.array_equal(found[:, 0::2], homozygous // 2)
    assert np.array_equal(found[:, 1::2], homozygous // 2)
    assert phased(PhasingTask(some.panel, some.counts[:, :0], some.centimorgans)).shape == (120, 0)
    assert phased(PhasingTask(some.panel[:0], some.counts[:0], some.centimorgans[:0])).shape == (0, 10)


def test_sites_without_a_distance_and_a_single_site(kernel: PhasingKernel, some: People) -> None:
    still = phased(replace(some, centimorgans=np.zeros(120)).task(), kernel=kernel)
    assert (switch_errors(some.truth, still).rate or 0) < 0.1
    one = PhasingTask(some.panel[:1], np.array([[1, 2, -1]], dtype=np.int8), np.zeros(1), settings=QUICK)
    found = phased(one, kernel=kernel)
    assert sorted(found[0, :2].tolist()) == [0, 1]
    assert found[0, 2:4].tolist() == [1, 1]
    assert set(found[0, 4:].tolist()) <= {0, 1}


def test_what_lies_around_a_wrong_call_is_not_joined_through_it() -> None:
    """A heterozygous genotype that no haplotype supports must not turn what is behind it."""
    some = people(count=10, sites=200, missing=0.0)
    counts, panel = some.counts.copy(), some.panel.copy()
    wrong = np.arange(10, 200, 20)
    panel[wrong], counts[wrong] = 0, 1
    truth = some.truth.copy()
    truth[wrong] = 0  # there the genotypes differ, so that these joins do not count
    found = phased(replace(some, panel=panel, counts=counts).task(Settings(states=48)))
    assert (switch_errors(truth, found).rate or 0) < 0.02


def test_progress_goes_up_and_can_stop_everything(some: People) -> None:
    told: list[float] = []
    phased(some.task(), told.append)
    assert all(before < after for before, after in itertools.pairwise(told))
    assert told[-1] == pytest.approx(1.0)

    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        phased(some.task(threads=2), stop)


def test_both_kernels_give_the_same(some: People) -> None:
    fast = compiled()
    if fast is None:
        pytest.skip("nothing was compiled here")
    apart = phased(some.task(), kernel=fast) != phased(some.task(), kernel=NumpyKernel())
    assert apart.mean() < 0.01  # a draw may fall otherwise by the last digit of a sum


def test_the_forecast_grows_with_the_work() -> None:
    small = forecast_bytes(1000, 100, 1000, 1)
    assert small > 1000 * 100 * 2
    for more in ((2000, 100, 1000, 1), (1000, 200, 1000, 1), (1000, 100, 2000, 1), (1000, 100, 1000, 2)):
        assert forecast_bytes(*more) > small
