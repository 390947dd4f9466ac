"""Which kernel computes: C where the extension was built, else NumPy; HAPLODESK_KERNEL forces one.

The graphics card is used where that is asked for: it pays for large panels and many people only.
"""

from __future__ import annotations

import logging
import os
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in import c_kernel, numpy_kernel
from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.contract import Kernel, KernelAnswer, KernelTask
from app.imputation.built_in.numpy_kernel import NumpyKernel
from app.imputation.built_in.torch_kernel import GraphicsCardError, TorchKernel

_log = logging.getLogger(__name__)
VARIABLE = "HAPLODESK_KERNEL"


class KernelChoice(StrEnum):
    """`AUTOMATIC` takes the fastest that is there."""

    AUTOMATIC = "automatic"
    C = "c"
    NUMPY = "numpy"
    CARD = "card"


def kernel_for(task: KernelTask, choice: KernelChoice | None = None) -> Kernel:
    """The kernel for a task; by the environment where no choice is made. ValueError when it is not there."""
    if choice is None:
        choice = KernelChoice(os.environ.get(VARIABLE, KernelChoice.AUTOMATIC))
    if choice is KernelChoice.CARD:
        return CardOrProcessor(task)
    has_c = bool(vector_units())
    if choice is KernelChoice.C and not has_c:
        raise ValueError("the C extension of the engine was not built")
    if choice is KernelChoice.NUMPY or not has_c:
        return NumpyKernel(task)
    return CKernel(task)


class CardOrProcessor:
    """The graphics card as long as its memory lasts, then the processor, which gives the same answers."""

    def __init__(self, task: KernelTask) -> None:
        """GraphicsCardError, a ValueError with a sentence for the user, where no card can be used."""
        self._task = task
        self._kernel: Kernel = TorchKernel(task)
        self.width = self._kernel.width

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """See Kernel."""
        try:
            return self._kernel.impute(targets)
        except GraphicsCardError as error:
            _log.warning("%s The processor goes on.", error)
            self._kernel = kernel_for(self._task, KernelChoice.AUTOMATIC)
            return self._kernel.impute(targets)


def forecast_bytes(haplotypes: int, typed: int, sites: int, threads: int) -> int:
    """Memory of imputing a stretch in so many threads, their answers included, without the stretch."""
    plan, call, width = 0, numpy_kernel.forecast_bytes(haplotypes, typed), NumpyKernel.width
    if vector_units():
        plan, call = c_kernel.forecast_bytes(haplotypes, typed, sites)
        width = c_kernel.WIDTH
    return plan + threads * (call + 4 * width * (sites + typed))
