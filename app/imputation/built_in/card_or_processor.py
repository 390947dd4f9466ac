"""A graphics card that hands over to the processor when its memory is used up."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import (
    GraphicsCardError,
    Kernel,
    KernelAnswer,
    KernelTask,
    RoundedAnswer,
)
from app.imputation.built_in.kernels import kernel_for, on_processor
from app.imputation.built_in.torch_kernel import TorchKernel

_log = logging.getLogger(__name__)


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
            self._processor = kernel_for(self._task, on_processor())
        return self._processor
