"""Fills missing alleles of phased haplotypes from the panel, for engines that take none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import MISSING
from app.imputation.genetic_map import GeneticMap
from app.imputation.li_stephens import Task, impute
from app.imputation.study import Study


def fill_missing(study: Study, genetic_map: GeneticMap, threads: int = 1) -> NDArray[np.int8]:
    """The target's alleles [typed, 2 * people], each missing one as the panel expects it; phase is kept."""
    haplotypes = study.target.haplotypes.copy()
    gaps = (haplotypes == MISSING) & study.present
    if not gaps.any():
        return haplotypes
    panel = study.typed_alleles()
    columns = np.flatnonzero(gaps.any(axis=0))
    task = Task(panel, np.arange(len(panel)), haplotypes[:, columns], genetic_map.at(study.panel.positions))
    expected = np.full(haplotypes.shape, 0, dtype=np.int8)
    expected[:, columns] = impute(task, threads=threads).imputed > 0.5
    haplotypes[gaps] = expected[gaps]
    return haplotypes
