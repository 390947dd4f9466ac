"""Sums over thousands of haplotypes keep their digits: every kernel gives the exact answer to 1e-5."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.contract import Kernel, KernelTask
from app.imputation.built_in.numpy_kernel import NumpyKernel
from tests.unit.imputation.built_in.invented import pieces_task, random_task, twins_task
from tests.unit.imputation.built_in.whole_chain import whole_chain

Case = tuple[KernelTask, NDArray[np.int8]]
CASES: dict[str, Callable[[], Case]] = {
    "5,000 as they are": lambda: pieces_task(1, 5_000, 200, 5),
    "20,000 as they are": lambda: pieces_task(2, 20_000, 120, 5),
    "32,000 much alike": lambda: twins_task(11, 32_000, 120, 9),
    "32,768 unlike": lambda: random_task(7, 32_768, 48, 16),
}


@pytest.mark.parametrize("name", list(CASES))
def test_all_kernels_give_the_exact_answer(name: str) -> None:
    task, targets = CASES[name]()
    judged = slice(None, None, 1 + len(targets) // 2)
    imputed, left_out = whole_chain(task, targets[:, :1], judged)
    kernels: list[Kernel] = [NumpyKernel(task), *(CKernel(task, unit) for unit, _ in vector_units())]
    for kernel in kernels:
        answer = kernel.impute(targets)
        np.testing.assert_allclose(answer.imputed[:, :1], imputed, rtol=0, atol=1e-5)
        np.testing.assert_allclose(answer.left_out[judged, :1], left_out, rtol=0, atol=1e-5)
