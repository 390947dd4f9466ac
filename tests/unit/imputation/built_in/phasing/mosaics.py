"""People whose haplotypes are mosaics of a small panel, so that their phase is known and can be found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.phasing.passes import PhasingTask, Settings

QUICK = Settings(burn_in=1, passes=3, states=48)


@dataclass(frozen=True, eq=False)
class People:
    """`panel` [sites, K]; `truth` [sites, 2 n]; `counts` with some genotypes missing."""

    panel: NDArray[np.int8]
    truth: NDArray[np.int8]
    counts: NDArray[np.int8]
    centimorgans: NDArray[np.float64]

    def task(self, settings: Settings = QUICK, seed: int = 1, threads: int = 1) -> PhasingTask:
        return PhasingTask(
            self.panel, self.counts, self.centimorgans, settings=settings, seed=seed, threads=threads
        )


def people(count: int = 5, panel: int = 80, sites: int = 120, missing: float = 0.02) -> People:
    """Each target haplotype changes twice from one panel haplotype to another."""
    draw = np.random.default_rng(11)
    haplotypes = (draw.random((sites, panel)) < draw.uniform(0.1, 0.9, (sites, 1))).astype(np.int8)
    columns = []
    for _ in range(2 * count):
        cuts = np.sort(draw.choice(np.arange(1, sites), 2, replace=False))
        source = np.repeat(draw.integers(0, panel, 3), np.diff([0, *cuts, sites]))
        columns.append(haplotypes[np.arange(sites), source])
    truth = np.stack(columns, axis=1)
    counts = (truth[:, 0::2] + truth[:, 1::2]).astype(np.int8)
    counts[draw.random(counts.shape) < missing] = -1
    return People(haplotypes, truth, counts, np.linspace(0.0, sites * 2e-4, sites))
