"""Which values are among others. NumPy's own functions for sets load its masked arrays, over a megabyte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def among(values: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each value is one of those in `known`, which ascend."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values, dtype=bool)
