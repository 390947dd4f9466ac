"""The built-in engine against the slow one, and what must hold whatever the panel."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.li_stephens import Chain, Task, impute
from tests.unit.imputation.slow import slow_dosages


def random_task(seed: int, sites: int = 30, size: int = 8, people: int = 3, typed: int = 9) -> Task:
    random = np.random.default_rng(seed)
    panel = (random.random((sites, size)) < random.random((sites, 1))).astype(np.int8)
    where = np.sort(random.choice(sites, typed, replace=False)).astype(np.intp)
    targets = random.integers(0, 2, (typed, people)).astype(np.int8)
    targets[random.random(targets.shape) < 0.1] = -1
    centimorgans = np.cumsum(random.exponential(0.02, sites))
    return Task(panel, where, targets, centimorgans, Model(effective_size=1000.0, error=0.01))


def observed(task: Task, person: int, left_out: int | None = None) -> list[int | None]:
    alleles: list[int | None] = [None] * len(task.panel)
    for row, site in enumerate(task.typed.tolist()):
        if task.targets[row, person] >= 0 and site != left_out:
            alleles[site] = int(task.targets[row, person])
    return alleles


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_slow_implementation(seed: int) -> None:
    task = random_task(seed)
    answer = impute(task)
    for person in range(task.targets.shape[1]):
        slow = slow_dosages(np.asarray(task.panel), observed(task, person), task.centimorgans, task.model)
        assert answer.imputed[:, person] == pytest.approx(slow, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_left_out_is_what_the_slow_one_says_without_the_allele(seed: int) -> None:
    task = random_task(seed, people=1)
    answer = impute(task)
    for row, site in enumerate(task.typed.tolist()):
        alleles = observed(task, 0, left_out=site)
        slow = slow_dosages(np.asarray(task.panel), alleles, task.centimorgans, task.model)[site]
        assert answer.left_out[row, 0] == pytest.approx(slow, abs=1e-5)


@pytest.mark.parametrize("typed", [1, 2, 30])
def test_any_number_of_typed_sites(typed: int) -> None:
    task = random_task(11, people=1, typed=typed)
    slow = slow_dosages(np.asarray(task.panel), observed(task, 0), task.centimorgans, task.model)
    assert impute(task).imputed[:, 0] == pytest.approx(slow, abs=1e-5)


def test_without_typed_sites_the_panel_frequency_is_given() -> None:
    task = random_task(1)
    bare = Task(task.panel, task.typed[:0], task.targets[:0], task.centimorgans, task.model)
    assert impute(bare).imputed == pytest.approx(np.repeat(task.panel.mean(axis=1)[:, None], 3, axis=1))


def unique_panel(sites: int, size: int) -> NDArray[np.int8]:
    return np.random.default_rng(5).integers(0, 2, (sites, size)).astype(np.int8)


def test_a_target_of_the_panel_comes_back() -> None:
    panel = unique_panel(400, 30)
    typed = np.arange(0, 400, 3, dtype=np.intp)
    task = Task(panel, typed, panel[typed][:, 4:7], np.linspace(0, 1, 400), Model(effective_size=100.0))
    assert np.abs(impute(task).imputed - panel[:, 4:7]).max() < 0.01


def test_the_order_of_the_panel_changes_nothing() -> None:
    task = random_task(3)
    order = np.random.default_rng(0).permutation(task.panel.shape[1])
    other = Task(task.panel[:, order], task.typed, task.targets, task.centimorgans, task.model)
    assert impute(other).imputed == pytest.approx(impute(task).imputed, abs=1e-6)


def test_a_site_where_all_are_alike_stays_so() -> None:
    task = random_task(4)
    panel = np.asarray(task.panel).copy()
    panel[5], panel[6] = 0, 1
    answer = impute(Task(panel, task.typed, task.targets, task.centimorgans, task.model)).imputed
    assert np.allclose(answer[5], 0) or 5 in task.typed
    assert np.allclose(answer[6], 1, atol=1e-6)
    assert np.isfinite(answer).all()


def test_a_panel_without_variation() -> None:
    panel = np.zeros((10, 6), dtype=np.int8)
    targets = np.array([[0, 1], [1, 1]], dtype=np.int8)
    answer = impute(Task(panel, np.array([2, 7]), targets, np.linspace(0, 1, 10)))
    assert np.isfinite(answer.imputed).all()
    assert answer.imputed.max() == 0
    assert answer.left_out.max() == 0


def test_threads_and_batches_change_nothing() -> None:
    task = random_task(7, people=9)
    assert np.array_equal(impute(task, threads=3).imputed, impute(task).imputed) or np.allclose(
        impute(task, threads=3).imputed, impute(task).imputed, atol=1e-6
    )


def test_long_stretches_do_not_underflow() -> None:
    task = random_task(8, sites=2000, size=20, people=2, typed=2000)
    assert np.isfinite(impute(task).imputed).all()


def test_memory_grows_with_the_root_of_the_sites() -> None:
    random = np.random.default_rng(1)
    panel = random.integers(0, 2, (1600, 200)).astype(np.int8)
    targets = random.integers(0, 2, (1600, 50)).astype(np.int8)
    task = Task(panel, np.arange(1600), targets, np.linspace(0, 20, 1600))
    chain = Chain(task, targets.copy())
    tracemalloc.start()
    for _ in chain.forward_rows():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one_row = 200 * 50 * 4
    assert peak < 2.5 * 40 * one_row  # 1600 rows would be 16 times that
