"""From the votes of many passes to one phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def filled(counts: NDArray[np.int8], panel: NDArray[np.int8] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The allele of homozygous genotypes, [sites, people]; 0 at others, the commoner one at missing ones."""
    common = panel.mean(axis=1) > 0.5
    alleles = np.where(counts < 0, common[:, None], counts == 2)
    return np.asarray(alleles, dtype=np.uint8)


def voted(
    haplotypes: NDArray[np.int8],
    counts: NDArray[np.int8],
    places: NDArray[np.int64],
    votes: NDArray[np.float32],
) -> NDArray[np.int8]:
    """Haplotypes [sites, 2 * people] with their heterozygous genotypes as most votes have them.

    `votes` are above 0 where a heterozygous genotype is the same way round as the next one; those of a person
    begin at `places`.
    What was filled in at missing genotypes goes with the heterozygous one before it.
    """
    decided = haplotypes.copy()
    for person in range(counts.shape[1]):
        hets = np.flatnonzero(counts[:, person] == 1)
        if len(hets) > 1:
            turns = votes[places[person] : places[person + 1] - 1] < 0
            first = np.concatenate([[0], np.cumsum(turns)]) % 2
            turned = first != haplotypes[hets, 2 * person]
            around = turned[np.maximum(np.searchsorted(hets, np.arange(len(counts)), "right") - 1, 0)]
            swap = np.flatnonzero(around & ((counts[:, person] == 1) | (counts[:, person] < 0)))
            decided[swap, 2 * person] = haplotypes[swap, 2 * person + 1]
            decided[swap, 2 * person + 1] = haplotypes[swap, 2 * person]
    return decided
