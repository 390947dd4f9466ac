"""Ranges that figures are put into."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAF_BINS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
MAF_COUNT = len(MAF_BINS) - 1
MAF_PLACES = MAF_COUNT + 1
"""Ranges and, behind them, a place for sites whose frequency is not known."""
R2_STEPS = 200
R2_PLACES = R2_STEPS + 2
"""Steps from 0 to 1, one for 1 and more, and a place for sites without an R2."""
_TIE = 1e-6  # of a step: what a float32 may lie below a step that its text names


def bin_numbers(maf: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """The range of each frequency: lower end within, upper end not, but for the last; -1 for NaN."""
    known = np.asarray(maf, np.float64)
    numbers = np.searchsorted(_EDGES, known, side="right") - 1
    return np.where(np.isnan(known), -1, np.clip(numbers, 0, MAF_COUNT - 1))


# A float32 of a text such as 0.05 may lie a little below it.
_EDGES = np.array(MAF_BINS) * (1 - 1e-7)


def maf_places(maf: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """The same with MAF_COUNT for NaN."""
    numbers = bin_numbers(maf)
    return np.where(numbers < 0, MAF_COUNT, numbers)


def r2_places(r2: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """The step of each R2: `i` holds i / R2_STEPS and more, below the next one."""
    steps = np.nan_to_num(np.asarray(r2, np.float64) * R2_STEPS, nan=float(R2_STEPS + 1))
    return np.clip(np.floor(steps + _TIE * R2_STEPS), 0, R2_STEPS + np.isnan(r2)).astype(np.intp)


def reached(cut: float) -> float:
    """A cut-off that a float32 and a float64 of the same text both reach."""
    return min(float(np.float32(cut)), cut)
