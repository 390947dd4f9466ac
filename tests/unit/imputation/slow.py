"""The Li-Stephens model written so plainly that it is right: loops, double precision, every site a state."""

import math

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model


def slow_dosages(
    panel: NDArray[np.int8],
    observed: list[int | None],
    centimorgans: NDArray[np.float64],
    model: Model,
) -> list[float]:
    """The chance of ALT at each panel site for one target; `observed` is None where nothing is known."""
    sites, size = panel.shape

    def emission(site: int, haplotype: int) -> float:
        allele = observed[site]
        if allele is None:
            return 1.0
        frequency = panel[site].mean()
        drawn = model.error * (frequency if allele == 1 else 1 - frequency)
        if panel[site, haplotype] == allele:
            return 1 - model.error + drawn
        return max(drawn, model.error * 1e-3)

    def switch(site: int) -> float:
        morgans = (centimorgans[site] - centimorgans[site - 1]) / 100
        return 1 - math.exp(-4 * model.effective_size * morgans / size)

    def step(row: list[float], chance: float) -> list[float]:
        total = sum(row)
        return [(1 - chance) * each + chance * total / size for each in row]

    forward = [[emission(0, k) / size for k in range(size)]]
    for site in range(1, sites):
        moved = step(forward[-1], switch(site))
        row = [moved[k] * emission(site, k) for k in range(size)]
        forward.append([each / sum(row) for each in row])
    backward = [[1.0] * size]
    for site in range(sites - 1, 0, -1):
        row = [backward[0][k] * emission(site, k) for k in range(size)]
        moved = step(row, switch(site))
        backward.insert(0, [each / sum(moved) for each in moved])
    answer = []
    for site in range(sites):
        posterior = [forward[site][k] * backward[site][k] for k in range(size)]
        ones = sum(p for k, p in enumerate(posterior) if panel[site, k] == 1)
        answer.append(ones / sum(posterior))
    return answer
