"""What a kernel of the built-in engine does: it imputes many target haplotypes against one stretch.

There are three, with answers within 1e-5 of one another up to some ten thousand haplotypes: C with vector
code (the usual one), NumPy (where nothing was compiled), and PyTorch (on a graphics card). A plan is made
once for a stretch and used for all targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import PanelStretch

MISSING_ALLELE = -1


@dataclass(frozen=True, eq=False)
class KernelTask:
    """What all targets have in common.

    `typed` are the rows of the stretch that were typed, ascending; at least one. `centimorgans` float64
    [sites], never falling. `first` and `last` (rows, `last` excluded) bound the sites that are wanted;
    typed ones outside still inform them.
    """

    stretch: PanelStretch
    typed: NDArray[np.intp]
    centimorgans: NDArray[np.float64]
    model: Model
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class KernelAnswer:
    """Probabilities of ALT, float32, one column a target haplotype.

    `imputed` has a row for each wanted site, in order; at a typed one the posterior given all data.
    `left_out` has a row for each typed site, wanted or not: what is expected there without its own allele.
    """

    imputed: NDArray[np.float32]
    left_out: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RoundedAnswer:
    """The same in whole thousandths, int16."""

    imputed: NDArray[np.int16]
    left_out: NDArray[np.int16]


class Kernel(Protocol):
    """One way to compute; made for one task. `width` is how many targets it likes at once."""

    width: int

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        """Impute some targets: int8 [typed, N] of 0, 1 and MISSING_ALLELE. Safe to call from threads."""
        ...


class GraphicsCardError(ValueError):
    """No card, or too little memory on it; the words are for the user. The processor can do the same."""


@runtime_checkable
class CardKernel(Kernel, Protocol):
    """One on a device of its own: one call at a time, of at least `least` targets, or it hardly pays.

    Its answers are rounded where they were made, so that half as many bytes have to be brought back.
    """

    least: int

    def impute_thousandths(self, targets: NDArray[np.int8]) -> RoundedAnswer:
        """As `impute`. ValueError for answers that are no probabilities."""
        ...
