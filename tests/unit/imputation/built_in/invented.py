"""Small panels and targets for the kernels."""

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import stretch_of

Alleles = NDArray[np.uint8]


def noise_task(
    seed: int, size: int, sites: int, typed: int, targets: int
) -> tuple[KernelTask, NDArray[np.int8]]:
    """Alleles without any order, sites at one position, missing alleles: the worst that can come."""
    random = np.random.default_rng(seed)
    panel = (random.random((sites, size)) < random.random((sites, 1))).astype(np.uint8)
    rows = np.sort(random.choice(sites, min(typed, sites), replace=False)).astype(np.intp)
    alleles = random.integers(0, 2, (len(rows), targets)).astype(np.int8)
    alleles[random.random(alleles.shape) < 0.1] = -1
    steps = random.exponential(0.02, sites) + 0.005
    steps[random.random(sites) < 0.3] = 0
    first, last = np.sort(random.integers(0, sites + 1, 2)).tolist() if seed % 2 else (0, sites)
    model = Model(effective_size=1000.0, error=0.01)
    task = KernelTask(
        stretch_of(panel, np.arange(sites)), rows, np.cumsum(steps), model, int(first), int(last)
    )
    return task, alleles


def mosaics(random: np.random.Generator, founders: Alleles, many: int, switch: float) -> Alleles:
    """Haplotypes copied from founders [sites, F], with changes of the copied one and no errors."""
    sites, count = founders.shape
    copied = random.integers(0, count, (sites, many))
    stays = random.random((sites, many)) > switch
    for site in range(1, sites):
        copied[site, stays[site]] = copied[site - 1, stays[site]]
    return np.take_along_axis(founders, copied, axis=1)


def mosaic_task(
    seed: int, size: int, sites: int, every: int, targets: int
) -> tuple[KernelTask, NDArray[np.int8], Alleles]:
    """A panel as panels are, few founders and rare new alleles; and the targets' true alleles."""
    random = np.random.default_rng(seed)
    founders = (random.random((sites, 12)) < random.beta(0.3, 0.8, (sites, 1))).astype(np.uint8)
    everyone = mosaics(random, founders, size + targets, 0.01)
    rare = random.random(sites) < 0.4
    everyone[rare] = random.random((int(rare.sum()), size + targets)) < 2 / size
    rows = np.arange(every // 2, sites, every, dtype=np.intp)
    panel, truth = np.ascontiguousarray(everyone[:, :size]), everyone[:, size:]
    task = KernelTask(
        stretch_of(panel, np.arange(sites)), rows, np.linspace(0, sites * 2e-4, sites), Model(), 0, sites
    )
    return task, truth[rows].astype(np.int8), truth


def pieces_task(seed: int, size: int, sites: int, every: int) -> tuple[KernelTask, NDArray[np.int8]]:
    """A panel of mosaics, and three targets that are mosaics of it: the longer the panel, the more numbers
    that are nearly the same."""
    random = np.random.default_rng(seed)
    founders = (random.random((sites, 200)) < random.beta(0.3, 0.8, (sites, 1))).astype(np.uint8)
    panel = mosaics(random, founders, size, 0.01)
    targets = mosaics(random, panel[:, random.integers(0, size, 500)], 3, 0.005)
    rare = random.random(sites) < 0.4
    panel[rare] = random.random((int(rare.sum()), size)) < 2 / size
    rows = np.arange(every // 2, sites, every, dtype=np.intp)
    places = np.linspace(0, sites * 2e-4, sites)
    task = KernelTask(stretch_of(panel, np.arange(sites)), rows, places, Model(), 0, sites)
    return task, targets[rows].astype(np.int8)


def twins_task(seed: int, size: int, sites: int, every: int) -> tuple[KernelTask, NDArray[np.int8]]:
    """Copies of 300 haplotypes with a new allele here and there: rounding goes the same way each time."""
    random = np.random.default_rng(seed)
    founders = (random.random((sites, 12)) < random.beta(0.3, 0.8, (sites, 1))).astype(np.uint8)
    few = mosaics(random, founders, 303, 0.01)
    panel = few[:, np.arange(size) % 300] ^ (random.random((sites, size)) < 0.002).astype(np.uint8)
    rows = np.arange(every // 2, sites, every, dtype=np.intp)
    places = np.linspace(0, sites * 2e-4, sites)
    task = KernelTask(stretch_of(panel, np.arange(sites)), rows, places, Model(), 0, sites)
    return task, few[rows][:, 300:].astype(np.int8)


def random_task(seed: int, size: int, sites: int, every: int) -> tuple[KernelTask, NDArray[np.int8]]:
    """Random alleles: hardly two haplotypes between typed sites are the same."""
    random = np.random.default_rng(seed)
    panel = random.integers(0, 2, (sites, size)).astype(np.uint8)
    rows = np.arange(0, sites, every, dtype=np.intp)
    places = np.linspace(0, sites * 0.01, sites)
    task = KernelTask(stretch_of(panel, np.arange(sites)), rows, places, Model(), 0, sites)
    return task, panel[rows][:, [0, size // 2, size - 1]].astype(np.int8)
