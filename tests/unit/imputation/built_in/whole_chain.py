"""The model as it is defined, slow and plain: a chain over all sites in double precision, no closed forms.

A site without an observed allele has the emission 1. Nothing is shared with the kernels but the parameters.
"""

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.model import LEAST_SWITCH

Doubles = NDArray[np.float64]


def whole_chain(
    task: KernelTask, targets: NDArray[np.int8], judged: slice = slice(None)
) -> tuple[Doubles, Doubles]:
    """Dosages of all sites, and what is expected at each typed one that is judged without its own allele;
    [., target]."""
    panel = task.stretch.alleles(slice(None)).astype(np.float64)
    imputed = np.empty((len(panel), targets.shape[1]))
    left_out = np.empty(targets[judged].shape)
    for column in range(targets.shape[1]):
        observed = np.full(len(panel), -1)
        observed[task.typed] = targets[:, column]
        imputed[:, column] = _dosages(task, panel, observed)
        for row, site in enumerate(task.typed[judged].tolist()):
            without = observed.copy()
            without[site] = -1
            left_out[row, column] = _dosages(task, panel, without)[site]
    return imputed, left_out


def _dosages(task: KernelTask, panel: Doubles, observed: NDArray[np.int64]) -> Doubles:
    sites, size = panel.shape
    chances = _switch_chances(task)
    emissions = [_emission(panel[site], int(observed[site]), task.model.error) for site in range(sites)]
    forward = [emissions[0] / emissions[0].sum()]
    for site in range(1, sites):
        row = ((1 - chances[site]) * forward[-1] + chances[site] / size) * emissions[site]
        forward.append(row / row.sum())
    answer = np.empty(sites)
    backward = np.ones(size)
    for site in range(sites - 1, -1, -1):
        posterior = forward[site] * backward
        answer[site] = posterior[panel[site] == 1].sum() / posterior.sum()
        row = backward * emissions[site]
        row /= row.sum()
        backward = (1 - chances[site]) * row + chances[site] / size
    return answer


def _emission(panel: Doubles, allele: int, error: float) -> Doubles:
    """A mistaken allele is drawn by the frequencies of the panel, but never with a chance of 0."""
    if allele < 0:
        return np.ones(len(panel))
    drawn = error * (panel == allele).mean()
    chances: Doubles = np.where(panel == allele, 1 - error + drawn, max(drawn, error / 1000))
    return chances


def _switch_chances(task: KernelTask) -> Doubles:
    """The chance of a switch on the way to each site. Two typed sites are never quite without one between
    them: what is lacking is put half on the first and half on the last step."""
    chances = np.zeros(len(task.centimorgans))
    chances[1:] = 1 - np.exp(-task.model.meioses * np.diff(task.centimorgans) / 100 / task.stretch.size)
    for left, right in zip(task.typed[:-1].tolist(), task.typed[1:].tolist(), strict=True):
        if task.centimorgans[left] == task.centimorgans[right]:
            chances[left + 1] += LEAST_SWITCH / 2
            chances[right] += LEAST_SWITCH / 2
    return chances
