"""R2 and frequencies of some people's dosages, for subsets of samples and files that do not tell them.

R2 is the variance of the haplotype dosages over p (1 - p), as Minimac has it; without haplotypes that of the
dosages over 2 p (1 - p).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.results.export.filtering import Figures
from app.results.export.rounding import MISSING, ONE, Doses


def computed_figures(
    doses: Doses, kind: NDArray[np.uint8], er2: NDArray[np.float32]
) -> tuple[Figures, NDArray[np.float32]]:
    """The figures of rows by their dosages, and the frequency of ALT. NaN where nobody is known.

    Calls of one copy count as one haplotype.
    """
    known = doses.total != MISSING
    total = np.where(known, doses.total, 0).astype(np.float64) / ONE
    step = np.zeros_like(total) if doses.delta is None else doses.delta / float(ONE)
    halves = np.stack([(total + step) / 2, (total - step) / 2], axis=2)
    weight = np.repeat(known[:, :, None], 2, axis=2)
    if doses.haploid is not None:
        weight[:, :, 1] &= ~doses.haploid
    if doses.delta is None:
        r2, af = _of_dosages(total, known)
    else:
        r2, af = _of_haplotypes(halves * weight, weight)
    maf = np.minimum(af, 1 - af)
    figures = Figures(r2.astype(np.float32), er2, maf.astype(np.float32), kind)
    return figures, af.astype(np.float32)


def _of_haplotypes(
    values: NDArray[np.float64], weight: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = np.count_nonzero(weight, axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=(1, 2)) / count
        variance = (values**2).sum(axis=(1, 2)) / count - mean**2
        return np.where(mean * (1 - mean) > 0, variance / (mean * (1 - mean)), 0), mean


def _of_dosages(
    total: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = np.count_nonzero(known, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total.sum(axis=1) / count
        variance = (total**2).sum(axis=1) / count - mean**2
        share = mean / 2
        return np.where(share * (1 - share) > 0, variance / (2 * share * (1 - share)), 0), share
