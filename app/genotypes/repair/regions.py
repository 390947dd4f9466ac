"""The pseudo-autosomal regions of X as imputation servers cut them (`cloudgene.md` 7.7, 7.12 D)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NON_PAR = {
    "NCBI36": (2_709_521, 154_584_237),
    "GRCh37": (2_699_520, 154_931_044),
    "GRCh38": (2_781_479, 155_701_383),
}
"""First and last position outside PAR1 and PAR2; both belong to the region."""
REGIONS = ("PAR1", "nonPAR", "PAR2")


def in_non_par(position: NDArray[np.int64], build: str | None) -> NDArray[np.bool_]:
    """Whether positions on X lie outside both pseudo-autosomal regions; GRCh37 where no build is known."""
    first, last = NON_PAR.get(build or "", NON_PAR["GRCh37"])
    return (position >= first) & (position <= last)


def region_of(position: NDArray[np.int64], build: str | None) -> NDArray[np.uint8]:
    """The number in REGIONS of positions on X."""
    first, last = NON_PAR.get(build or "", NON_PAR["GRCh37"])
    return (position >= first).astype(np.uint8) + (position > last).astype(np.uint8)
