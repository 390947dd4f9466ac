"""Which kernel computes: C where the extension was built, else NumPy; HAPLODESK_KERNEL forces one."""

from __future__ import annotations

import os
from enum import StrEnum

from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.contract import Kernel, KernelTask
from app.imputation.built_in.numpy_kernel import NumpyKernel

VARIABLE = "HAPLODESK_KERNEL"


class KernelChoice(StrEnum):
    """`AUTOMATIC` takes the fastest that is there."""

    AUTOMATIC = "automatic"
    C = "c"
    NUMPY = "numpy"


def kernel_for(task: KernelTask, choice: KernelChoice | None = None) -> Kernel:
    """The kernel for a task; by the environment where no choice is made. ValueError when it is not there."""
    if choice is None:
        choice = KernelChoice(os.environ.get(VARIABLE, KernelChoice.AUTOMATIC))
    has_c = bool(vector_units())
    if choice is KernelChoice.C and not has_c:
        raise ValueError("the C extension of the engine was not built")
    if choice is KernelChoice.NUMPY or not has_c:
        return NumpyKernel(task)
    return CKernel(task)
