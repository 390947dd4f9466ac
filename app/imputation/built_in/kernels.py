"""Which kernel computes: C where the extension was built, else NumPy; HAPLODESK_KERNEL forces one.

The graphics card is used where that is asked for: it pays for large panels and many people only.
"""

from __future__ import annotations

import os

from app.imputation.built_in import c_kernel
from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.contract import Kernel, KernelTask

VARIABLE = "HAPLODESK_KERNEL"


def settled(choice: KernelChoice = KernelChoice.AUTOMATIC) -> KernelChoice:
    """The kernel that computes, by the environment where none is chosen. ValueError when it is not there."""
    if choice is KernelChoice.AUTOMATIC:
        choice = KernelChoice(os.environ.get(VARIABLE) or KernelChoice.AUTOMATIC)
    if choice is KernelChoice.C and not vector_units():
        raise ValueError("the C extension of the engine was not built")
    return on_processor() if choice is KernelChoice.AUTOMATIC else choice


def on_processor() -> KernelChoice:
    """The best kernel that needs no graphics card."""
    return KernelChoice.C if vector_units() else KernelChoice.NUMPY


def kernel_for(task: KernelTask, choice: KernelChoice = KernelChoice.AUTOMATIC) -> Kernel:
    """The kernel for a task (see `settled`). GraphicsCardError, a ValueError, where no card can be used."""
    chosen = settled(choice)
    if chosen is KernelChoice.CARD:
        from app.imputation.built_in.card_or_processor import CardOrProcessor

        return CardOrProcessor(task)
    if chosen is KernelChoice.NUMPY:
        from app.imputation.built_in.numpy_kernel import NumpyKernel

        return NumpyKernel(task)
    return CKernel(task)


def forecast_bytes(haplotypes: int, typed: int, sites: int, threads: int) -> int:
    """Memory of imputing a stretch in so many threads, their answers included, without the stretch."""
    if vector_units():
        plan, call = c_kernel.forecast_bytes(haplotypes, typed, sites)
        width = c_kernel.WIDTH
    else:
        from app.imputation.built_in import numpy_kernel

        plan, call = 0, numpy_kernel.forecast_bytes(haplotypes, typed)
        width = numpy_kernel.NumpyKernel.width
    return plan + threads * (call + 4 * width * (sites + typed))
