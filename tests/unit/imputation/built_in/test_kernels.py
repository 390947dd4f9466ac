"""The kernels against the slow chain and one another, and what must hold whatever the panel."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imputation.built_in import c_kernel
from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.contract import Kernel, KernelAnswer, KernelTask
from app.imputation.built_in.kernels import forecast_bytes, kernel_for
from app.imputation.built_in.model import Model
from app.imputation.built_in.numpy_kernel import NumpyKernel
from app.imputation.built_in.stretch import stretch_of
from tests.unit.imputation.built_in.invented import mosaic_task, noise_task
from tests.unit.imputation.built_in.whole_chain import whole_chain

UNITS = [name for name, _ in vector_units()]
Maker = Callable[[KernelTask], Kernel]
MAKERS: dict[str, Maker] = {"numpy": NumpyKernel}
if UNITS:
    MAKERS["c"] = CKernel

every_kernel = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
needs_c = pytest.mark.skipif(not UNITS, reason="the extension was not built")


def furthest(one: KernelAnswer, other: KernelAnswer) -> float:
    imputed = np.abs(one.imputed - other.imputed).max(initial=0)
    return float(max(imputed, np.abs(one.left_out - other.left_out).max(initial=0)))


shapes = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 10)
)


@settings(max_examples=25, deadline=None)
@given(shape=shapes)
def test_equal_the_chain_over_all_sites(shape: tuple[int, int, int, int, int]) -> None:
    task, targets = noise_task(*shape)
    imputed, left_out = whole_chain(task, targets[:, :1])
    for maker in MAKERS.values():
        answer = maker(task).impute(targets)
        assert answer.imputed[:, :1] == pytest.approx(imputed[task.first : task.last], abs=1e-4)
        assert answer.left_out[:, :1] == pytest.approx(left_out, abs=1e-4)


@needs_c
@settings(max_examples=60, deadline=None)
@given(shape=shapes, border_cost=st.sampled_from([0.01, 0.3, 2.0]), stride=st.integers(1, 60))
def test_c_equals_numpy_on_noise(
    shape: tuple[int, int, int, int, int], border_cost: float, stride: int
) -> None:
    """Blocks of any length, few forward rows kept or many."""
    task, targets = noise_task(*shape)
    expected = NumpyKernel(task).impute(targets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c_kernel, "_BORDER_COST", border_cost)
        for unit in UNITS:
            kernel = CKernel(task, unit)
            kernel._stride = min(stride, kernel.facts.blocks)
            assert furthest(kernel.impute(targets), expected) < 1e-5


@needs_c
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 1000])
def test_c_equals_numpy_on_many_blocks(stride: int) -> None:
    task, targets, _ = mosaic_task(1, 300, 2500, 7, 11)
    expected = NumpyKernel(task).impute(targets)
    for unit in UNITS:
        kernel = CKernel(task, unit)
        kernel._stride = min(stride, kernel.facts.blocks)
        assert kernel.facts.blocks > 8
        assert kernel.facts.most_groups < 200
        assert furthest(kernel.impute(targets), expected) < 1e-5


@needs_c
def test_a_panel_whose_numbers_need_more_than_16_bits() -> None:
    """Runs and words of a plan are half as wide up to 32,767 haplotypes."""
    small, targets, _ = mosaic_task(11, 300, 400, 9, 8)
    alleles = small.stretch.alleles(slice(None))
    odd = np.random.default_rng(3).random((len(alleles), 33_000)) < 0.002  # carriers far behind
    many = np.tile(alleles, (1, 110)) ^ odd
    task = replace(small, stretch=stretch_of(many.astype(np.uint8), small.stretch.positions))
    kernel, expected = CKernel(task), NumpyKernel(task).impute(targets[:, :2])
    assert kernel.facts.blocks > 1
    assert furthest(kernel.impute(targets[:, :2]), expected) < 1e-5


@needs_c
def test_threads_share_a_plan() -> None:
    task, targets, _ = mosaic_task(12, 200, 1500, 6, 24)
    kernel = CKernel(task)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(kernel.impute, np.split(targets, 6, axis=1)))
    together = np.concatenate([part.imputed for part in parts], axis=1)
    assert np.array_equal(together, kernel.impute(targets).imputed)


@needs_c
def test_small_jobs_are_worth_no_second_thread() -> None:
    kernel = CKernel(mosaic_task(12, 200, 1500, 6, 24)[0])
    cells = kernel.facts.group_rows + 200 * kernel.facts.blocks
    assert kernel.threads_for(8, 4) == 1
    assert kernel.threads_for(2 * c_kernel._CELLS_A_THREAD // cells, 4) in (2, 3)
    assert kernel.threads_for(1 << 40, 4) == 4


@needs_c
def test_more_sites_between_two_typed_ones_than_a_piece_holds() -> None:
    task, targets, _ = mosaic_task(2, 80, 1000, 333, 5)
    kernel = CKernel(task)
    assert kernel.facts.pieces > 8
    assert furthest(kernel.impute(targets), NumpyKernel(task).impute(targets)) < 1e-5


@every_kernel
def test_a_target_of_the_panel_comes_back(maker: Maker) -> None:
    task, _, _ = mosaic_task(3, 60, 900, 3, 1)
    panel = task.stretch.alleles(slice(None))
    unlike = np.random.default_rng(0).integers(0, 2, (len(task.typed), 60)).astype(np.uint8)
    panel[task.typed] = unlike
    task = replace(task, stretch=stretch_of(panel, task.stretch.positions), model=Model(effective_size=100.0))
    answer = maker(task).impute(unlike[:, 10:13].astype(np.int8))
    assert np.abs(answer.imputed - panel[:, 10:13]).max() < 0.01


@every_kernel
def test_the_order_of_the_panel_changes_nothing(maker: Maker) -> None:
    task, targets, _ = mosaic_task(4, 90, 600, 6, 9)
    order = np.random.default_rng(0).permutation(90)
    other = replace(
        task, stretch=stretch_of(task.stretch.alleles(slice(None))[:, order], task.stretch.positions)
    )
    assert furthest(maker(task).impute(targets), maker(other).impute(targets)) < 1e-5


@every_kernel
def test_neither_order_nor_number_of_the_targets_changes_anything(maker: Maker) -> None:
    task, targets, _ = mosaic_task(5, 70, 300, 5, 21)
    kernel = maker(task)
    whole = kernel.impute(targets)
    order = np.random.default_rng(1).permutation(21)
    shuffled = kernel.impute(targets[:, order])
    assert np.abs(shuffled.imputed - whole.imputed[:, order]).max() < 1e-6
    single = kernel.impute(targets[:, 20:])
    assert np.abs(single.imputed - whole.imputed[:, 20:]).max() < 1e-6
    assert np.abs(single.left_out - whole.left_out[:, 20:]).max() < 1e-6


@every_kernel
def test_what_is_wanted_changes_no_answer(maker: Maker) -> None:
    task, targets, _ = mosaic_task(6, 50, 400, 9, 3)
    whole = maker(task).impute(targets)
    for first, last in ((0, 1), (100, 300), (103, 104), (399, 400), (200, 200)):
        part = maker(replace(task, first=first, last=last)).impute(targets)
        assert part.imputed.shape == (last - first, 3)
        assert np.abs(part.imputed - whole.imputed[first:last]).max(initial=0) < 1e-5
        assert np.abs(part.left_out - whole.left_out).max() < 1e-5


@every_kernel
def test_all_alleles_missing_gives_the_frequency(maker: Maker) -> None:
    task, targets, _ = mosaic_task(7, 40, 200, 10, 4)
    answer = maker(task).impute(np.full_like(targets, -1))
    frequency = task.stretch.alleles(slice(None)).mean(axis=1)
    assert answer.imputed == pytest.approx(np.repeat(frequency[:, None], 4, axis=1), abs=1e-5)


@every_kernel
@pytest.mark.parametrize("allele", [0, 1])
def test_a_panel_without_variation(maker: Maker, allele: int) -> None:
    panel = np.full((10, 6), allele, dtype=np.uint8)
    task = KernelTask(
        stretch_of(panel, np.arange(10)), np.array([2, 7]), np.linspace(0, 1, 10), Model(), 0, 10
    )
    answer = maker(task).impute(np.array([[0, 1, -1], [1, 1, -1]], dtype=np.int8))
    assert (answer.imputed == allele).all()
    assert (answer.left_out == allele).all()


@every_kernel
@pytest.mark.parametrize("apart", [0.0, 1e9])
def test_a_panel_of_one_haplotype_at_any_distance(maker: Maker, apart: float) -> None:
    panel = np.random.default_rng(0).integers(0, 2, (30, 1)).astype(np.uint8)
    task = KernelTask(
        stretch_of(panel, np.arange(30)),
        np.arange(0, 30, 4, dtype=np.intp),
        np.arange(30) * apart,
        Model(),
        0,
        30,
    )
    answer = maker(task).impute(np.zeros((8, 1), dtype=np.int8))
    assert (answer.imputed == panel).all()


@every_kernel
def test_sites_so_far_apart_that_they_tell_nothing(maker: Maker) -> None:
    task, targets, _ = mosaic_task(8, 40, 60, 4, 2)
    answer = maker(replace(task, centimorgans=np.arange(60) * 1e6)).impute(targets)
    untyped = np.setdiff1d(np.arange(60), task.typed)
    frequency = task.stretch.alleles(slice(None)).mean(axis=1)
    assert answer.imputed[untyped, 0] == pytest.approx(frequency[untyped], abs=1e-5)


@every_kernel
def test_a_target_unlike_all_others_does_not_vanish(maker: Maker) -> None:
    panel = np.zeros((1000, 30), dtype=np.uint8)
    panel[:, 15:] = np.random.default_rng(2).integers(0, 2, (1000, 15))
    task = KernelTask(
        stretch_of(panel, np.arange(1000)), np.arange(0, 1000, 2), np.zeros(1000), Model(), 0, 1000
    )
    answer = maker(task).impute(np.random.default_rng(3).integers(0, 2, (500, 3)).astype(np.int8))
    assert np.isfinite(answer.imputed).all()
    assert np.isfinite(answer.left_out).all()


@every_kernel
def test_no_targets_are_no_error(maker: Maker) -> None:
    task, targets, _ = mosaic_task(9, 20, 50, 5, 1)
    assert maker(task).impute(targets[:, :0]).imputed.shape == (50, 0)


@every_kernel
def test_rows_out_of_order_are_refused(maker: Maker) -> None:
    task, _, _ = mosaic_task(9, 20, 50, 5, 1)
    for wrong in (replace(task, typed=task.typed[::-1]), replace(task, typed=task.typed[:0])):
        with pytest.raises(ValueError, match="typed rows"):
            maker(wrong)
    with pytest.raises(ValueError, match="wanted rows"):
        maker(replace(task, last=51))


@every_kernel
@pytest.mark.parametrize("place", [np.nan, np.inf])
def test_places_that_are_no_numbers_are_refused(maker: Maker, place: float) -> None:
    task, _ = noise_task(3, 6, 20, 5, 2)
    centimorgans = task.centimorgans.copy()
    centimorgans[int(task.typed[2]) + 1] = place
    with pytest.raises(ValueError, match="no number"):
        maker(replace(task, centimorgans=centimorgans))
    with pytest.raises(ValueError, match="no number"):
        task.model.switches(centimorgans, 6)


@needs_c
@pytest.mark.parametrize("stride", [-1, 0, 2**62, 2**63 - 1])
def test_a_stride_beyond_all_blocks_is_refused(stride: int) -> None:
    """Its rows would take so many bytes that their number starts again at 0."""
    task, targets = noise_task(3, 6, 20, 5, 2)
    kernel = CKernel(task)
    kernel._stride = stride
    with pytest.raises(ValueError, match="do not fit"):
        kernel.impute(targets)


def test_a_choice_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    task, _, _ = mosaic_task(9, 20, 50, 5, 1)
    assert isinstance(kernel_for(task, KernelChoice.NUMPY), NumpyKernel)
    monkeypatch.setenv("HAPLODESK_KERNEL", "numpy")
    assert isinstance(kernel_for(task), NumpyKernel)
    monkeypatch.delenv("HAPLODESK_KERNEL")
    assert isinstance(kernel_for(task), CKernel if UNITS else NumpyKernel)


def test_without_the_extension_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    task, _, _ = mosaic_task(9, 20, 50, 5, 1)
    monkeypatch.setattr("app.imputation.built_in.kernels.vector_units", list)
    assert isinstance(kernel_for(task), NumpyKernel)
    with pytest.raises(ValueError, match="not built"):
        kernel_for(task, KernelChoice.C)


@needs_c
def test_a_broken_stretch_is_refused() -> None:
    task, _, _ = mosaic_task(9, 200, 50, 5, 1)
    carriers = task.stretch.carriers.copy()
    carriers[:] = 200
    with pytest.raises(ValueError, match="broken"):
        CKernel(replace(task, stretch=replace(task.stretch, carriers=carriers)))


@needs_c
@pytest.mark.parametrize(("size", "sites", "every"), [(50, 500, 2), (400, 3000, 9), (1200, 600, 40)])
def test_the_forecast_of_memory_is_above_what_is_taken(size: int, sites: int, every: int) -> None:
    task, targets, _ = mosaic_task(10, size, sites, every, 40)
    kernel = CKernel(task)
    answer = kernel.impute(targets[:, : kernel.width])
    taken = kernel.facts.nbytes + kernel.scratch_bytes() + answer.imputed.nbytes + answer.left_out.nbytes
    assert taken < forecast_bytes(size, len(task.typed), sites, 1) < 40 * taken


def test_memory_of_the_numpy_kernel_grows_with_the_root_of_the_typed_sites() -> None:
    task, targets, _ = mosaic_task(11, 40, 200, 1, 64)
    kernel = NumpyKernel(task)
    tracemalloc.start()
    kernel.impute(targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < kernel.scratch_bytes() + 2 * 200 * 64 * 4
    assert kernel.scratch_bytes() < (1 << 27)


@needs_c
@pytest.mark.parametrize("size", [0x7FFF, 0x8000])
def test_a_panel_at_the_border_of_short_numbers(size: int) -> None:
    """Each haplotype has a pattern of its own, so that a plan has the largest numbers that there are."""
    random = np.random.default_rng(size)
    panel = random.integers(0, 2, (53, size)).astype(np.uint8)
    panel[:26] &= panel[26:52]  # patterns that are not all alike in number of carriers
    typed = np.array([0, 1, 2, 25, 26, 51, 52])
    task = KernelTask(stretch_of(panel, np.arange(53)), typed, np.arange(53) * 0.01, Model(), 0, 53)
    targets = panel[typed][:, [0, size - 1]].astype(np.int8)
    kernel = CKernel(task)
    assert kernel.facts.exceptions > size
    assert furthest(kernel.impute(targets), NumpyKernel(task).impute(targets)) < 1e-5
