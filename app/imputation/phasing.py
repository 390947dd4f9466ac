"""Phasing of unphased genotypes against a phased panel, in NumPy.

Both haplotypes of a person are Li-Stephens chains over the panel. A pass walks along the chromosome and at
each heterozygous genotype takes the likelier of the two ways to join what lies on its two sides, summed over
all panel haplotypes; passes go in both directions in turn. Homozygous genotypes alone give the start. Missing
genotypes are filled from the chains. (Drawing the way by chance in early passes gained nothing.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.model import Model
from app.imputation.li_stephens import Alleles, Chain, Floats, Task, moved

PEOPLE_AT_ONCE = 64
PASSES = 2  # after the start; more gained next to nothing on real and simulated data
_Columns = TypeVar("_Columns", Floats, Alleles)


def phase(
    panel: NDArray[np.int8] | NDArray[np.uint8],
    counts: Alleles,
    centimorgans: NDArray[np.float64],
    *,
    model: Model | None = None,
    passes: int = PASSES,
    progress: Callable[[float], None] | None = None,
) -> Alleles:
    """Phase genotypes: `counts` int8 [sites, people] of ALT alleles (-1 missing), at the panel's sites.

    `panel` is [sites, K] of 0 and 1. Gives int8 [sites, 2 * people], without missing alleles, the two
    haplotypes of a person side by side; their order means nothing.
    """
    phased = np.empty((len(counts), 2 * counts.shape[1]), dtype=np.int8)
    people = counts.shape[1]
    for start in range(0, people, PEOPLE_AT_ONCE):
        stop = min(start + PEOPLE_AT_ONCE, people)
        batch = _Batch(panel, counts[:, start:stop], centimorgans, model or Model())
        first, second = batch.run(passes)
        phased[:, 2 * start : 2 * stop : 2] = first
        phased[:, 2 * start + 1 : 2 * stop : 2] = second
        if progress is not None:
            progress(stop / people)
    return phased


class _Batch:
    """Some people at once. Chains of both haplotypes stand in one array: all first, then all second."""

    def __init__(
        self,
        panel: NDArray[np.int8] | NDArray[np.uint8],
        counts: Alleles,
        centimorgans: NDArray[np.float64],
        model: Model,
    ) -> None:
        self.panel = panel
        self.counts = counts
        self.centimorgans = centimorgans
        self.model = model
        self.people = counts.shape[1]

    def run(self, passes: int) -> tuple[Alleles, Alleles]:
        known = np.where(self.counts == 1, -1, self.counts // 2).astype(np.int8)
        known[self.counts < 0] = -1
        alleles = self._walk(np.concatenate([known, known], axis=1), start=True)
        for _ in range(passes):
            self._turn()
            alleles = self._walk(alleles[::-1])
        if passes % 2:
            alleles = alleles[::-1]
            self._turn()
        return alleles[:, : self.people], alleles[:, self.people :]

    def _turn(self) -> None:
        """Look along the chromosome the other way."""
        self.panel = self.panel[::-1]
        self.counts = self.counts[::-1]
        self.centimorgans = self.centimorgans[-1] - self.centimorgans[::-1]

    def _chain(self, targets: Alleles) -> Chain:
        every = np.arange(len(self.panel))
        return Chain(Task(self.panel, every, targets, self.centimorgans, self.model), targets)

    def _walk(self, old: Alleles, *, start: bool = False) -> Alleles:
        """One pass from the last site to the first; `old` has what the left side is believed to be.

        Missing genotypes stay unknown to the chains; they are filled in what is given back.
        """
        unknown = np.tile(self.counts < 0, 2)
        chain = self._chain(np.where(unknown, -1, old).astype(np.int8))
        new = old.copy()
        right, last = chain.end(), len(old) - 1
        crossed = np.zeros(self.people, dtype=bool)  # the left side changes places
        for at, left in chain.forward_rows():
            if at < last:
                right = moved(right, chain.switch[at])
            if start:
                self._place(chain, at, left * right, new)
            else:
                het = self.counts[at] == 1
                crossed[het] = self._crossing(left, right)[het]
                new[at] = self._exchanged(old[at], crossed)
            if unknown[at].any():
                self._fill(chain, at, self._exchanged(left, crossed) * right, new)
            chain.set_alleles(at, np.where(unknown[at], -1, new[at]).astype(np.int8))
            right = chain.emitted(at, right)
        return new

    def _place(self, chain: Chain, at: int, joint: Floats, new: Alleles) -> None:
        """Give the two alleles of a heterozygous genotype to the haplotypes that expect them more."""
        chance = chain.expected(at, joint)
        one, two = chance[: self.people], chance[self.people :]
        first = (one * (1 - two) >= two * (1 - one)).astype(np.int8)
        het = self.counts[at] == 1
        new[at, : self.people][het] = first[het]
        new[at, self.people :][het] = 1 - first[het]

    def _crossing(self, left: Floats, right: Floats) -> NDArray[np.bool_]:
        """For whom the left side of the first haplotype goes with the right side of the second."""
        n = self.people
        straight = _overlap(left[:, :n], right[:, :n]) * _overlap(left[:, n:], right[:, n:])
        crossed = _overlap(left[:, :n], right[:, n:]) * _overlap(left[:, n:], right[:, :n])
        return np.asarray(crossed > straight, dtype=bool)

    def _exchanged(self, columns: _Columns, crossed: NDArray[np.bool_]) -> _Columns:
        """The two halves of the last axis, exchanged for some people."""
        n = self.people
        order = np.arange(2 * n)
        order[:n][crossed] += n
        order[n:][crossed] -= n
        exchanged: _Columns = columns[..., order]
        return exchanged

    def _fill(self, chain: Chain, at: int, joint: Floats, new: Alleles) -> None:
        missing = np.tile(self.counts[at] < 0, 2)
        new[at, missing] = chain.expected(at, joint)[missing] > 0.5


def _overlap(left: Floats, right: Floats) -> NDArray[np.float64]:
    return np.asarray(np.einsum("kn,kn->n", left, right), dtype=np.float64)
