"""Which kernel computes: C where the extension was built, else NumPy; HAPLODESK_KERNEL forces one.

The graphics card is used where that is asked for: it pays for large panels and many people only.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in import c_kernel, numpy_kernel
from app.imputation.built_in.c_kernel import CKernel, vector_units
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.contract import Kernel, KernelAnswer, KernelTask, RoundedAnswer
from app.imputation.built_in.numpy_kernel import NumpyKernel
from app.imputation.built_in.torch_kernel import GraphicsCardError, TorchKernel

_log = logging.getLogger(__name__)
VARIABLE = "HAPLODESK_KERNEL"


def settled(choice: KernelChoice = KernelChoice.AUTOMATIC) -> KernelChoice:
    """The kernel that computes, by the environment where none is chosen. ValueError when it is not there."""
    if choice is KernelChoice.AUTOMATIC:
        choice = KernelChoice(os.environ.get(VARIABLE) or KernelChoice.AUTOMATIC)
    if choice is KernelChoice.C and not vector_units():
        raise ValueError("the C extension of the engine was not built")
    return _on_processor() if choice is KernelChoice.AUTOMATIC else choice


def _on_processor() -> KernelChoice:
    return KernelChoice.C if vector_units() else KernelChoice.NUMPY


def kernel_for(task: KernelTask, choice: KernelChoice = KernelChoice.AUTOMATIC) -> Kernel:
    """The kernel for a task (see `settled`). GraphicsCardError, a ValueError, where no card can be used."""
    make = _MAKERS[settled(choice)]
    return make(task)


class CardOrProcessor:
    """The graphics card as long as its memory lasts, then the processor, which gives the same answers."""

    def __init__(self, task: KernelTask) -> None:
        """GraphicsCardError, a ValueError with a sentence for the user, where no card can be used."""
        self._task = task
        self._card: TorchKernel | None = TorchKernel(task)
        self._processor: Kernel | None = None
        self.width, self.least = self._card.width, self._card.least

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """See Kernel."""
        if self._card is not None:
            try:
                return self._card.impute(targets)
            except GraphicsCardError as error:
                self._give_up(error)
        return self._instead().impute(targets)

    def impute_thousandths(self, targets: NDArray[np.int8]) -> RoundedAnswer:
        """See CardKernel."""
        if self._card is not None:
            try:
                return self._card.impute_thousandths(targets)
            except GraphicsCardError as error:
                self._give_up(error)
        kernel, many = self._instead(), targets.shape[1]
        imputed = np.empty((self._task.last - self._task.first, many), dtype=np.int16)
        left_out = np.empty(targets.shape, dtype=np.int16)
        for start in range(0, many, kernel.width):
            some = slice(start, start + kernel.width)
            answer = kernel.impute(targets[:, some])
            imputed[:, some] = np.rint(1000 * answer.imputed)
            left_out[:, some] = np.rint(1000 * answer.left_out)
        return RoundedAnswer(imputed, left_out)

    def _give_up(self, error: GraphicsCardError) -> None:
        _log.warning("%s The processor goes on.", error)
        self._card = None

    def _instead(self) -> Kernel:
        if self._processor is None:
            self._processor = kernel_for(self._task, _on_processor())
        return self._processor


_MAKERS: dict[KernelChoice, Callable[[KernelTask], Kernel]] = {
    KernelChoice.C: CKernel,
    KernelChoice.NUMPY: NumpyKernel,
    KernelChoice.CARD: CardOrProcessor,
}


def forecast_bytes(haplotypes: int, typed: int, sites: int, threads: int) -> int:
    """Memory of imputing a stretch in so many threads, their answers included, without the stretch."""
    plan, call, width = 0, numpy_kernel.forecast_bytes(haplotypes, typed), NumpyKernel.width
    if vector_units():
        plan, call = c_kernel.forecast_bytes(haplotypes, typed, sites)
        width = c_kernel.WIDTH
    return plan + threads * (call + 4 * width * (sites + typed))
