"""Dosages as whole numbers, with and without the extension in C."""

from __future__ import annotations

import numpy as np
import pytest

from app.results.export.kernel import Kernel, export_kernel
from app.results.export.rounding import (
    HARD_CALL,
    MISSING,
    DosageRangeError,
    LostCalls,
    hard_calls,
    of_dosages,
    of_haplotypes,
    units,
)
from tests.helpers.dose_rows import haplotypes

NAN = float("nan")


@pytest.fixture(params=["numpy", "c"])
def kernel(request: pytest.FixtureRequest) -> Kernel | None:
    if request.param == "c" and export_kernel() is None:
        pytest.skip("the extension was not built")
    return None if request.param == "numpy" else export_kernel()


def test_counts_of_copies(kernel: Kernel | None) -> None:
    values = np.array([[[0, 0], [1, 0.25], [0.5, 1], [NAN, NAN], [1, NAN]]], np.float32)
    doses = of_haplotypes(values, kernel)
    assert doses.total.tolist() == [[0, 20480, 24576, MISSING, 32768]]
    assert doses.delta is not None
    assert doses.haploid is not None
    assert doses.delta.tolist() == [[0, 12288, -8192, 0, 0]]
    assert doses.haploid.tolist() == [[False, False, False, False, True]]


@pytest.mark.parametrize("value", [-0.02, 1.02])
def test_no_dosage_outside(kernel: Kernel | None, value: float) -> None:
    values = np.zeros((3, 4, 2), np.float32)
    values[1, 2, 1] = value
    with pytest.raises(DosageRangeError) as raised:
        of_haplotypes(values, kernel)
    assert raised.value.row == 1


def test_what_is_slightly_outside_is_the_end(kernel: Kernel | None) -> None:
    values = np.array([[[-0.001, 1.001]]], np.float32)
    assert of_haplotypes(values, kernel).total.tolist() == [[16384]]


def test_both_ways_agree() -> None:
    fast = export_kernel()
    if fast is None:
        pytest.skip("the extension was not built")
    values = haplotypes(40, 257)
    values[5, ::3, 1] = np.nan
    slow, quick = of_haplotypes(values, None), of_haplotypes(values, fast)
    assert slow.delta is not None
    assert quick.delta is not None
    assert (slow.total == quick.total).all()
    assert (slow.delta == quick.delta).all()
    assert slow.haploid is not None
    assert quick.haploid is not None
    assert (slow.haploid == quick.haploid).all()


def test_hard_calls_take_in_the_limit() -> None:
    total = of_dosages(np.array([[0.1, 0.101, 0.9, 1.1, 1.89, 1.9, NAN]], np.float32)).total
    assert hard_calls(total, units(HARD_CALL)).tolist() == [[0, 3, 1, 1, 3, 2, 3]]


def test_dosages_of_one_copy_count_twice() -> None:
    haploid = np.array([[True, False]])
    assert of_dosages(np.array([[1, 1]], np.float32), haploid).total.tolist() == [[32768, 16384]]


def test_lost_calls_by_threshold(kernel: Kernel | None) -> None:
    lost = LostCalls()
    lost.add(
        of_dosages(np.array([[0, 0.07, 0.15, 0.45, NAN], [1, 2, 1.25, 1.5, 0.1]], np.float32)).total, kernel
    )
    assert (lost.calls, lost.missing) == (10, 1)
    assert lost.by_threshold() == {0.05: 6, 0.1: 4, 0.2: 3, 0.3: 2, 0.4: 2, 0.49: 1}


def test_a_dosage_of_just_the_limit_is_called_however_it_is_split() -> None:
    first = np.arange(0, 101, dtype=np.float32) / 1000
    values = np.stack([first, np.float32(0.1) - first], axis=1)[:, None, :]
    assert (hard_calls(of_haplotypes(values).total, units(0.1)) == 0).all()
    assert (hard_calls(of_haplotypes(values + np.float32(0.0005)).total, units(0.1)) == 3).all()
