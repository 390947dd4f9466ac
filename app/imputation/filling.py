"""Fills missing alleles of phased haplotypes from the panel, for engines that take none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import MISSING
from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.kernels import kernel_for
from app.imputation.built_in.model import Model
from app.imputation.genetic_map import GeneticMap
from app.imputation.study import Study


def fill_missing(study: Study, genetic_map: GeneticMap, threads: int = 1) -> NDArray[np.int8]:
    """The target's alleles [typed, 2 * people], each missing one as the panel expects it; phase is kept."""
    haplotypes = study.target.haplotypes.copy()
    gaps = (haplotypes == MISSING) & study.present
    if not gaps.any():
        return haplotypes
    sites, columns = len(haplotypes), np.flatnonzero(gaps.any(axis=0))
    places = genetic_map.at(study.panel.positions)
    kernel = kernel_for(KernelTask(study.typed, np.arange(sites), places, Model(), 0, sites))

    def some(first: int) -> NDArray[np.bool_]:
        targets = np.ascontiguousarray(haplotypes[:, columns[first : first + kernel.width]])
        return kernel.impute(targets).imputed > 0.5

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(some, range(0, len(columns), kernel.width)))
    expected = np.zeros(haplotypes.shape, dtype=np.int8)
    expected[:, columns] = np.concatenate(parts, axis=1)
    haplotypes[gaps] = expected[gaps]
    return haplotypes
