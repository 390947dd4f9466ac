"""Phasing of unphased genotypes against a phased panel and one another: what a run asks and what it takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.built_in.phasing.passes import PhasingTask, phased
from app.imputation.built_in.phasing.passes import forecast_bytes as forecast_bytes


def phase(
    panel: NDArray[np.int8] | NDArray[np.uint8],
    counts: NDArray[np.int8],
    centimorgans: NDArray[np.float64],
    *,
    model: Model | None = None,
    threads: int = 1,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.int8]:
    """Phase genotypes: `counts` int8 [sites, people] of ALT alleles (-1 missing), at the panel's sites.

    `panel` is [sites, K] of 0 and 1. Gives int8 [sites, 2 * people], without missing alleles, the two
    haplotypes of a person side by side; their order means nothing. The same for a seed with any number of
    threads. `progress` gets 0 to 1; raising in it stops the work.
    """
    task = PhasingTask(panel, counts, centimorgans, model or Model(), seed=seed, threads=threads)
    return phased(task, progress)
