"""The parameters of the Li-Stephens model, shared by every kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_SWITCH = 1e-7


@dataclass(frozen=True)
class Model:
    """Parameters: `effective_size` scales centimorgans to switches, `error` is that of one allele.

    The size is larger than any census: switches also stand for old mutations and drift between the target
    and its nearest relative in a small panel. 60,000 was the best of 2,500 to 400,000 on chromosome 22 of
    310 Europeans, flat from 30,000 to 100,000; the error hardly matters there.
    """

    effective_size: float = 60_000.0
    error: float = 0.002

    @property
    def meioses(self) -> float:
        """How many meioses lie between two random haplotypes: 4 Ne; over K to the nearest of a panel."""
        return 4.0 * self.effective_size

    def switches(self, centimorgans: NDArray[np.float64], panel_size: int) -> NDArray[np.float64]:
        """The probability of a switch between neighbours: 1 - exp(-4 Ne d / K); length one less."""
        if not np.isfinite(centimorgans).all():
            raise ValueError("a place on the map is no number")
        morgans = np.diff(centimorgans) / 100.0
        chance = -np.expm1(-self.meioses * morgans / panel_size)
        return np.clip(chance, LEAST_SWITCH, 1.0)
